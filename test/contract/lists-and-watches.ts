import { expect } from "chai";
import type { Watch, WatchEvent } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import { createNamespace, expectFailure, object, paths, type StoredObject } from "./objects.ts";
import type { Contract } from "./target.ts";

interface List {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly StoredObject[];
}

interface Table {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string };
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: unknown }[];
}

const bookmark = ({ type }: WatchEvent): boolean => type === "BOOKMARK";
const objectOf = ({ object: stored }: WatchEvent) => stored as StoredObject & { readonly data?: unknown };
const namesOf = (events: readonly WatchEvent[]) =>
  events.map((event) => `${event.type} ${objectOf(event).metadata.name}`);

/** kubernetes/apiserver pkg/endpoints/handlers/watch.go, and the streaming lists of KEP-3157. */
export function describeListsAndWatches(contract: Contract): void {
  const { check, admin, target, unique } = contract;
  let path: string;
  const create = async (name = unique("watched"), data: object = {}) =>
    object(await admin().post(path, { metadata: { name }, data }));
  const list = async (query = "") => object<List>(await admin().get(`${path}${query}`), 200);
  const watching = async (query: string, run: (watch: Watch) => Promise<void>): Promise<void> => {
    const watch = await admin().watch(`${path}?watch=true${query}`);
    try {
      await run(watch);
    } finally {
      watch.close();
    }
  };
  const seen = ({ events }: Watch, count: number) =>
    poll(`${count} events`, () => {
      const objects = events.filter((event) => !bookmark(event));
      return objects.length >= count ? objects : undefined;
    });

  describe("lists and watches", () => {
    beforeEach(async () => {
      path = `${paths.namespaces}/${await createNamespace(contract)}/configmaps`;
    });

    check(
      "a list has its kind and a resourceVersion, its items have neither kind nor apiVersion",
      async () => {
        const { metadata } = await create();
        const { kind, apiVersion, metadata: listMetadata, items } = await list();
        expect({ kind, apiVersion }).to.deep.equal({ kind: "ConfigMapList", apiVersion: "v1" });
        expect(listMetadata.resourceVersion).to.match(/^[1-9][0-9]*$/);
        expect(items.map((item) => item.metadata.name)).to.deep.equal([metadata.name]);
        expect(items[0]).to.not.have.any.keys("kind", "apiVersion");
      },
    );

    check("a list is sorted by name and comes in pages of `limit`", async () => {
      for (const name of ["c", "a", "b"]) await create(name);
      const first = await list("?limit=2");
      expect(first.items.map(({ metadata }) => metadata.name)).to.deep.equal(["a", "b"]);
      const second = await list(`?limit=2&continue=${encodeURIComponent(first.metadata.continue ?? "")}`);
      expect(second.items.map(({ metadata }) => metadata.name)).to.deep.equal(["c"]);
      expect(second.metadata.continue).to.be.oneOf([undefined, ""]);
    });

    check("a watch from a list's resourceVersion tells what happened after it, in order", async () => {
      await create("before");
      const { metadata } = await list();
      const added = await create("one", { v: "1" });
      object(await admin().put(`${path}/one`, { ...added, data: { v: "2" } }), 200);
      object(await admin().delete(`${path}/one`), 200);
      await watching(`&resourceVersion=${metadata.resourceVersion}`, async (watch) => {
        const events = await seen(watch, 3);
        expect(namesOf(events)).to.deep.equal(["ADDED one", "MODIFIED one", "DELETED one"]);
        expect(events.map((event) => objectOf(event).data)).to.deep.equal([
          { v: "1" },
          { v: "2" },
          { v: "2" },
        ]);
        expect(objectOf(events[0]!)).to.include({ kind: "ConfigMap", apiVersion: "v1" });
        const versions = events.map((event) => BigInt(objectOf(event).metadata.resourceVersion));
        expect(versions).to.deep.equal([...versions].sort((a, b) => (a < b ? -1 : 1)));
        expect(new Set(versions).size).to.equal(3);
      });
    });

    check("a watch without a resourceVersion begins with what is there", async () => {
      await create("one");
      await watching("", async (watch) => {
        expect(namesOf(await seen(watch, 1))).to.deep.equal(["ADDED one"]);
        await create("two");
        expect(namesOf(await seen(watch, 2))).to.deep.equal(["ADDED one", "ADDED two"]);
      });
    });

    check("sendInitialEvents ends what is there with a bookmark that says so", async () => {
      await create("one");
      await create("two");
      await watching(
        "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
        async (watch) => {
          const end = await poll("the bookmark", () => watch.events.find(bookmark));
          const annotations = (end.object as { metadata: { annotations: unknown } }).metadata.annotations;
          expect(annotations).to.deep.equal({ "k8s.io/initial-events-end": "true" });
          expect(objectOf(end)).to.include({ kind: "ConfigMap", apiVersion: "v1" });
          const initial = watch.events.slice(0, watch.events.indexOf(end));
          expect(namesOf(initial)).to.have.members(["ADDED one", "ADDED two"]);
          await create("three");
          expect(namesOf((await seen(watch, 3)).slice(2))).to.deep.equal(["ADDED three"]);
        },
      );
    });

    check("sendInitialEvents without resourceVersionMatch is refused", async () => {
      const answer = await admin().get(`${path}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true`);
      expect(answer.status, answer.text).to.equal(422);
      expect(answer.body).to.containSubset({
        reason: "Invalid",
        details: {
          kind: "ListOptions",
          causes: [{ field: "resourceVersionMatch", reason: "FieldValueForbidden" }],
        },
      });
    });

    check("a watch by field selector sees one object", async () => {
      await create("one");
      await watching("&fieldSelector=metadata.name%3Dtwo", async (watch) => {
        await create("two");
        expect(namesOf(await seen(watch, 1))).to.deep.equal(["ADDED two"]);
      });
    });

    check(
      "a watch by label tells an object that loses the label as deleted, one that gains it as added",
      async () => {
        const labelled = async (name: string, value: string | null) =>
          object(
            await admin().patch(`${path}/${name}`, "application/merge-patch+json", {
              metadata: { labels: { pick: value } },
            }),
            200,
          );
        await create("one");
        const { metadata } = await list();
        await watching(`&labelSelector=pick&resourceVersion=${metadata.resourceVersion}`, async (watch) => {
          await labelled("one", "yes");
          await labelled("one", null);
          expect(namesOf(await seen(watch, 2))).to.deep.equal(["ADDED one", "DELETED one"]);
        });
      },
    );

    check("a watch ends after timeoutSeconds", async () => {
      await watching("&timeoutSeconds=1", async (watch) => {
        expect(watch.status).to.equal(200);
        await poll("the end of the watch", () => (watch.ended ? true : undefined), { timeoutMs: 15_000 });
      });
    });

    check("a watch from before what the server remembers is told 410", async () => {
      const { metadata } = await list();
      const created = await create("one");
      await target().forgetHistory();
      await watching(`&resourceVersion=${metadata.resourceVersion}`, async (watch) => {
        const { object: error } = await poll("the error", () =>
          watch.events.find(({ type }) => type === "ERROR"),
        );
        const now = /^too old resource version: (\d+) \((\d+)\)$/.exec(
          (error as { message: string }).message,
        );
        expect(now?.[1], JSON.stringify(error)).to.equal(metadata.resourceVersion);
        expect(BigInt(now![2]!) >= BigInt(created.metadata.resourceVersion)).to.equal(true);
        expect(error).to.deep.equal({
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Failure",
          message: now![0],
          reason: "Expired",
          code: 410,
        });
        await poll("the end of the watch", () => (watch.ended ? true : undefined));
      });
      expect((await list()).items.map((item) => item.metadata.name)).to.deep.equal(["one"]);
    });

    check("a list at a resourceVersion of the future is told to wait", async () => {
      const answer = await admin().get(`${path}?resourceVersion=999999999&resourceVersionMatch=NotOlderThan`);
      expect(answer.status, answer.text).to.equal(504);
      expect(answer.body).to.containSubset({
        kind: "Status",
        reason: "Timeout",
        details: { causes: [{ reason: "ResourceVersionTooLarge" }] },
      });
    });

    check("a list at a resourceVersion that is no number is a bad request", async () => {
      const message =
        'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax';
      expectFailure(await admin().get(`${path}?resourceVersion=abc`), {
        code: 400,
        reason: "BadRequest",
        message,
      });
    });

    check("a list as a Table has one row for each object", async () => {
      await create("one", { k: "v" });
      const answer = await admin().get(path, {
        accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
      });
      const table = object<Table>(answer, 200);
      expect(table).to.include({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
      expect(table.metadata.resourceVersion).to.match(/^[1-9][0-9]*$/);
      expect(table.columnDefinitions.map(({ name }) => name)).to.deep.equal(["Name", "Data", "Age"]);
      expect(table.rows.map(({ cells }) => cells.slice(0, 2))).to.deep.equal([["one", 1]]);
      expect(table.rows[0]!.object).to.containSubset({
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: { name: "one" },
      });
    });

    check("webhook configurations can be watched as everything else", async () => {
      const { metadata } = object<List>(await admin().get(paths.validating), 200);
      const watch = await admin().watch(
        `${paths.validating}?watch=true&resourceVersion=${metadata.resourceVersion}`,
      );
      const name = unique("watched");
      try {
        object(await admin().post(paths.validating, { metadata: { name }, webhooks: [] }));
        expect(namesOf(await seen(watch, 1))).to.deep.equal([`ADDED ${name}`]);
      } finally {
        watch.close();
      }
    });
  });
}
