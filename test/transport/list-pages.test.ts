import { expect } from "chai";
import { Secret } from "../../src/secret.ts";
import { startControlPlane } from "../../src/testing/control-plane.ts";
import { listPages } from "../../src/transport/list-pages.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON } from "../tls-server.ts";
import {
  item,
  listOf,
  refusal,
  type ScriptedCollection,
  startScriptedCollection,
} from "./scripted-collection.ts";

describe("listPages", () => {
  it("reads a collection of an API server's to its end, whatever its size", async () => {
    const controlPlane = await startControlPlane();
    const token = {
      token: new Secret(controlPlane.adminToken),
      requestedAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
    const client = createRestClient({
      server: controlPlane.url,
      ca: controlPlane.caPem,
      token: { token: async () => token },
    });
    const path = "/api/v1/namespaces/default/serviceaccounts";
    const names = Array.from({ length: 250 }, (_, index) => `s${1000 + index}`);
    for (const name of names) await client.request({ path, body: { metadata: { name } } });
    const before = controlPlane.statistics().calls;
    const { items, resourceVersion } = await listPages(client, path);
    expect(items.map(({ metadata }) => metadata.name)).to.include.ordered.members(["default", ...names]);
    expect(items).to.have.lengthOf(251);
    expect(resourceVersion).to.match(/^\d+$/);
    expect(controlPlane.statistics().calls - before).to.equal(3);
    client.close();
    await controlPlane.stop();
  });

  describe("of a server that answers as it likes", () => {
    let collection: ScriptedCollection;
    let client: RestClient;
    before(async () => {
      collection = await startScriptedCollection();
      client = collection.client;
    });
    after(() => collection.close());
    beforeEach(() => {
      collection.asked.length = 0;
    });
    const page =
      (name: string): ReturnType<typeof listOf> =>
      (response) =>
        answerJSON(response, 200, {
          metadata: { resourceVersion: "5", continue: "more" },
          items: [item(name, "1")],
        });

    it("begins again, all at once, when a page's version is forgotten", async () => {
      collection.lists = [page("a"), refusal(410, "Expired"), listOf("9", item("a", "1"), item("b", "2"))];
      const { items, resourceVersion } = await listPages(client, "/x");
      expect(items.map(({ metadata }) => metadata.name)).to.deep.equal(["a", "b"]);
      expect(resourceVersion).to.equal("9");
      expect(collection.asked).to.deep.equal(["list", "list more", "list"]);
    });

    it("gives no part of a list that could not be read to its end", async () => {
      collection.lists = [page("a"), refusal(500)];
      expect(await rejectionOf(listPages(client, "/x"))).to.include({ code: "ERR_API_STATUS" });
    });

    it("takes a list that is null for an empty one", async () => {
      collection.lists = [
        (response) => answerJSON(response, 200, { metadata: { resourceVersion: "5" }, items: null }),
      ];
      expect(await listPages(client, "/x")).to.deep.include({ items: [] });
    });

    for (const [what, body] of [
      ["a text", "hello"],
      ["nothing", null],
      ["an object without a version", { items: [] }],
      ["a list of what has no name", { metadata: { resourceVersion: "5" }, items: [{}] }],
      ["a list that goes on nowhere", { metadata: { resourceVersion: "5", continue: 7 }, items: [] }],
    ] as const)
      it(`refuses ${what}`, async () => {
        collection.lists = [(response) => answerJSON(response, 200, body)];
        const error = await rejectionOf(listPages(client, "/x"));
        expect(error).to.include({ code: "ERR_TRANSPORT" });
        expect(error.message).to.match(/\/x: the answer is not a list$/);
      });
  });
});
