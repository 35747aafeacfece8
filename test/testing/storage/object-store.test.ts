import { expect } from "chai";
import type { ApiObject } from "../../../src/testing/objects/api-object.ts";
import type { ResourceKind } from "../../../src/testing/objects/resource-kind.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";
import { createObjectStore, type ObjectStore } from "../../../src/testing/storage/object-store.ts";

const things: ResourceKind = {
  group: "evil.io",
  version: "v1",
  kind: "Thing",
  resource: "things",
  singular: "thing",
  namespaced: true,
};
const others: ResourceKind = { ...things, resource: "others", kind: "Other" };
const thing = (name: string, more: object = {}, namespace = "default"): ApiObject => ({
  apiVersion: "evil.io/v1",
  kind: "Thing",
  metadata: { name, namespace },
  ...more,
});
const codeOf = (act: () => unknown): number | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof StatusError ? error.status.code : -1;
  }
};
const names = (objects: readonly ApiObject[] | undefined): readonly string[] | undefined =>
  objects?.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe("the object store", () => {
  let store: ObjectStore;
  beforeEach(() => {
    store = createObjectStore({ historyCapacity: 5 });
  });

  it("gives every change of any kind a resource version of its own, in order", () => {
    const one = store.create(things, thing("one"));
    const other = store.create(others, thing("one"));
    const changed = store.replace(things, thing("one", { spec: 1 }), one.metadata.resourceVersion);
    const gone = store.remove(things, "default", "one");
    const versions = [one, other, changed, gone].map(({ metadata }) => Number(metadata.resourceVersion));
    expect(versions).to.deep.equal([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).to.equal(4);
    expect(store.revision()).to.equal(versions[3]);
  });

  it("keeps names apart by kind and namespace", () => {
    store.create(things, thing("one"));
    store.create(things, thing("one", {}, "elsewhere"));
    store.create(others, thing("one"));
    expect(codeOf(() => store.create(things, thing("one")))).to.equal(409);
    expect(names(store.list(things, ""))).to.deep.equal(["default/one", "elsewhere/one"]);
    expect(names(store.list(things, "elsewhere"))).to.deep.equal(["elsewhere/one"]);
  });

  it("replaces only what still has the version that was read", () => {
    const first = store.create(things, thing("one"));
    store.replace(things, thing("one", { spec: 1 }), first.metadata.resourceVersion);
    expect(codeOf(() => store.replace(things, thing("one"), first.metadata.resourceVersion))).to.equal(409);
    expect(store.get(things, "default", "one")).to.have.property("spec", 1);
  });

  it("answers 404 for what is not there, to read, replace and remove", () => {
    expect(store.get(things, "default", "none")).to.equal(undefined);
    expect(codeOf(() => store.require(things, "default", "none"))).to.equal(404);
    expect(codeOf(() => store.replace(things, thing("none"), "1"))).to.equal(404);
    expect(codeOf(() => store.remove(things, "default", "none"))).to.equal(404);
  });

  it("lists by name, and as it was at an earlier version", () => {
    const b = store.create(things, thing("b", { spec: "old" }));
    const then = store.revision();
    store.create(things, thing("a"));
    store.replace(things, thing("b", { spec: "new" }), b.metadata.resourceVersion);
    expect(names(store.list(things, ""))).to.deep.equal(["default/a", "default/b"]);
    expect(store.listAt(things, "", then)?.map(({ spec }) => spec)).to.deep.equal(["old"]);
    store.remove(things, "default", "b");
    expect(names(store.listAt(things, "", then))).to.deep.equal(["default/b"]);
    expect(names(store.listAt(things, "", store.revision()))).to.deep.equal(["default/a"]);
  });

  it("takes names that mean something to JavaScript for names", () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(store.get(things, "default", name)).to.equal(undefined);
      store.create(things, thing(name));
      expect(store.require(things, "default", name).metadata.name).to.equal(name);
    }
  });

  it("tells what came after a version, until it has forgotten", () => {
    const start = store.revision();
    for (const name of ["a", "b", "c"]) store.create(things, thing(name));
    expect(store.history.since(start)?.map(({ type, object }) => [type, object.metadata.name])).to.deep.equal(
      [
        ["ADDED", "a"],
        ["ADDED", "b"],
        ["ADDED", "c"],
      ],
    );
    for (const name of ["d", "e", "f"]) store.create(things, thing(name));
    expect(store.history.since(start), "one more than is remembered").to.equal(undefined);
    expect(store.history.since(start + 1)).to.have.length(5);
    expect(store.listAt(things, "", start)).to.equal(undefined);
  });

  it("forgets everything when told to, and goes on from there", () => {
    const start = store.revision();
    store.create(things, thing("a"));
    store.history.compact(store.revision());
    expect(store.history.since(start)).to.equal(undefined);
    expect(store.history.since(store.revision())).to.deep.equal([]);
  });

  it("tells listeners of each change with what was before, until they have had enough", () => {
    const seen: string[] = [];
    const stop = store.history.subscribe(({ type, object, previous }) => {
      seen.push(`${type} ${object.spec ?? "-"} ${previous?.spec ?? "-"}`);
    });
    const first = store.create(things, thing("a", { spec: 1 }));
    store.replace(things, thing("a", { spec: 2 }), first.metadata.resourceVersion);
    store.remove(things, "default", "a");
    stop();
    store.create(things, thing("b"));
    expect(seen).to.deep.equal(["ADDED 1 -", "MODIFIED 2 1", "DELETED 2 2"]);
  });
});
