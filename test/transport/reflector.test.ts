import { expect } from "chai";
import { diagnosticsChannel, type WatchMessage } from "../../src/diagnostics.ts";
import type { ListedObject } from "../../src/transport/list-pages.ts";
import { createReflector, type Reflector } from "../../src/transport/reflector.ts";
import { createRestClient } from "../../src/transport/rest-client.ts";
import { startTLSServer } from "../tls-server.ts";
import { until } from "../until.ts";
import {
  bookmark,
  breaksOff,
  ends,
  event,
  item,
  listOf,
  refusal,
  type ScriptedCollection,
  says,
  startScriptedCollection,
  statusOf,
} from "./scripted-collection.ts";

/** What is kept of an object: something that is one for each version. */
interface Kept {
  readonly name: string;
  readonly version: string | undefined;
}

const decode = ({ metadata }: ListedObject): Kept => {
  if (metadata.name === "unreadable") throw new Error("it cannot be understood");
  return { name: metadata.name, version: metadata.resourceVersion };
};

describe("reflector", () => {
  let collection: ScriptedCollection;
  let reflector: Reflector<Kept>;
  let changes = 0;
  let now = 0;
  let pauses: number[] = [];
  let messages: WatchMessage[] = [];
  const onMessage = (message: unknown): void => void messages.push(message as WatchMessage);
  const channel = diagnosticsChannel("countersign:watch");
  /** Set to hold the reflector before its next attempt. */
  let held = false;
  beforeEach(async () => {
    channel.subscribe(onMessage);
    collection = await startScriptedCollection();
    [changes, now, pauses, messages, held] = [0, 0, [], [], false];
  });
  afterEach(async () => {
    channel.unsubscribe(onMessage);
    reflector.close();
    await collection.close();
  });

  function start(client = collection.client): void {
    reflector = createReflector({
      client,
      path: "/apis/example.com/v1/things",
      resource: "things",
      decode,
      onChange: () => void changes++,
      clock: { now: () => now, random: () => 0 },
      async pause(ms, signal) {
        pauses.push(ms);
        await until(() => !held || signal.aborted);
      },
    });
  }
  const shown = (): string =>
    (reflector.values ?? []).map(({ name, version }) => `${name}@${version}`).join(" ");
  const outcomes = (): string => messages.map(({ outcome }) => outcome).join(" ");

  it("lists, then watches from the list's version", async () => {
    collection.lists = [listOf("5", item("a", "1"), item("b", "2"))];
    start();
    expect(reflector.values).to.equal(undefined);
    await until(() => collection.openWatches() === 1);
    expect(shown()).to.equal("a@1 b@2");
    expect(collection.asked).to.deep.equal(["list", "watch 5"]);
    await until(() => outcomes() === "listed watching");
    expect(messages[0]).to.include({ server: collection.client.server, resource: "things", objects: 2 });
    expect(changes).to.equal(1);
  });

  it("asks for one object alone where it is named, in lists and watches", async () => {
    const queries: string[] = [];
    const asking = <T extends { readonly query?: Readonly<Record<string, string>> }>(request: T): T => {
      queries.push(request.query?.fieldSelector ?? "all");
      return request;
    };
    const { client } = collection;
    reflector = createReflector({
      client: {
        server: client.server,
        request: (request) => client.request(asking(request)),
        stream: (request) => client.stream(asking(request)),
      },
      path: "/apis/example.com/v1/things",
      resource: "things",
      name: "mine",
      decode,
      onChange: () => void changes++,
    });
    await until(() => collection.openWatches() === 1);
    expect(queries).to.deep.equal(["metadata.name=mine", "metadata.name=mine"]);
  });

  it("shows an empty collection as one", async () => {
    start();
    await until(() => changes === 1);
    expect(reflector.values).to.deep.equal([]);
  });

  it("shows what was added, changed and deleted", async () => {
    collection.lists = [listOf("5", item("a", "1"), item("b", "2"))];
    const lines = [
      event("ADDED", item("c", "6")),
      event("MODIFIED", item("a", "7")),
      event("DELETED", item("b", "8")),
    ];
    collection.watches = [says(...lines)];
    start();
    await until(() => changes === 4);
    expect(shown()).to.equal("a@7 c@6");
  });

  it("keeps an unchanged object's value through other changes and through a new list", async () => {
    collection.lists = [
      listOf("5", item("a", "1"), item("b", "2")),
      listOf("9", item("a", "1"), item("b", "9")),
    ];
    collection.watches = [says(event("ADDED", item("c", "6")), event("ERROR", statusOf(410, "Expired")))];
    held = true;
    start();
    await until(() => pauses.length === 1);
    const [a] = reflector.values!;
    held = false;
    await until(() => shown() === "a@1 b@9");
    expect(reflector.values![0]).to.equal(a);
  });

  it("is not moved by a list or an event that says nothing new", async () => {
    collection.lists = [listOf("5", item("a", "1")), listOf("9", item("a", "1"))];
    collection.watches = [says(event("MODIFIED", item("a", "1")), event("ERROR", statusOf(410, "Expired")))];
    start();
    await until(() => collection.asked.includes("watch 9"));
    const { values } = reflector;
    expect(changes).to.equal(1);
    expect(reflector.values).to.equal(values);
  });

  it("takes an object that was deleted and created again under its version for another one", async () => {
    collection.lists = [listOf("5", item("a", "1", "old")), listOf("9", item("a", "1", "new"))];
    collection.watches = [ends(event("ERROR", statusOf(410, "Expired")))];
    start();
    await until(() => changes === 2);
  });

  it("goes on from the last event or bookmark, however the watch ended", async () => {
    for (const end of [ends, breaksOff]) {
      collection.asked.length = 0;
      collection.lists = [listOf("5")];
      collection.watches = [end(event("ADDED", item("a", "6")), bookmark("8"), '{"type":"ADD')];
      start();
      await until(() => collection.asked.length === 3);
      expect(collection.asked).to.deep.equal(["list", "watch 5", "watch 8"]);
      expect(shown()).to.equal("a@6");
      reflector.close();
    }
  });

  it("lists at once when its version is forgotten, in the stream or before it", async () => {
    for (const forgotten of [refusal(410, "Expired"), ends(event("ERROR", statusOf(410, "Expired")))]) {
      collection.asked.length = 0;
      pauses = [];
      collection.lists = [listOf("5", item("a", "1")), listOf("9", item("b", "9"))];
      // the first watch gives a version to go on from
      collection.watches = [ends(bookmark("6")), forgotten];
      start();
      await until(() => collection.asked.includes("watch 9"));
      expect(collection.asked).to.deep.equal(["list", "watch 5", "watch 6", "list", "watch 9"]);
      expect(shown()).to.equal("b@9");
      expect(pauses).to.have.lengthOf(1);
      reflector.close();
    }
  });

  it("pauses when even a new list's version is forgotten", async () => {
    collection.watches = [refusal(410), refusal(410), refusal(410)];
    start();
    await until(() => collection.openWatches() === 1 && pauses.length === 3);
    expect(pauses).to.deep.equal([800, 1600, 3200]);
  });

  for (const [what, step] of [
    ["a line that is none", ends("<html>\n")],
    ["an error that is not of its version", ends(event("ERROR", statusOf(500, "InternalError")))],
    ["an object without a name", ends(event("ADDED", { metadata: { resourceVersion: "6" } }))],
    ["an event without a version", ends(event("ADDED", { metadata: { name: "a" } }))],
    ["an event without an object", ends(event("ADDED", null))],
    ["an object that cannot be understood", ends(event("ADDED", item("unreadable", "6")))],
    ["a refusal", refusal(403, "Forbidden")],
  ] as const)
    it(`lists anew, after a pause, when a watch answers with ${what}`, async () => {
      collection.lists = [listOf("5", item("a", "1")), listOf("9", item("a", "9"))];
      collection.watches = [step];
      start();
      await until(() => collection.asked.includes("watch 9"));
      expect(collection.asked).to.deep.equal(["list", "watch 5", "list", "watch 9"]);
      expect(pauses).to.deep.equal([800]);
      await until(
        () => outcomes() === "listed failed listed watching" || outcomes().endsWith("failed listed watching"),
      );
      expect(shown()).to.equal("a@9");
    });

  it("keeps what it has while the API server has too much to do, and lists nothing", async () => {
    collection.watches = [refusal(429, "TooManyRequests"), refusal(429, "TooManyRequests")];
    start();
    await until(() => collection.openWatches() === 1 && pauses.length === 2);
    expect(collection.asked).to.deep.equal(["list", "watch 1", "watch 1", "watch 1"]);
  });

  it("keeps the last good list while lists fail, and says why", async () => {
    collection.lists = [listOf("5", item("a", "1")), refusal(500, "InternalError")];
    collection.watches = [refusal(410)];
    start();
    await until(() => pauses.length >= 3);
    expect(shown()).to.equal("a@1");
    expect(reflector.failure).to.include({ code: "ERR_API_STATUS" });
    const failed = messages.filter(({ outcome }) => outcome === "failed");
    expect(failed.at(-1)).to.include({ code: "ERR_API_STATUS" });
    expect(failed.at(-1)?.detail).to.match(/InternalError of a test \(500\)/);
    collection.lists = [listOf("9", item("b", "9"))];
    await until(() => shown() === "b@9");
    await until(() => reflector.failure === undefined);
  });

  it("waits twice as long after every failure, and never more than 30 s", async () => {
    collection.lists = [refusal(500)];
    start();
    await until(() => pauses.length === 8);
    expect(pauses.slice(0, 8)).to.deep.equal([800, 1600, 3200, 6400, 12_800, 15_000, 15_000, 15_000]);
  });

  it("waits briefly again after an event, and after a watch that lived", async () => {
    collection.lists = [refusal(500), refusal(500), listOf("5")];
    collection.watches = [
      breaksOff(bookmark("6")),
      (response) => {
        now += 5_000;
        response.writeHead(200).flushHeaders();
        setImmediate(() => response.destroy());
      },
    ];
    start();
    await until(() => collection.openWatches() === 1 && pauses.length >= 3);
    expect(pauses.slice(0, 3)).to.deep.equal([800, 1600, 800]);
  });

  it("goes on at once after a watch that ended when it was to", async () => {
    collection.watches = [
      (response) => {
        response.writeHead(200).flushHeaders();
        void until(() => outcomes() === "listed watching").then(() => {
          now += 5_000;
          response.end();
        });
      },
    ];
    start();
    await until(() => collection.asked.length === 3);
    expect(pauses).to.deep.equal([]);
  });

  it("never asks again without a pause when watches end as they begin", async () => {
    collection.watches = Array.from({ length: 20 }, () => ends());
    start();
    await until(() => collection.openWatches() === 1 && collection.watches.length === 0);
    expect(pauses).to.have.lengthOf(20);
    expect(new Set(collection.asked)).to.deep.equal(new Set(["list", "watch 1"]));
  });

  it("waits for an API server that is not there yet, and comes back to one that went away", async () => {
    const gone = await startTLSServer(() => undefined);
    await gone.close();
    const client = createRestClient({ server: gone.url, ca: gone.ca });
    start(client);
    await until(() => pauses.length >= 2);
    expect(reflector.values).to.equal(undefined);
    expect(reflector.failure).to.include({ code: "ERR_TRANSPORT" });
    const back = await startScriptedCollection({}, gone.port);
    back.lists = [listOf("5", item("a", "1"))];
    await until(() => shown() === "a@1" && back.openWatches() === 1);
    await back.close();
    await until(() => messages.at(-1)?.outcome === "failed");
    expect(shown()).to.equal("a@1");
    const again = await startScriptedCollection({}, gone.port);
    again.watches = [says(event("MODIFIED", item("a", "6")))];
    await until(() => shown() === "a@6");
    expect(again.asked).to.deep.equal(["watch 5"]);
    reflector.close();
    client.close();
    await again.close();
  });

  it("asks nothing more once it is closed, watching, pausing or listing", async () => {
    const states: readonly (() => Promise<void>)[] = [
      () => until(() => collection.openWatches() === 1),
      async () => {
        held = true;
        collection.lists = [refusal(500)];
        await until(() => pauses.length === 1);
      },
      async () => {
        collection.lists = [() => undefined];
        await until(() => collection.asked.length === 1);
      },
    ];
    for (const reachState of states) {
      collection.asked.length = 0;
      pauses = [];
      start();
      await reachState();
      const asked = collection.asked.length;
      reflector.close();
      held = false;
      await until(() => collection.openWatches() === 0);
      collection.lists = [listOf("1")];
      // whoever would go on, would do it now
      await collection.client.request({ path: "/" }).catch(() => undefined);
      expect(collection.asked.slice(asked, asked + 1)).to.deep.equal(["list"]);
      expect(collection.asked).to.have.lengthOf(asked + 1);
    }
  });
});
