import { expect } from "chai";
import type { Webhook, WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { CountersignError } from "../../../src/errors.ts";
import {
  type EndpointTokenIntent,
  resolveEndpoint,
  type WebhookEndpoint,
} from "../../../src/webhook/endpoints/endpoint-token-intent.ts";

const endpoint: WebhookEndpoint = { server: "https://svc.ns.svc:443" };
const attested: EndpointTokenIntent = { mode: "attested", apiGroup: "*" };
const base64 = (text: string): string => Buffer.from(text).toString("base64");

const webhook = (path: string, changes: Partial<Webhook> = {}): Webhook => ({
  name: `w${path.replace("/", ".")}.example.com`,
  clientConfig: { service: { namespace: "ns", name: "svc", path } },
  admissionReviewVersions: ["v1"],
  ...changes,
});
const configuration = (name: string, ...webhooks: Webhook[]): WebhookConfiguration => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name, uid: `uid-of-${name}` },
  webhooks,
});
const withCA = (ca: string): Partial<Webhook> => ({
  clientConfig: { service: { namespace: "ns", name: "svc", path: `/${ca}` }, caBundle: base64(ca) },
});
const rulesFor = (...apiGroups: string[]): Partial<Webhook> => ({
  rules: [{ apiGroups, apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
});

function refusal(
  configurations: readonly WebhookConfiguration[],
  intent = attested,
  at: WebhookEndpoint = endpoint,
): string {
  try {
    resolveEndpoint(configurations, intent, at);
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError);
    return (error as CountersignError).code;
  }
  return "";
}

describe("resolveEndpoint", () => {
  it("finds the one configuration and audience at the host and port", () => {
    const others = configuration("other", webhook("/x", { clientConfig: { url: "https://elsewhere/v" } }));
    const { intent, webhooks } = resolveEndpoint(
      [others, configuration("a", webhook("/v"))],
      attested,
      endpoint,
    );
    expect(intent).to.deep.equal({
      mode: "attested",
      apiGroup: "*",
      audience: "https://svc.ns.svc:443/v",
      configuration: { kind: "ValidatingWebhookConfiguration", name: "a", uid: "uid-of-a" },
    });
    expect(webhooks.map(({ webhook: { name } }) => name)).to.deep.equal(["w.v.example.com"]);
  });

  it("gives every webhook that the token is for: those of one configuration and path", () => {
    const two = configuration("a", webhook("/v", { name: "one" }), webhook("/v", { name: "two" }));
    const { webhooks } = resolveEndpoint([two], attested, endpoint);
    expect(webhooks.map(({ webhook: { name } }) => name)).to.deep.equal(["one", "two"]);
  });

  it("finds nothing where no configuration is at the host, on another port, or without a uid to bind to", () => {
    expect(refusal([])).to.equal("ERR_WEBHOOK_NOT_FOUND");
    const list = [configuration("a", webhook("/v"))];
    expect(refusal(list, attested, { server: "https://svc.ns.svc:8443" })).to.equal("ERR_WEBHOOK_NOT_FOUND");
    expect(refusal([{ ...list[0]!, metadata: { name: "a" } }])).to.equal("ERR_WEBHOOK_NOT_FOUND");
  });

  it("refuses to choose between two configurations, and between two paths of one", () => {
    const two = [configuration("a", webhook("/v")), configuration("b", webhook("/v"))];
    expect(refusal(two)).to.equal("ERR_WEBHOOK_AMBIGUOUS");
    expect(refusal([configuration("a", webhook("/v"), webhook("/w"))])).to.equal("ERR_WEBHOOK_AMBIGUOUS");
  });

  it("lets the CA that the caller trusts decide between several, and ignores it where there is one", () => {
    const two = [
      configuration("a", webhook("", withCA("one"))),
      configuration("b", webhook("", withCA("two"))),
    ];
    const trusting = (ca: string): WebhookEndpoint => ({
      ...endpoint,
      certificateAuthority: Buffer.from(`roots\n${ca}`),
    });
    const { webhooks } = resolveEndpoint(two, attested, trusting("two"));
    expect(webhooks[0]?.configuration.name).to.equal("b");
    expect(refusal(two, attested, trusting("neither"))).to.equal("ERR_WEBHOOK_AMBIGUOUS");
    expect(refusal(two.slice(0, 1), attested, trusting("rotated"))).to.equal("");
  });

  it("wants a rule that names the group, for a token of one group", () => {
    const apps: EndpointTokenIntent = { mode: "attested", apiGroup: "apps" };
    for (const [groups, code] of [
      [["apps"], ""],
      [["*"], ""],
      [["batch"], "ERR_WEBHOOK_NOT_FOUND"],
      [[], "ERR_WEBHOOK_NOT_FOUND"],
    ] as const)
      expect(refusal([configuration("a", webhook("/v", rulesFor(...groups)))], apps)).to.equal(code);
  });

  it("asks for a plain token of every webhook at the host, each audience once, or of those that are said", () => {
    const list = [configuration("a", webhook("/v"), webhook("/w")), configuration("b", webhook("/v"))];
    const plain = (...audiences: string[]) =>
      resolveEndpoint(list, { mode: "audience", audiences }, endpoint).intent;
    expect(plain()).to.deep.equal({
      mode: "audience",
      audiences: ["https://svc.ns.svc:443/v", "https://svc.ns.svc:443/w"],
    });
    expect(plain("x")).to.deep.equal({ mode: "audience", audiences: ["x"] });
    expect(refusal([], { mode: "audience", audiences: [] })).to.equal("ERR_WEBHOOK_NOT_FOUND");
  });

  it("refuses what is no https host", () => {
    for (const server of ["", "http://h", "https://", "h:443"])
      expect(refusal([], attested, { server })).to.equal("ERR_CONFIGURATION");
  });
});
