import { expect } from "chai";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import type { FoundWebhook } from "../../../src/webhook/endpoints/find-webhooks-by-host-port.ts";
import {
  excludedTokenRequests,
  interceptorOf,
} from "../../../src/webhook/endpoints/token-request-exclusion.ts";
import { curingExpression } from "../../../src/webhook/endpoints/token-request-interceptor.ts";

const kind = "ValidatingWebhookConfiguration";
const webhook = (...expressions: string[]): Webhook => ({
  name: "gate.example.com",
  clientConfig: { url: "https://gate.example.com/v" },
  admissionReviewVersions: ["v1"],
  rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
  matchConditions: expressions.map((expression, index) => ({ name: `m${index}`, expression })),
});
const inKubeSystem = [{ namespace: "kube-system", name: "caller" }];

describe("excludedTokenRequests", () => {
  for (const [expressions, anybodys, kubeSystems] of [
    [[], "none", "none"],
    [[curingExpression], "all", "all"],
    [["true", curingExpression], "all", "all"],
    [['request.resource.resource != "leases"'], "none", "none"],
    [['request.namespace != "kube-system"'], "some", "all"],
    [['request.namespace == "kube-system"'], "some", "none"],
    [['request.userInfo.username != "system:serviceaccount:kube-system:caller"'], "some", "some"],
    // an evaluation that fails is no exclusion: under Fail the request is refused, under Ignore nobody knows
    [["nonsense("], "some", "some"],
    [['authorizer.group("").resource("pods").check("get").allowed()'], "some", "some"],
    [["nonsense(", curingExpression], "all", "all"],
  ] as const)
    it(`by ${expressions.join(" and ") || "nothing"}: ${anybodys} of anybody's, ${kubeSystems} of kube-system's`, () => {
      expect(excludedTokenRequests(kind, webhook(...expressions))).to.equal(anybodys);
      expect(excludedTokenRequests(kind, webhook(...expressions), inKubeSystem)).to.equal(kubeSystems);
    });
});

describe("interceptorOf", () => {
  const found = (one: Webhook): FoundWebhook => ({
    configuration: { kind, name: "gate" },
    webhook: one,
    audience: "https://gate.example.com/v",
  });
  const account = inKubeSystem[0]!;

  it("is the first webhook that is called for the request", () => {
    const [cured, first, second] = [webhook(curingExpression), webhook(), webhook()].map(found);
    expect(interceptorOf([cured!, first!, second!], account)).to.equal(first);
  });

  it("is one that may be called: where a condition is about who asks, and where unknown labels decide", () => {
    const conditional = found(webhook('request.userInfo.username != "system:apiserver"'));
    expect(interceptorOf([conditional], { namespace: "a", name: "b" })).to.equal(conditional);
    const selecting = found({ ...webhook(), namespaceSelector: { matchLabels: { team: "a" } } });
    expect(interceptorOf([selecting], account)).to.equal(selecting);
  });

  it("is none where rules, selectors or conditions leave out this ServiceAccount's", () => {
    const exempt = { matchExpressions: [{ key: "a", operator: "Exists" as const }] };
    for (const one of [
      { ...webhook(), rules: [] },
      { ...webhook(), objectSelector: exempt },
      webhook(curingExpression),
      webhook('request.namespace != "kube-system"'),
    ])
      expect(interceptorOf([found(one)], account)).to.equal(undefined);
  });
});
