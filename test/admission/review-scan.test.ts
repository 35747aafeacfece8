import { expect } from "chai";
import { identityPrefixBytes, scanReviewIdentity } from "../../src/admission/review-scan.ts";
import { bodyOf, request, reviewOf } from "./deployment-review.ts";

const scan = (text: string): unknown => scanReviewIdentity(Buffer.from(text));
const v1 = "admission.k8s.io/v1";

describe("scanReviewIdentity", () => {
  it("finds what an answer needs, in a review and in its first 200 bytes", () => {
    const expected = { apiVersion: v1, uid: request.uid };
    expect(scanReviewIdentity(bodyOf(reviewOf()))).to.deep.equal(expected);
    expect(scanReviewIdentity(bodyOf(reviewOf()).subarray(0, 200))).to.deep.equal(expected);
  });

  it("finds it wherever it stands", () => {
    const object = { a: [{ b: '}]\\"' }], uid: "object's" };
    expect(
      scan(JSON.stringify({ request: { object, userInfo: { uid: "user's" }, uid: "its" }, apiVersion: v1 })),
    ).to.deep.equal({
      apiVersion: v1,
      uid: "its",
    });
  });

  it("is not fooled by a uid or an apiVersion of something else", () => {
    const nested = { uid: "wrong", request: { uid: "wrong" }, apiVersion: "admission.k8s.io/v1beta1" };
    expect(
      scan(
        JSON.stringify({
          ...nested,
          uid: "wrong",
          apiVersion: undefined,
          request: { object: nested, options: nested },
        }),
      ),
    ).to.deep.equal({});
    expect(
      scan('{"x":"{\\"request\\":{\\"uid\\":\\"wrong\\"}}","request":{"name":"\\"uid\\":\\"wrong\\""}}'),
    ).to.deep.equal({});
    expect(scan(JSON.stringify({ response: { uid: "wrong" } }))).to.deep.equal({});
    expect(scan(JSON.stringify([{ request: { uid: "wrong" } }]))).to.deep.equal({});
  });

  it("gives what stands before the place where the text goes wrong", () => {
    expect(scan(`{"apiVersion":"${v1}","request":{"uid":"a","kind":nonsense`)).to.deep.equal({
      apiVersion: v1,
      uid: "a",
    });
    expect(scan('{"request":{"uid":"a","object":{')).to.deep.equal({ uid: "a" });
    expect(scan(`{"apiVersion":"${v1}",`)).to.deep.equal({ apiVersion: v1 });
  });

  it("gives no part of a uid that is cut off", () => {
    expect(scan('{"request":{"uid":"0df28fbd')).to.deep.equal({});
    expect(scan('{"request":{"uid":"0df28fbd\\')).to.deep.equal({});
  });

  it("decodes escapes, and takes nothing that is no string, is empty or is not UTF-8", () => {
    expect(scan('{"request":{"uid":"\\u0061\\"b"}}')).to.deep.equal({ uid: 'a"b' });
    for (const uid of ["1", "null", '""', "{}", '["a"]'])
      expect(scan(`{"request":{"uid":${uid}}}`), uid).to.deep.equal({});
    expect(scanReviewIdentity(Buffer.from('{"request":{"uid":"\xff"}}', "latin1"))).to.deep.equal({});
    expect(scan('{"request":{"uid":"größe"}}')).to.deep.equal({ uid: "größe" });
  });

  it("knows no version but those that can be answered", () => {
    expect(scan('{"apiVersion":"admission.k8s.io/v1beta1"}')).to.deep.equal({
      apiVersion: "admission.k8s.io/v1beta1",
    });
    expect(scan('{"apiVersion":"admission.k8s.io/v2","request":{"uid":"a"}}')).to.deep.equal({ uid: "a" });
    expect(scan('{"apiVersion":7,"request":{"uid":"a"}}')).to.deep.equal({ uid: "a" });
  });

  it("looks at 64 KiB and no further", () => {
    const padded = (bytes: number): Buffer =>
      Buffer.from(`{"request":{"name":"${"x".repeat(bytes)}","uid":"a"}}`);
    expect(scanReviewIdentity(padded(identityPrefixBytes - 100))).to.deep.equal({ uid: "a" });
    expect(scanReviewIdentity(padded(identityPrefixBytes))).to.deep.equal({});
  });

  it("takes no longer for bodies made to make it", () => {
    const hostile = [
      "[".repeat(1e6),
      '{"request":'.repeat(1e5),
      '{"a":"'.padEnd(1e6, "\\"),
      '{"request":{"'.padEnd(1e6, "u"),
      " ".repeat(1e6),
      `{"a":${"9".repeat(1e6)}`,
    ];
    const startedAt = performance.now();
    for (const text of hostile) expect(scan(text)).to.deep.equal({});
    expect(performance.now() - startedAt).to.be.below(500);
  });
});
