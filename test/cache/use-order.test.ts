import { expect } from "chai";
import fc from "fast-check";
import { createUseOrder, type Place } from "../../src/cache/use-order.ts";

describe("use order", () => {
  it("has no first key where there is none", () => {
    expect([createUseOrder().first(), createUseOrder().size]).to.deep.equal([undefined, 0]);
  });

  it("is the order of a list, whatever is added, used and removed", () => {
    const act = fc.record({
      kind: fc.constantFrom("add", "use", "remove", "clear"),
      key: fc.constantFrom("a", "b", "c", "d", "e"),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const order = createUseOrder();
        const places = new Map<string, Place>();
        let list: string[] = [];
        for (const { kind, key } of acts) {
          const place = places.get(key);
          if (kind === "clear") {
            order.clear();
            places.clear();
            list = [];
          } else if (place === undefined) {
            if (kind !== "add") continue;
            places.set(key, order.add(key));
            list.push(key);
          } else {
            list = list.filter((one) => one !== key);
            if (kind === "remove") {
              order.remove(place);
              places.delete(key);
            } else {
              order.use(place);
              list.push(key);
            }
          }
          expect([order.first(), order.size]).to.deep.equal([list[0], list.length]);
        }
        for (const key of list) {
          expect(order.first()).to.equal(key);
          order.remove(places.get(key)!);
        }
        expect([order.first(), order.size]).to.deep.equal([undefined, 0]);
      }),
    );
  });
});
