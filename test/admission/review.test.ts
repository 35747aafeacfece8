import { expect } from "chai";
import { maxDepth } from "../../src/admission/json-scan.ts";
import { decodeReview } from "../../src/admission/review.ts";
import { expectCode } from "./coded-error.ts";
import { bodyOf, decoded, deployment, request, reviewOf } from "./deployment-review.ts";

/** The review as text with one piece of it exchanged, for what no serializer would write. */
function tampered(from: string, to: string): Buffer {
  const text = JSON.stringify(reviewOf());
  expect(text).to.include(from);
  return Buffer.from(text.replace(from, () => to));
}

const refuses = (body: Buffer, code: Parameters<typeof expectCode>[0], message: string): void =>
  expectCode(code, message, () => decodeReview(body));

describe("decodeReview", () => {
  it("decodes what decides, and keeps the objects for later", () => {
    const review = decodeReview(bodyOf(reviewOf()));
    const { object, oldObject, options, ...envelope } = request;
    expect(review.apiVersion).to.equal("admission.k8s.io/v1");
    expect(review.request).to.deep.equal(envelope);
    expect(review.object?.value()).to.deep.equal(object);
    expect(review.object?.raw.toString()).to.equal(JSON.stringify(deployment));
    expect(review.oldObject).to.equal(undefined);
    expect(review.options?.value()).to.deep.equal(options);
  });

  it("speaks v1beta1 as well, and no other version", () => {
    const version = (apiVersion: unknown): Buffer => bodyOf({ ...reviewOf(), apiVersion });
    expect(decodeReview(version("admission.k8s.io/v1beta1")).apiVersion).to.equal("admission.k8s.io/v1beta1");
    for (const apiVersion of ["admission.k8s.io/v2", "v1", "", undefined])
      refuses(version(apiVersion), "ERR_REVIEW_VERSION", "apiVersion");
    refuses(version(1), "ERR_REVIEW_MALFORMED", "apiVersion is not a string");
  });

  it("takes the members in any order, with white space between, and a line feed at the end", () => {
    const { request: asked, ...type } = reviewOf() as { request: object };
    const backwards = { request: Object.fromEntries(Object.entries(asked).reverse()), ...type };
    const review = decodeReview(Buffer.from(`\n\t${JSON.stringify(backwards, undefined, "\t")} \r\n`));
    expect(review.request).to.deep.equal(decodeReview(bodyOf(reviewOf())).request);
    expect(JSON.parse(review.object!.raw.toString())).to.deep.equal(deployment);
  });

  it("takes an empty string or null in an optional member for none, as an API server does", () => {
    const empty = { subResource: "", requestSubResource: null, name: "", namespace: null, dryRun: null };
    const { request: envelope } = decoded({ ...empty, requestKind: null, requestResource: null });
    expect(envelope).to.have.all.keys("uid", "kind", "resource", "operation", "userInfo");
  });

  it("takes a user without a name for the empty one, and null for no groups and no extra", () => {
    expect(decoded({ userInfo: {} }).request.userInfo).to.deep.equal({ username: "" });
    const userInfo = { username: "jane", uid: null, groups: null, extra: null };
    expect(decoded({ userInfo }).request.userInfo).to.deep.equal({ username: "jane" });
  });

  it("decodes names beyond ASCII and escapes", () => {
    const userInfo = { username: 'jörg "😀" \\', groups: ["größe", "a\tb"], extra: { 'ключ/"x"': ["é"] } };
    expect(decoded({ userInfo }).request.userInfo).to.deep.equal(userInfo);
    const escaped = tampered('"username":"system:serviceaccount:shop:deployer"', '"username":"\\u006aane"');
    expect(decodeReview(escaped).request.userInfo.username).to.equal("jane");
  });

  it("passes members it does not know, wherever they stand", () => {
    const review = {
      ...reviewOf({
        kind: { ...request.kind, alias: 1 },
        resource: { ...request.resource, alias: [] },
        userInfo: { ...request.userInfo, mfa: true },
        newMember: { uid: "another" },
      }),
      metadata: { request: { uid: "third" } },
    };
    expect(decodeReview(bodyOf(review)).request).to.deep.equal(decoded().request);
  });

  describe("wrong types are refused by the field's name", () => {
    const cases: readonly [Readonly<Record<string, unknown>>, string][] = [
      [{ uid: undefined }, "request.uid is missing or empty"],
      [{ uid: "" }, "request.uid is missing or empty"],
      [{ uid: null }, "request.uid is missing or empty"],
      [{ uid: 7 }, "request.uid is not a string"],
      [{ kind: undefined }, "request.kind is missing"],
      [{ kind: "Deployment" }, "request.kind is not an object"],
      [{ kind: { version: "v1", kind: "Pod" } }, "request.kind.group is missing"],
      [{ kind: { group: null, version: "v1", kind: "Pod" } }, "request.kind.group is not a string"],
      [{ kind: { group: "", version: "", kind: "Pod" } }, "request.kind.version is missing or empty"],
      [{ kind: { group: "", version: "v1" } }, "request.kind.kind is missing or empty"],
      [{ resource: undefined }, "request.resource is missing"],
      [{ resource: null }, "request.resource is missing"],
      [{ resource: [] }, "request.resource is not an object"],
      [{ resource: { group: "", version: "v1", resource: 1 } }, "request.resource.resource is not a string"],
      [{ requestKind: 1 }, "request.requestKind is not an object"],
      [{ requestKind: { group: "" } }, "request.requestKind.version is missing or empty"],
      [
        { requestResource: { group: "a", version: "v1" } },
        "request.requestResource.resource is missing or empty",
      ],
      [{ subResource: {} }, "request.subResource is not a string"],
      [{ requestSubResource: 1 }, "request.requestSubResource is not a string"],
      [{ name: ["web"] }, "request.name is not a string"],
      [{ namespace: true }, "request.namespace is not a string"],
      [{ operation: undefined }, "request.operation is missing"],
      [{ operation: "create" }, "request.operation is none of CREATE, UPDATE, DELETE and CONNECT"],
      [{ operation: "*" }, "request.operation is none of"],
      [{ operation: 1 }, "request.operation is not a string"],
      [{ dryRun: "false" }, "request.dryRun is not a boolean"],
      [{ userInfo: undefined }, "request.userInfo is missing"],
      [{ userInfo: null }, "request.userInfo is missing"],
      [{ userInfo: "jane" }, "request.userInfo is not an object"],
      [{ userInfo: { username: 1 } }, "request.userInfo.username is not a string"],
      [{ userInfo: { uid: 1 } }, "request.userInfo.uid is not a string"],
      [{ userInfo: { groups: "a" } }, "request.userInfo.groups is not an array of strings"],
      [{ userInfo: { groups: ["a", 1] } }, "request.userInfo.groups[1] is not a string"],
      [{ userInfo: { groups: ["a", null] } }, "request.userInfo.groups[1] is not a string"],
      [{ userInfo: { extra: ["a"] } }, "request.userInfo.extra is not an object"],
      [{ userInfo: { extra: { a: "b" } } }, "request.userInfo.extra.a is not an array of strings"],
      [{ userInfo: { extra: { a: [{}] } } }, "request.userInfo.extra.a[0] is not a string"],
      [{ object: "text" }, "request.object is neither an object nor null"],
      [{ object: [] }, "request.object is neither an object nor null"],
      [{ oldObject: 1 }, "request.oldObject is neither an object nor null"],
      [{ options: false }, "request.options is neither an object nor null"],
      [{ object: { apiVersion: 1 } }, "request.object.apiVersion is not a string"],
      [{ oldObject: { kind: null } }, "request.oldObject.kind is not a string"],
    ];
    for (const [changes, message] of cases)
      it(`${JSON.stringify(changes)}: ${message}`, () => {
        refuses(bodyOf(reviewOf(changes)), "ERR_REVIEW_MALFORMED", message);
      });

    it("and so are a body that is no review, and a review that asks nothing", () => {
      refuses(Buffer.from(""), "ERR_REVIEW_MALFORMED", "the review is not an object");
      refuses(Buffer.from("[]"), "ERR_REVIEW_MALFORMED", "the review is not an object");
      refuses(
        bodyOf({ apiVersion: "admission.k8s.io/v1" }),
        "ERR_REVIEW_MALFORMED",
        "kind is not AdmissionReview",
      );
      refuses(bodyOf({ ...reviewOf(), kind: "Pod" }), "ERR_REVIEW_MALFORMED", "kind is not AdmissionReview");
      refuses(bodyOf({ ...reviewOf(), request: null }), "ERR_REVIEW_MALFORMED", "request is missing");
      refuses(bodyOf({ ...reviewOf(), request: [] }), "ERR_REVIEW_MALFORMED", "request is not an object");
    });
  });

  describe("refuses in the envelope what readers would read differently", () => {
    const duplicates: readonly [string, string, string][] = [
      ['"request":{', '"request":null,"request":{', "request stands twice"],
      ['"request":{', '"Request":{"uid":"x"},"request":{', "Request differs from request only by case"],
      ['"request":{', '"REQUEST":null,"request":{', "REQUEST differs from request only by case"],
      ['"apiVersion":', '"apiversion":"x","apiVersion":', "apiversion differs from apiVersion only by case"],
      [
        '"kind":"AdmissionReview"',
        '"kind":"AdmissionReview","Kind":"x"',
        "Kind differs from kind only by case",
      ],
      ['"uid":"0df', '"uid":"x","uid":"0df', "request.uid stands twice"],
      ['"uid":"0df', '"UID":"x","uid":"0df', "request.UID differs from uid only by case"],
      [
        '"oldObject":null',
        '"oldObject":null,"oldobject":{}',
        "request.oldobject differs from oldObject only by case",
      ],
      ['"object":{', '"object":null,"object":{', "request.object stands twice"],
      ['"dryRun":false', '"dryRun":false,"DryRun":true', "request.DryRun differs from dryRun only by case"],
      ['{"group":"apps"', '{"group":"apps","Group":""', "request.kind.Group differs from group only by case"],
      [
        '"username":',
        '"userName":"root","username":',
        "request.userInfo.userName differs from username only by case",
      ],
      ['"groups":[', '"groups":[],"groups":[', "request.userInfo.groups stands twice"],
      ['"extra":{', '"extra":{"a":[],"a":["b"],', "request.userInfo.extra.a stands twice"],
      ['"extra":{', '"extra":{"a":[],"\\u0061":["b"],', "request.userInfo.extra.a stands twice"],
      ['"uid":"0df', '"unknown":1,"unknown":2,"uid":"0df', "request.unknown stands twice"],
      // encoding/json takes the long s for an s and the Kelvin sign for a k
      ['"request":{', '"reque\u017ft":{},"request":{', "only by case"],
      ['"kind":"AdmissionReview"', '"kind":"AdmissionReview","\u212aind":"x"', "only by case"],
    ];
    for (const [from, to, message] of duplicates)
      it(`${to.slice(0, 50)}: ${message}`, () => {
        refuses(tampered(from, to), "ERR_REVIEW_DUPLICATE_MEMBER", message);
      });

    it("member names written with an escape", () => {
      refuses(
        tampered('"request":{', '"r\\u0065quest":{'),
        "ERR_REVIEW_MALFORMED",
        "the review has a member name",
      );
      refuses(
        tampered('"uid":"0df', '"\\u0075id":"0df'),
        "ERR_REVIEW_MALFORMED",
        "request has a member name",
      );
      refuses(
        tampered('"group":"apps"', '"gro\\u0075p":"apps"'),
        "ERR_REVIEW_MALFORMED",
        "request.kind has a member",
      );
    });

    it("half a surrogate pair in a string that decides, which Go reads as another letter", () => {
      refuses(
        tampered('"name":"web"', '"name":"\\ud800"'),
        "ERR_REVIEW_MALFORMED",
        "request.name holds half",
      );
    });

    it("an object that states its own type twice, in whatever spelling of the name", () => {
      for (const second of ['"apiVersion":"v1"', '"\\u0061piVersion":"v1"'])
        refuses(
          tampered('"object":{', `"object":{${second},`),
          "ERR_REVIEW_DUPLICATE_MEMBER",
          "request.object.apiVersion stands twice",
        );
    });

    it("but what stands in an object is the object's business", () => {
      const object = { apiVersion: "v1", kind: "ConfigMap", data: { uid: "1", Uid: "2", UID: "3" }, Kind: 1 };
      expect(decoded({ object }).object?.value()).to.deep.equal(object);
      const body = tampered('"status":{}', '"status":{"a":1,"a":2,"\\u0061":3}');
      expect((decodeReview(body).object!.value() as typeof deployment).status).to.deep.equal({ a: 3 });
    });
  });

  describe("holds the whole body to be JSON, although the objects are not parsed", () => {
    const broken: readonly [string, string][] = [
      ['"status":{}', '"status":{'],
      ['"status":{}', '"status":nul'],
      ['"replicas":3', '"replicas":03'],
      ['"replicas":3', '"replicas":NaN'],
      ['"replicas":3', '"replicas":3,'],
      ['"generation":1', "'generation':1"],
      ['"name":"web"', '"name":"w\teb"'],
      ['"name":"web"', '"name":"\\x41"'],
    ];
    for (const [from, to] of broken)
      it(to, () => {
        refuses(tampered(from, to), "ERR_REVIEW_MALFORMED", "the review is not JSON");
      });

    it("and nothing to stand behind it", () => {
      refuses(Buffer.from(`${JSON.stringify(reviewOf())}{}`), "ERR_REVIEW_MALFORMED", "behind the review");
      refuses(Buffer.from(`${JSON.stringify(reviewOf())}\0`), "ERR_REVIEW_MALFORMED", "behind the review");
    });

    it("and UTF-8, throughout, without a byte order mark", () => {
      const body = bodyOf(reviewOf({ name: "wäb" }));
      body[body.indexOf(0xc3)] = 0xff;
      refuses(body, "ERR_REVIEW_MALFORMED", "not UTF-8");
      refuses(
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bodyOf(reviewOf())]),
        "ERR_REVIEW_MALFORMED",
        "object",
      );
    });

    it("and not deeper than is safe to walk", () => {
      const nested = (levels: number): Buffer =>
        tampered('"status":{}', `"status":${"[".repeat(levels)}${"]".repeat(levels)}`);
      decodeReview(nested(maxDepth - 3));
      refuses(nested(maxDepth), "ERR_REVIEW_MALFORMED", "levels");
      refuses(nested(1_000_000), "ERR_REVIEW_MALFORMED", "levels");
    });

    it("however it is cut off", () => {
      const body = bodyOf(reviewOf());
      for (let end = 0; end < body.length; end++)
        expect(() => decodeReview(body.subarray(0, end)), `cut at ${end}`).to.throw(
          /^(?:the review|request|kind|apiVersion)/,
        );
    });
  });

  describe("a slot", () => {
    it("keeps __proto__, a legal key of a ConfigMap, as data of its own", () => {
      const body = tampered('"status":{}', '"data":{"__proto__":"x","constructor":"y"}');
      for (const how of ["value", "lossless"] as const) {
        const { data } = decodeReview(body).object![how]() as { data: object };
        expect(Object.entries(data)).to.deep.equal([
          ["__proto__", "x"],
          ["constructor", "y"],
        ]);
      }
    });

    it("says its own type without being parsed, from its top level only", () => {
      expect(decoded().object?.typeMeta()).to.deep.equal({ apiVersion: "apps/v1", kind: "Deployment" });
      const bare = { metadata: { apiVersion: "v9", kind: "Nested" } };
      expect(decoded({ object: bare }).object?.typeMeta()).to.deep.equal({});
      const escaped = tampered(
        '"object":{"apiVersion":"apps/v1"',
        '"object":{"\\u0061piVersion":"evil.io/v1"',
      );
      expect(decodeReview(escaped).object?.typeMeta().apiVersion).to.equal("evil.io/v1");
    });

    it("is parsed anew for everyone who asks", () => {
      const slot = decoded().object!;
      (slot.value() as typeof deployment).metadata.name = "changed";
      expect(slot.value()).to.deep.equal(deployment);
    });

    it("has its integers exact where that is asked for", () => {
      const object = tampered('"replicas":3', '"replicas":9007199254740993');
      const slot = decodeReview(object).object!;
      expect((slot.lossless() as unknown as typeof deployment).spec.replicas).to.equal(9007199254740993n);
      expect((slot.value() as typeof deployment).spec.replicas).to.equal(9007199254740992);
    });

    it("is text beyond ASCII where the body is", () => {
      const object = { apiVersion: "v1", kind: "ConfigMap", data: { größe: "😀" } };
      expect(decoded({ object }).object?.value()).to.deep.equal(object);
    });
  });

  it("reads seven megabytes in the time it takes to look at them", () => {
    const data = { big: "x".repeat(7 * 1024 * 1024 - 4096) };
    const body = bodyOf(reviewOf({ object: { apiVersion: "v1", kind: "ConfigMap", data } }));
    const startedAt = performance.now();
    expect(decodeReview(body).object?.typeMeta().kind).to.equal("ConfigMap");
    expect(performance.now() - startedAt).to.be.below(500);
  });
});
