import { expect } from "chai";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import type {
  MatchConditionEvaluator,
  MatchConditionRequest,
} from "../../../src/cel/match-condition-evaluator.ts";
import { diagnosticsChannel, type ExclusionMessage } from "../../../src/diagnostics.ts";
import { CountersignError } from "../../../src/errors.ts";
import { creation } from "../webhook-rig.ts";
import { allow, label, patchOf, refusalStatus, useDispatchers } from "./dispatch-rig.ts";

type Outcome = "true" | "false" | "error";

/** Takes the expression for the outcome. */
function literalEvaluator(asked: MatchConditionRequest[]): MatchConditionEvaluator {
  return {
    evaluate(request) {
      asked.push(request);
      const expressions = (request.webhook.matchConditions ?? []).map(({ expression }) => expression);
      if (expressions.includes("false")) return { outcome: "excluded", condition: "c" };
      if (!expressions.includes("error")) return { outcome: "matches" };
      return { outcome: "failed", error: new CountersignError("ERR_WEBHOOK_CALL", "no such key: x") };
    },
  };
}

describe("match conditions of a webhook", () => {
  const rig = useDispatchers();
  const { validate, validating, mutate, mutating, answers, paths } = rig;
  let asked: MatchConditionRequest[];
  const excluded: ExclusionMessage[] = [];
  const listen = (message: unknown): void => void excluded.push(message as ExclusionMessage);
  before(() => diagnosticsChannel("countersign:exclusion").subscribe(listen));
  beforeEach(() => {
    asked = [];
    excluded.length = 0;
    rig.use({ matchConditions: literalEvaluator(asked) });
    answers()["/a"] = allow;
    answers()["/b"] = allow;
  });
  after(() => {
    diagnosticsChannel("countersign:exclusion").unsubscribe(listen);
  });
  const when = (...outcomes: Outcome[]): Partial<Webhook> => ({
    name: "a",
    matchConditions: outcomes.map((expression, index) => ({ name: `c${index}`, expression })),
  });

  const rows: readonly (readonly [Outcome[], "Fail" | "Ignore" | undefined, "called" | "left out" | 403])[] =
    [
      [["true"], "Fail", "called"],
      [["true", "true"], "Ignore", "called"],
      [["false"], "Fail", "left out"],
      [["false"], "Ignore", "left out"],
      [["true", "error", "false"], "Fail", "left out"],
      [["error"], undefined, 403],
      [["error"], "Fail", 403],
      [["true", "error"], "Fail", 403],
      [["error"], "Ignore", "left out"],
      [["true", "error"], "Ignore", "left out"],
    ];
  for (const [outcomes, failurePolicy, expected] of rows)
    it(`${outcomes.join(", ")} with failurePolicy ${failurePolicy}: ${expected}`, async () => {
      validating({ ...when(...outcomes), ...(failurePolicy === undefined ? {} : { failurePolicy }) });
      if (expected === 403)
        expect(await refusalStatus(validate())).to.deep.include({
          code: 403,
          reason: "Forbidden",
          message: 'deployments.apps "web" is forbidden: no such key: x',
          details: { name: "web", group: "apps", kind: "deployments" },
        });
      else await validate();
      expect(paths()).to.deep.equal(expected === "called" ? ["/a"] : []);
      expect(excluded).to.deep.equal(
        expected === "left out" ? [{ webhook: "a", type: "validating", operation: "CREATE" }] : [],
      );
    });

  it("that fail refuse the request before any webhook is called", async () => {
    validating({ name: "b" }, when("error"));
    expect(await refusalStatus(validate())).to.include({ code: 403 });
    expect(paths()).to.deep.equal([]);
  });

  it("are evaluated only where rules and selectors fit", async () => {
    const objectSelector = { matchLabels: { app: "db" } };
    validating({ ...when("error"), objectSelector }, { ...when("error"), rules: [] });
    await validate();
    expect(asked).to.deep.equal([]);
  });

  it("are not evaluated where there are none", async () => {
    validating({ name: "a", matchConditions: [] }, { name: "b" });
    await validate();
    expect(asked).to.deep.equal([]);
  });

  it("see what the mutating webhooks before have made", async () => {
    mutating({ name: "b" }, when("true"));
    answers()["/b"] = () => patchOf(label("by", "b"));
    await mutate();
    expect(asked[0]?.attributes.object).to.have.nested.property("metadata.labels.by", "b");
    expect(asked[0]).to.include({ kind: "MutatingWebhookConfiguration" });
  });

  it("refuse a nameless object by its resource alone", async () => {
    validating(when("error"));
    const { name, ...nameless } = creation;
    const { message, details } = await refusalStatus(
      validate({ ...nameless, resource: { group: "", version: "v1", resource: "pods" } }),
    );
    expect([message, details]).to.deep.equal(["pods is forbidden: no such key: x", { kind: "pods" }]);
  });

  it("count as failed where nobody can evaluate them", async () => {
    rig.use({});
    validating({ ...when("true"), failurePolicy: "Ignore" });
    await validate();
    validating(when("true"));
    expect((await refusalStatus(validate())).message).to.match(
      /matchConditions are not evaluated by this server/,
    );
    expect(paths()).to.deep.equal([]);
  });
});
