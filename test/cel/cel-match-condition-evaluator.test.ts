import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import type { Webhook, WebhookConfigurationKind } from "../../src/apis/admissionregistration.ts";
import type { AccessAttributes, Authorizer } from "../../src/authorization/authorizer.ts";
import { createMatchConditionEvaluator } from "../../src/cel/cel-match-condition-evaluator.ts";
import type { MatchConditionVerdict } from "../../src/cel/match-condition-evaluator.ts";
import { isThenable } from "../../src/maybe-promise.ts";
import { attributes } from "./evaluate-expression.ts";

const webhookWith = (...expressions: readonly string[]): Webhook => ({
  name: "a.example.com",
  clientConfig: {},
  admissionReviewVersions: ["v1"],
  matchConditions: expressions.map((expression, index) => ({ name: `test${index + 1}`, expression })),
});

interface Options {
  readonly authorizer?: Authorizer;
  readonly kind?: WebhookConfigurationKind;
}

const verdictOf = async (
  expressions: readonly string[],
  { kind = "ValidatingWebhookConfiguration", ...options }: Options = {},
): Promise<MatchConditionVerdict> =>
  createMatchConditionEvaluator(options).evaluate({ kind, webhook: webhookWith(...expressions), attributes });

/** The verdict on one line: what its outcome is, and which condition or why. */
const summaryOf = async (expressions: readonly string[], options?: Options): Promise<string> => {
  const verdict = await verdictOf(expressions, options);
  if (verdict.outcome === "excluded") return `excluded by ${verdict.condition}`;
  return verdict.outcome === "matches" ? "matches" : `failed: ${verdict.error.message}`;
};

const failing = "1 / 0 == 1";
const failure = `expression '${failing}' resulted in error: division by zero`;

describe("createMatchConditionEvaluator", () => {
  describe("decides as upstream's matcher", () => {
    const both = `[${failure}]`;
    const cases: Readonly<Record<string, readonly [expressions: readonly string[], outcome: string]>> = {
      "test single matches": [["true"], "matches"],
      "test multiple match": [["true", "true"], "matches"],
      "test empty evals": [[], "matches"],
      "test single no match": [["false"], "excluded by test1"],
      "test multiple no match": [["false", "false"], "excluded by test1"],
      "test mixed with no match first": [["false", "true"], "excluded by test1"],
      "test mixed with no match last": [["true", "false"], "excluded by test2"],
      "test mixed with no match middle": [["true", "false", "true"], "excluded by test2"],
      "test error, no fail policy": [[failing], `failed: ${failure}`],
      "test error, fail policy fail": [[failing], `failed: ${failure}`],
      "test error, fail policy ignore": [[failing], `failed: ${failure}`],
      "test mix of true, errors and false": [
        ["true", failing, "false", "true", failing],
        "excluded by test3",
      ],
      "test mix of true, errors and fail policy not set": [
        ["true", failing, "true", failing],
        `failed: ${both}`,
      ],
      "test mix of true, errors and fail policy fail": [
        ["true", failing, "true", failing],
        `failed: ${both}`,
      ],
      "test mix of true, errors and fail policy ignore": [
        ["true", failing, "true", failing],
        `failed: ${both}`,
      ],
    };
    for (const [name, [expressions, outcome]] of Object.entries(cases))
      it(name, async () => expect(await summaryOf(expressions)).to.equal(outcome));
  });

  it("counts an expression that does not compile as one that fails, beside one that is false as nothing", async () => {
    expect(await summaryOf(["true", "object.foo("])).to.match(
      /^failed: compilation error: compilation failed/,
    );
    expect(await summaryOf(["object.foo(", "false"])).to.equal("excluded by test2");
  });

  it("names the code and keeps the causes", async () => {
    const verdict = await verdictOf([failing, "nothing"]);
    if (verdict.outcome !== "failed") return expect.fail(verdict.outcome);
    expect(verdict.error.code).to.equal("ERR_MATCH_CONDITION");
    expect((verdict.error.cause as AggregateError).errors).to.have.length(2);
    expect(verdict.error.message).to.include("Unknown variable: nothing");
    return undefined;
  });

  it("matches a webhook without conditions, and answers at once where nobody has to be waited for", () => {
    const { evaluate } = createMatchConditionEvaluator();
    const { matchConditions: _, ...without } = webhookWith();
    for (const one of [without, webhookWith("true")])
      expect(evaluate({ kind: "MutatingWebhookConfiguration", webhook: one, attributes })).to.deep.equal({
        outcome: "matches",
      });
  });

  it("evaluates a webhook again and again, for other requests", () => {
    const webhook = webhookWith(`request.name == "web" && object.spec.replicas == 5`);
    const { evaluate } = createMatchConditionEvaluator();
    const kind = "ValidatingWebhookConfiguration";
    for (const [name, outcome] of [
      ["web", "matches"],
      ["db", "excluded"],
      ["web", "matches"],
    ] as const)
      expect(evaluate({ kind, webhook, attributes: { ...attributes, name } })).to.include({ outcome });
  });

  describe("authorizer", () => {
    const asked: AccessAttributes[] = [];
    const allowing = (allows: (attributes: AccessAttributes) => boolean): Authorizer => ({
      async authorize(access) {
        asked.push(access);
        await new Promise(setImmediate);
        return {
          decision: allows(access) ? "allow" : "noOpinion",
          reason: allows(access) ? "yes" : "no rule",
        };
      },
    });
    const breakglass = `!authorizer.group("admissionregistration.k8s.io").resource("validatingwebhookconfigurations").name("my").check("breakglass").allowed()`;
    beforeEach(() => asked.splice(0));

    it("asks about the user of the request, and waits for the answer", async () => {
      const verdict = createMatchConditionEvaluator({ authorizer: allowing(() => true) }).evaluate({
        kind: "ValidatingWebhookConfiguration",
        webhook: webhookWith(breakglass),
        attributes,
      });
      expect(isThenable(verdict)).to.equal(true);
      expect(await verdict).to.deep.equal({ outcome: "excluded", condition: "test1" });
      expect(asked).to.deep.equal([
        {
          user: attributes.userInfo,
          resource: {
            group: "admissionregistration.k8s.io",
            version: "*",
            resource: "validatingwebhookconfigurations",
            name: "my",
            verb: "breakglass",
          },
        },
      ]);
    });

    it("asks once for what several conditions ask", async () => {
      const authorizer = allowing(() => false);
      expect(await summaryOf([breakglass, breakglass, `${breakglass} || false`], { authorizer })).to.equal(
        "matches",
      );
      expect(asked).to.have.length(1);
    });

    it("asks about the resource of the request", async () => {
      const authorizer = allowing(
        ({ resource }) => resource?.name === "web" && resource.namespace === "default",
      );
      const expression = `authorizer.requestResource.check("delete").allowed() && !authorizer.requestResource.name("x").check("delete").allowed()`;
      expect(await summaryOf([expression], { authorizer })).to.equal("matches");
      expect(asked[0]?.resource).to.deep.equal({
        group: "apps",
        version: "*",
        resource: "deployments",
        subresource: "",
        namespace: "default",
        name: "web",
        verb: "delete",
      });
    });

    it("asks about paths, service accounts and selectors", async () => {
      const authorizer = allowing(({ nonResource, user, resource }) =>
        Boolean(nonResource ?? resource?.labelSelector ?? user.username.startsWith("system:serviceaccount:")),
      );
      const expressions = [
        `authorizer.path("/healthz").check("get").allowed()`,
        `authorizer.serviceAccount("ns", "sa").group("").resource("pods").subresource("log").check("get").allowed()`,
        `authorizer.group("").resource("pods").fieldSelector("a=b").labelSelector("c=d").check("list").allowed()`,
      ];
      expect(await summaryOf(expressions, { authorizer })).to.equal("matches");
      expect(
        asked.map(
          ({ nonResource, user, resource }) => nonResource ?? [user.username, resource?.labelSelector],
        ),
      ).to.deep.equal([
        { path: "/healthz", verb: "get" },
        ["system:serviceaccount:ns:sa", undefined],
        ["alice", { rawSelector: "c=d" }],
      ]);
      expect(asked[1]?.user.groups).to.deep.equal([
        "system:serviceaccounts",
        "system:serviceaccounts:ns",
        "system:authenticated",
      ]);
    });

    it("tells a refusal's reason, and an authorizer's failure as errored", async () => {
      const refusing = allowing(() => false);
      const check = `authorizer.requestResource.check("get")`;
      expect(
        await summaryOf([`${check}.reason() == "no rule"`, `!${check}.errored() && ${check}.error() == ""`], {
          authorizer: refusing,
        }),
      ).to.equal("matches");
      const broken: Authorizer = {
        authorize() {
          throw new Error("no connection");
        },
      };
      expect(
        await summaryOf(
          [`${check}.errored() && ${check}.error() == "no connection"`, `!${check}.allowed()`],
          { authorizer: broken },
        ),
      ).to.equal("matches");
    });

    it("does not wait for an answer that cannot matter", async () => {
      const never: Authorizer = { authorize: () => new Promise(() => {}) };
      expect(
        await summaryOf([`authorizer.path("/a").check("get").allowed() || true`], { authorizer: never }),
      ).to.equal("matches");
    });

    it("affords two checks an expression, and asks no third", async () => {
      const authorizer = allowing(() => false);
      const check = (path: string): string => `authorizer.path("/${path}").check("get").allowed()`;
      expect(await summaryOf([`!(${check("a")} || ${check("b")})`], { authorizer })).to.equal("matches");
      asked.splice(0);
      expect(await summaryOf([`${check("a")} || ${check("b")} || ${check("c")}`], { authorizer })).to.match(
        /cost limit of 1000000 exceeded/,
      );
      expect(asked.map(({ nonResource }) => nonResource?.path)).to.deep.equal(["/a", "/b"]);
    });

    it("lets an authorizer evaluate conditions of its own", async () => {
      const { evaluate } = createMatchConditionEvaluator();
      const request = {
        kind: "ValidatingWebhookConfiguration",
        webhook: webhookWith("[1, 2].all(x, x > 0)"),
        attributes,
      } as const;
      const nested: Authorizer = {
        authorize: () => ({ decision: evaluate(request) instanceof Promise ? "deny" : "allow", reason: "" }),
      };
      expect(
        await summaryOf([`[1].all(x, authorizer.path("/a").check("get").allowed())`], { authorizer: nested }),
      ).to.equal("matches");
    });

    it("is an error where none is configured, even where the expression would absorb a refusal", async () => {
      for (const expression of [
        breakglass,
        `authorizer.path("/a").check("get").errored()`,
        "!has(authorizer.requestResource)",
      ])
        expect(await summaryOf([expression])).to.match(/^failed: .*no authorizer is configured/);
    });

    for (const [call, message] of [
      [`path(" ")`, "path must not be empty"],
      [`serviceAccount("Not valid", "sa")`, "Invalid service account namespace"],
      [`serviceAccount("ns", "-")`, "Invalid service account name"],
    ] as const)
      it(`refuses ${call}`, async () =>
        expect(
          await summaryOf([`dyn(authorizer.${call}) != 1`], { authorizer: allowing(() => true) }),
        ).to.include(message));
  });

  it("stops a webhook whose conditions together take too much", async () => {
    // nine million steps each: two use up a million of the two and a half, the third what is left
    const heavy = (name: string): string =>
      `lists.range(3000).all(${name}, lists.range(3000).all(y, y >= 0))`;
    const summary = await summaryOf([heavy("a"), heavy("b"), heavy("c"), "true"]);
    expect(summary).to.match(
      /limit of 1000000 .*limit of 1000000 .*limit of 4\d{5} .*running out of cost budget/,
    );
  });

  it("publishes outcome, errors and duration for every evaluation", async () => {
    const messages: unknown[] = [];
    const listen = (message: unknown): void => void messages.push(message);
    subscribe("countersign:matchConditions", listen);
    try {
      await summaryOf(["true"]);
      await summaryOf([failing, "false"], { kind: "MutatingWebhookConfiguration" });
      await summaryOf([failing]);
    } finally {
      unsubscribe("countersign:matchConditions", listen);
    }
    const common = { webhook: "a.example.com", kind: "webhook", operation: "CREATE" };
    expect(messages.map((message) => ({ ...(message as object), durationMs: undefined }))).to.deep.equal([
      { ...common, type: "validating", outcome: "matches", errors: 0, durationMs: undefined },
      { ...common, type: "admit", outcome: "excluded", errors: 1, durationMs: undefined },
      { ...common, type: "validating", outcome: "failed", errors: 1, durationMs: undefined },
    ]);
    for (const { durationMs } of messages as { durationMs: number }[]) expect(durationMs).to.be.at.least(0);
  });
});
