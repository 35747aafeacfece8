import { once } from "node:events";
import { expect } from "chai";
import fc from "fast-check";
import { Secret } from "../../src/secret.ts";
import { openWatch, UndecodableEvent, type WatchEvent } from "../../src/transport/watch-stream.ts";
import { rejectionOf } from "../rejection.ts";
import { until } from "../until.ts";
import {
  breaksOff,
  ends,
  event,
  item,
  refusal,
  type ScriptedCollection,
  type Step,
  says,
  startScriptedCollection,
} from "./scripted-collection.ts";

async function gather(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const gathered: WatchEvent[] = [];
  for await (const one of events) gathered.push(one);
  return gathered;
}

describe("openWatch", () => {
  let collection: ScriptedCollection;
  const closing = new AbortController();
  before(async () => {
    collection = await startScriptedCollection();
  });
  after(() => collection.close());

  const open = (more: object = {}) =>
    openWatch(collection.client, {
      path: "/apis/x",
      resourceVersion: "7",
      timeoutSeconds: 300,
      signal: closing.signal,
      ...more,
    });
  const read = async (more: object = {}): Promise<WatchEvent[]> => gather(await open(more));

  it("asks for changes after a version, with bookmarks and an end", async () => {
    let url = "";
    collection.watches.push((response, request) => {
      url = request.url ?? "";
      response.writeHead(200).end();
    });
    expect(await read()).to.deep.equal([]);
    expect(url).to.equal("/apis/x?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300");
  });

  it("gives the same events wherever the bytes were cut", async () => {
    const objects = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 6 });
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(objects, cuts, async (names, places) => {
        const events = names.map((name) => ({ type: "ADDED", object: item(name, "1") }));
        const bytes = Buffer.from(events.map((one) => `${JSON.stringify(one)}\n`).join(""));
        const stream = async function* () {
          let from = 0;
          for (const place of [...new Set(places), bytes.length].sort((a, b) => a - b)) {
            yield bytes.subarray(from, Math.min(place, bytes.length));
            from = Math.min(place, bytes.length);
          }
        };
        const watch = await openWatch(
          { stream: async () => stream() },
          { path: "/x", resourceVersion: "1", timeoutSeconds: 300, signal: closing.signal },
        );
        expect(await gather(watch)).to.deep.equal(events);
      }),
    );
  });

  it("gives an event when its line is there, and does not wait for the next", async () => {
    collection.watches.push(says(event("ADDED", item("a", "8"))));
    const events = (await open())[Symbol.asyncIterator]();
    expect((await events.next()).value).to.deep.equal({ type: "ADDED", object: item("a", "8") });
    await events.return?.();
  });

  it("drops what stands after the last line's end", async () => {
    collection.watches.push(ends(event("ADDED", item("a", "8")), '{"type":"ADD'));
    expect(await read()).to.have.lengthOf(1);
  });

  for (const [what, text] of [
    ["is not JSON", "s3cret\n"],
    ["is no event", '{"s3cret":1}\n'],
    ["is an event of a type that there is not", '{"type":"s3cret","object":{}}\n'],
  ] as const)
    it(`refuses a line that ${what}, without quoting it`, async () => {
      collection.watches.push(ends(text));
      const error = await rejectionOf(read());
      expect(error).to.be.instanceOf(UndecodableEvent).and.include({ code: "ERR_TRANSPORT" });
      expect(error.message + String(error.cause)).to.not.include("s3cret");
    });

  it("refuses a line that is too long, before it has been read", async () => {
    collection.watches.push(says("x".repeat(2_000)));
    const error = await rejectionOf(read({ maxLineBytes: 1_000 }));
    expect(error).to.be.instanceOf(UndecodableEvent);
    expect(error.message).to.match(/longer than 1000 bytes/);
  });

  it("gives up the connection of a watch that is not read any more", async () => {
    collection.watches.push(says(event("ADDED", item("a", "8"))));
    for await (const _ of await open()) break;
    await until(() => collection.openWatches() === 0);
  });

  it("says that a watch broke off", async () => {
    collection.watches.push(breaksOff(event("ADDED", item("a", "8")), '{"type":'));
    const error = await rejectionOf(read());
    expect(error).to.not.be.instanceOf(UndecodableEvent);
    expect(error).to.include({ code: "ERR_TRANSPORT" });
    expect(error.message).to.match(/broke off/);
  });

  it("throws ERR_API_STATUS for a watch that is refused", async () => {
    collection.watches.push(refusal(403, "Forbidden"));
    const error = await rejectionOf(read());
    expect(error).to.include({ code: "ERR_API_STATUS" });
    expect(error.message).to.match(/^GET https:.*\/apis\/x: Forbidden of a test \(403\)$/);
  });

  it("does not read a refusal that never ends", async () => {
    collection.watches.push((response) => {
      response.writeHead(500);
      const more = (): void => void (response.destroyed || response.write("x".repeat(10_000), more));
      more();
    });
    expect(await rejectionOf(read())).to.include({ code: "ERR_API_STATUS" });
    await until(() => collection.openWatches() === 0);
  });

  it("does not wait longer than it may for the answer to begin", async () => {
    collection.watches.push(() => undefined);
    expect(await rejectionOf(read({ timeoutMs: 50 }))).to.include({ code: "ERR_TRANSPORT_TIMEOUT" });
  });

  it("ends a watch that the server does not end in time", async () => {
    collection.watches.push(says());
    const error = await rejectionOf(read({ timeoutSeconds: 0, graceMs: 50 }));
    expect(error).to.include({ code: "ERR_TRANSPORT_TIMEOUT" });
  });

  it("ends with the caller's reason, before the answer and in the middle of it", async () => {
    for (const step of [() => undefined, says(event("ADDED", item("a", "8")))]) {
      collection.watches.push(step);
      const controller = new AbortController();
      const reason = new Error("enough");
      const outcome = read({ signal: controller.signal }).catch((error: unknown) => error);
      await until(() => collection.openWatches() === 1);
      controller.abort(reason);
      expect(await outcome).to.equal(reason);
      await until(() => collection.openWatches() === 0);
    }
  });

  it("presents a new token with every watch, and takes one back that was refused", async () => {
    const resets: number[] = [];
    let minted = 0;
    const token = {
      token: async () => ({
        token: new Secret(`t${++minted}`),
        requestedAt: 0,
        expiresAt: Number.MAX_SAFE_INTEGER,
      }),
      resetOlderThan: (instant: number) => void resets.push(instant),
    };
    const other = await startScriptedCollection({ token, clock: { now: () => 1_000, random: () => 0 } });
    const seen: (string | undefined)[] = [];
    const see =
      (answer: Step): Step =>
      (response, request) => {
        seen.push(request.headers.authorization);
        answer(response, request);
      };
    other.watches.push(see(ends()), see(refusal(401)));
    const ask = async () =>
      gather(
        await openWatch(other.client, {
          path: "/x",
          resourceVersion: "1",
          timeoutSeconds: 300,
          signal: closing.signal,
        }),
      );
    await ask();
    await rejectionOf(ask());
    expect(seen).to.deep.equal(["Bearer t1", "Bearer t2"]);
    expect(resets).to.deep.equal([1_000]);
    await other.close();
  });

  it("does not begin when it is over already", async () => {
    const before = collection.asked.length;
    const error = new Error("over");
    const outcome = await open({ signal: AbortSignal.abort(error) }).catch((reason: unknown) => reason);
    expect(outcome).to.equal(error);
    expect(collection.asked).to.have.lengthOf(before);
  });

  it("asks on a new connection when the kept one was closed meanwhile", async () => {
    const sockets: { destroy(): void }[] = [];
    for (let round = 0; round < 10; round++) {
      collection.watches.push((response, request) => {
        sockets.push(request.socket);
        response.writeHead(200).end();
      });
      await read();
      const socket = sockets.at(-1) as unknown as NodeJS.EventEmitter & { destroy(): void };
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    }
    expect(sockets).to.have.lengthOf(10);
  });
});
