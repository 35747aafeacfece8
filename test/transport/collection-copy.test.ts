import { expect } from "chai";
import fc from "fast-check";
import { type CollectionCopy, createCollectionCopy } from "../../src/transport/collection-copy.ts";
import type { ListedObject } from "../../src/transport/list-pages.ts";
import { UndecodableEvent } from "../../src/transport/watch-stream.ts";

const objectOf = (name: string, resourceVersion?: string, uid?: string): ListedObject => ({
  metadata: { name, ...(resourceVersion && { resourceVersion }), ...(uid && { uid }) },
});

describe("collection copy", () => {
  let copy: CollectionCopy<ListedObject>;
  let changes: number;
  beforeEach(() => {
    changes = 0;
    copy = createCollectionCopy({
      path: "/things",
      decode(object) {
        if (object.metadata.name === "bad") throw new Error("it is bad");
        return object;
      },
      onChange: () => void changes++,
    });
  });

  it("is nothing before the first list, which is a change even where it is empty", () => {
    expect(copy.values).to.equal(undefined);
    copy.replace([]);
    expect({ values: copy.values, changes }).to.deep.equal({ values: [], changes: 1 });
  });

  it("holds what a map would, whatever is said, and tells of what changed alone", () => {
    const name = fc.constantFrom("a", "b", "c");
    const one = fc.record({ name, version: fc.constantFrom("1", "2"), uid: fc.constantFrom("x", "y") });
    const step = fc.oneof(
      fc.record({ set: one }),
      fc.record({ delete: name }),
      fc.record({ replace: fc.uniqueArray(one, { selector: (entry) => entry.name }) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        copy.replace([]);
        const model = new Map<string, string>();
        for (const said of steps) {
          const [before, told] = [[...model].sort().join(), changes];
          if ("set" in said) model.set(said.set.name, `${said.set.version}${said.set.uid}`);
          else if ("delete" in said) model.delete(said.delete);
          else {
            model.clear();
            for (const entry of said.replace) model.set(entry.name, `${entry.version}${entry.uid}`);
          }
          if ("set" in said) copy.set(objectOf(said.set.name, said.set.version, said.set.uid));
          else if ("delete" in said) copy.delete(objectOf(said.delete));
          else copy.replace(said.replace.map((entry) => objectOf(entry.name, entry.version, entry.uid)));
          const shown = copy.values!.map(({ metadata }) => [
            metadata.name,
            `${metadata.resourceVersion}${metadata.uid}`,
          ]);
          expect(shown.sort().join()).to.equal([...model].sort().join());
          expect(changes - told).to.equal(before === [...model].sort().join() ? 0 : 1);
        }
        copy.replace([]);
      }),
    );
  });

  it("keeps an object's value while its uid and version are the same", () => {
    const [first, same] = [objectOf("a", "1", "x"), objectOf("a", "1", "x")];
    copy.set(first);
    copy.replace([same]);
    copy.set(same);
    expect(copy.values?.[0]).to.equal(first);
    for (const other of [objectOf("a", "2", "x"), objectOf("a", "1", "y"), objectOf("a", "1")]) {
      copy.set(other);
      expect(copy.values?.[0]).to.equal(other);
    }
  });

  it("changes nothing for an object that cannot be understood", () => {
    copy.replace([objectOf("a", "1", "x")]);
    const { values } = copy;
    for (const say of [() => copy.set(objectOf("bad")), () => copy.replace([objectOf("b"), objectOf("bad")])])
      expect(say).to.throw(UndecodableEvent, "watch of /things: it is bad");
    expect(copy.values).to.equal(values);
    expect(changes).to.equal(1);
  });
});
