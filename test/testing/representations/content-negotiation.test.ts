import { expect } from "chai";
import {
  assertServed,
  includeObjectOf,
  negotiate,
} from "../../../src/testing/representations/content-negotiation.ts";
import type { ApiCall } from "../../../src/testing/requests/api-call.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

const callOf = (accept: string | undefined, query = ""): ApiCall =>
  ({ headers: { accept }, query: new URLSearchParams(query) }) as ApiCall;
/** What comes of it, a refusal by its message. */
const outcomeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    expect(error.status).to.include({ code: 406, reason: "NotAcceptable" });
    return error.status.message;
  }
};

const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const discovery = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io";

describe("the type that a path has", () => {
  const refused = (type: string) => `406: Not Acceptable\n\nAvailable representations: ${type}`;
  for (const accept of [
    undefined,
    "",
    "*/*",
    " */* ;q=0.1",
    "application/json",
    "application/json;as=Nothing",
    "text/plain, application/json",
  ])
    it(`is taken by Accept of ${JSON.stringify(accept)}`, () => {
      expect(outcomeOf(() => assertServed(callOf(accept)))).to.equal(undefined);
    });
  for (const accept of [
    "text/plain",
    "application/*",
    "*",
    ",",
    "APPLICATION/JSON",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
  ])
    it(`is not taken by Accept of ${accept}`, () => {
      expect(outcomeOf(() => assertServed(callOf(accept)))).to.equal(refused("application/json"));
    });
  it("may be another than JSON", () => {
    const keys = "application/jwk-set+json";
    for (const accept of [keys, "*/*"])
      expect(outcomeOf(() => assertServed(callOf(accept), keys))).to.equal(undefined);
    for (const accept of ["application/json", "application/*"])
      expect(outcomeOf(() => assertServed(callOf(accept), keys))).to.equal(refused(keys));
  });
});

describe("the form of an answer", () => {
  const refused = "only the following media types are accepted: application/json";
  for (const [accept, served, form] of [
    [undefined, [], "object"],
    ["", [], "object"],
    ["*/*", ["table"], "object"],
    ["*", [], "object"],
    ["application/*", [], "object"],
    ["application/json;q=0", [], "object"],
    ["application/json;as", [], "object"],
    ["application/json;as=", [], "object"],
    ["application/json;charset=utf-8", ["table"], "object"],
    ["text/plain,application/json", [], "object"],
    [table, ["table"], "table"],
    [table, ["aggregatedDiscovery"], refused],
    [table, [], refused],
    ["*/*;as=Table;v=v1;g=meta.k8s.io", ["table"], "table"],
    ["application/json;as=Table;v=v1", ["table"], refused],
    ["application/json;as=Table;g=meta.k8s.io", ["table"], refused],
    ["application/json;as=Table;v=v1beta1;g=meta.k8s.io", ["table"], refused],
    ["application/json;as=table;v=v1;g=meta.k8s.io", ["table"], refused],
    ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", ["table"], refused],
    [`${table},application/json`, [], "object"],
    [`${table},application/json`, ["table"], "table"],
    [`application/json,${table}`, ["table"], "object"],
    [discovery, ["aggregatedDiscovery"], "aggregatedDiscovery"],
    [discovery, ["table"], refused],
    ["text/plain", ["table"], refused],
    ["application/yaml", ["table"], refused],
    ["application/vnd.kubernetes.protobuf,application/json", ["table"], "object"],
  ] as const)
    it(`is ${form} for Accept of ${JSON.stringify(accept)} where there is ${served.join() || "no other"}`, () => {
      expect(outcomeOf(() => negotiate(callOf(accept), served))).to.equal(form);
    });

  for (const [accept, form] of [
    [`${table};q=0.1,application/json;q=0.2`, "object"],
    [`application/json;q=0.1,${table};q=0.2`, "table"],
    [`*/*,${table};q=0.1`, "table"],
    [`application/*,${table};q=0.1`, "table"],
    ["*/*,application/*;as=Table;v=v1;g=meta.k8s.io", "table"],
    [`application/json;q=none,${table};q=0.9`, "object"],
  ] as const)
    it(`is ${form} for ${accept}: by quality, and what is named before what is any`, () => {
      expect(negotiate(callOf(accept), ["table"])).to.equal(form);
    });
});

describe("a Table's rows", () => {
  it("have as much of the object as is asked for, metadata where nothing is", () => {
    for (const [query, included] of [
      ["", "Metadata"],
      ["includeObject=None", "None"],
      ["includeObject=Object", "Object"],
      ["includeObject=Metadata", "Metadata"],
      ["includeObject=Everything", "Metadata"],
    ] as const)
      expect(includeObjectOf(callOf(undefined, query)), query).to.equal(included);
  });
});
