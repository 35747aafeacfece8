import { expect } from "chai";
import fc from "fast-check";
import type { ApiObject } from "../../../src/testing/objects/api-object.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";
import {
  parseFieldSelector,
  parseLabelSelector,
  parseSelectors,
} from "../../../src/testing/storage/selector.ts";

const object = (labels?: Record<string, string>): ApiObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "one", namespace: "default", ...(labels === undefined ? {} : { labels }) },
});

describe("label selectors", () => {
  const rows: readonly (readonly [selector: string, labels: Record<string, string>, selected: boolean])[] = [
    ["", {}, true],
    ["a=b", { a: "b" }, true],
    ["a==b", { a: "b" }, true],
    ["a=b", { a: "c" }, false],
    ["a=b", {}, false],
    ["a=", { a: "" }, true],
    ["a!=b", { a: "c" }, true],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a", { a: "" }, true],
    ["a", {}, false],
    ["!a", {}, true],
    ["!a", { a: "b" }, false],
    ["a in (b,c)", { a: "c" }, true],
    ["a in (b, c)", { a: "d" }, false],
    ["a in (b)", {}, false],
    ["a notin (b,c)", { a: "d" }, true],
    ["a notin (b,c)", { a: "b" }, false],
    ["a notin (b,c)", {}, true],
    ["a=b,c in (d,e),!f", { a: "b", c: "e" }, true],
    ["a=b,c in (d,e),!f", { a: "b", c: "e", f: "" }, false],
    ["example.com/a=b", { "example.com/a": "b" }, true],
    ["constructor", {}, false],
  ];
  for (const [selector, labels, selected] of rows)
    it(`"${selector}" ${selected ? "selects" : "passes over"} ${JSON.stringify(labels)}`, () => {
      expect(parseLabelSelector(selector)(object(labels))).to.equal(selected);
    });

  it("work on objects without labels", () => {
    expect(parseLabelSelector("!a")(object())).to.equal(true);
  });

  it("are refused with 400 where they are none, and never break", () => {
    expect(() => parseLabelSelector("a=b=c")).to.throw(StatusError, /unable to parse requirement/);
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseLabelSelector(text)(object({ a: "b" }))).to.be.a("boolean");
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
        }
      }),
    );
  });
});

describe("field selectors", () => {
  it("know name and namespace, equal and unequal", () => {
    expect(parseFieldSelector("metadata.name=one")(object())).to.equal(true);
    expect(parseFieldSelector("metadata.name==two")(object())).to.equal(false);
    expect(parseFieldSelector("metadata.name!=two,metadata.namespace=default")(object())).to.equal(true);
    expect(parseFieldSelector("metadata.namespace=other")(object())).to.equal(false);
  });

  it("know where a pod runs, and what a node says of itself", () => {
    const pods = { group: "", resource: "pods" };
    const pod = {
      ...object(),
      spec: { nodeName: "n1", serviceAccountName: "sa" },
      status: { phase: "Running" },
    };
    expect(parseFieldSelector("spec.nodeName=n1,status.phase!=Pending", pods)(pod)).to.equal(true);
    expect(parseFieldSelector("spec.nodeName=n2", pods)(pod)).to.equal(false);
    expect(parseFieldSelector("spec.restartPolicy=", pods)(pod)).to.equal(true);
    expect(parseFieldSelector("metadata.name=one,spec.serviceAccountName=sa", pods)(pod)).to.equal(true);
    const nodes = { group: "", resource: "nodes" };
    expect(parseFieldSelector("spec.unschedulable=false", nodes)(object())).to.equal(true);
    for (const kind of [pods, nodes])
      expect(() => parseFieldSelector("spec.foo=bar", kind)).to.throw(
        StatusError,
        "field label not supported: spec.foo",
      );
  });

  it("are refused with 400 for another field", () => {
    expect(() => parseFieldSelector("spec.foo=bar")).to.throw(
      StatusError,
      '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(() => parseFieldSelector("constructor=bar")).to.throw(StatusError, /not a known field/);
    expect(() => parseFieldSelector("metadata.name")).to.throw(StatusError, /invalid selector/);
  });

  it("count together with label selectors", () => {
    const both = parseSelectors(
      new URLSearchParams({ labelSelector: "a=b", fieldSelector: "metadata.name=one" }),
    );
    expect([both(object({ a: "b" })), both(object())]).to.deep.equal([true, false]);
  });
});
