import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import {
  givesWrongKeys,
  parseJSON,
  parseLossless,
  reportWrongKeys,
} from "../../src/admission/json-runtime.ts";
import { decodeReview } from "../../src/admission/review.ts";
import { reviewOf } from "./deployment-review.ts";

/** A body whose object's `data` is this text, letter by letter. */
function bodyWith(data: string): Buffer {
  const review = JSON.stringify(reviewOf({ object: { apiVersion: "v1", kind: "ConfigMap", data: "DATA" } }));
  return Buffer.from(review.replace('"DATA"', () => data));
}

const dataOf = (body: Buffer, how: "value" | "lossless"): unknown =>
  (decodeReview(body).object![how]() as { data: unknown }).data;

describe("JSON.parse that gives wrong keys (nodejs/node#63785)", () => {
  for (const how of ["value", "lossless"] as const)
    it(`does not let one caller's review change the names in another's: ${how}`, () => {
      dataOf(bodyWith('{"h":[],"\\\\":0}'), how);
      expect(dataOf(bodyWith('{"h":1,"\\"":2}'), how)).to.deep.equal({ h: 1, '"': 2 });
    });

  it("nor longer names that begin alike", () => {
    dataOf(bodyWith('{"k":[],"a\\\\":0}'), "value");
    expect(dataOf(bodyWith('{"k":1,"a\\"":2}'), "value")).to.deep.equal({ k: 1, 'a"': 2 });
  });

  it("nor names at the top of the object, nor in options and oldObject", () => {
    const slots = (name: string): Buffer =>
      Buffer.from(
        JSON.stringify(reviewOf({ object: "SLOT", oldObject: "SLOT", options: "SLOT" })).replaceAll(
          '"SLOT"',
          () => `{"m":${name === "\\\\" ? "[]" : "1"},"${name}":2}`,
        ),
      );
    decodeReview(slots("\\\\")).object?.value();
    const second = decodeReview(slots('\\"'));
    for (const slot of [second.object, second.oldObject, second.options])
      expect(slot?.value()).to.deep.equal({ m: 1, '"': 2 });
  });

  it("nor the names a patch is read with", () => {
    parseLossless('{"p":[],"\\\\":0}');
    expect(parseLossless('{"p":1,"\\"":2}')).to.deep.equal({ p: 1, '"': 2 });
  });

  it("nor the names in the user's extra", () => {
    const body = (name: string, value: string): Buffer =>
      Buffer.from(
        JSON.stringify(reviewOf({ userInfo: { username: "jane", extra: "EXTRA" } })).replace(
          '"EXTRA"',
          () => `{"e":${value},"${name}":[]}`,
        ),
      );
    decodeReview(body("\\\\", "[]"));
    expect(decodeReview(body('\\"', '["x"]')).request.userInfo.extra).to.deep.equal({ e: ["x"], '"': [] });
  });

  it("is found by the probe where a parser has it, and only there", () => {
    const names: string[] = [];
    const faulty = (text: string): unknown => {
      const value = JSON.parse(text) as Record<string, unknown>;
      names.push(...Object.keys(value));
      return { [names[0]!]: 0, [names[1]!]: 0 };
    };
    expect(givesWrongKeys(faulty)).to.equal(true);
    expect(
      givesWrongKeys((text) => ({ "countersign.dev/probe": 0, [text.includes('\\"') ? '"' : "\\"]: 0 })),
    ).to.equal(false);
  });

  it("is reported once, and only where it is", () => {
    const seen: unknown[] = [];
    const listen = (message: unknown): unknown => seen.push(message);
    subscribe("countersign:runtime", listen);
    try {
      reportWrongKeys(false);
      expect(seen).to.deep.equal([]);
      reportWrongKeys(true);
      reportWrongKeys(true);
      expect(seen.length).to.be.at.most(1);
    } finally {
      unsubscribe("countersign:runtime", listen);
    }
  });

  it("changes nothing for texts without such names", () => {
    expect(parseJSON('{"a":"\\n"}', false)).to.deep.equal({ a: "\n" });
    expect(parseJSON('{"\\u0061":1}', true)).to.deep.equal({ a: 1 });
  });
});
