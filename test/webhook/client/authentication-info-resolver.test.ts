import { expect } from "chai";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import type { TokenRequest } from "../../../src/apis/authentication.ts";
import { createTokenCache, type TokenCache } from "../../../src/credentials/token-cache.ts";
import { CountersignError } from "../../../src/errors.ts";
import { parseKubeconfig } from "../../../src/kubeconfig/parse-kubeconfig.ts";
import { Secret } from "../../../src/secret.ts";
import {
  type AuthenticationInfoResolverOptions,
  createAuthenticationInfoResolver,
  type RequestedTokens,
  type WebhookTarget,
} from "../../../src/webhook/client/authentication-info-resolver.ts";
import type { ClientConfig } from "../../../src/webhook/client/client-config.ts";
import { markFaulty } from "../../../src/webhook/sources/configuration-faults.ts";
import { rejectionOf } from "../../rejection.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const certificate = base64("-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n");
const key = base64("-----BEGIN PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----\n");
const kubeconfig = parseKubeconfig(
  `users:
- {name: "*.ns.svc", user: {token: kubeconfig-token, client-certificate-data: ${certificate}, client-key-data: ${key}}}
- {name: h.example, user: {username: u, password: p, as: jane}}
- {name: "exec.example", user: {exec: {command: x}}}
- {name: "gone.example", user: {tokenFile: /nonexistent/token}}
`,
  "/kubeconfig",
);
const service = { name: "svc", namespace: "ns", path: "/v" };

function targetOf(
  clientConfig: Webhook["clientConfig"],
  members: Partial<WebhookTarget> = {},
): WebhookTarget {
  const webhook = { name: "a", clientConfig, admissionReviewVersions: ["v1"] };
  const configuration = { name: "c", uid: "u-1" };
  return { kind: "ValidatingWebhookConfiguration", configuration, webhook, apiGroup: "apps", ...members };
}

describe("authentication info resolver", () => {
  let asked: TokenRequest["spec"][];
  let cache: TokenCache;
  beforeEach(() => {
    asked = [];
    cache = createTokenCache({
      server: "https://kube",
      client: {
        async createToken(_, { spec }) {
          asked.push(spec);
          return { status: 403, body: {} };
        },
      },
    });
  });
  afterEach(() => cache.close());

  const resolverWith = (
    tokens?: Partial<RequestedTokens>,
    options: AuthenticationInfoResolverOptions = { kubeconfig },
  ) =>
    createAuthenticationInfoResolver({
      ...options,
      ...(tokens === undefined
        ? {}
        : {
            tokens: { cache, serviceAccount: { namespace: "kube-system", name: "webhook-auth" }, ...tokens },
          }),
    });
  const bearer = async (config: ClientConfig): Promise<string | undefined> =>
    (await config.token?.token())?.token.reveal();
  const specOf = async (config: ClientConfig): Promise<TokenRequest["spec"] | undefined> => {
    await config.requestedToken?.token().catch(() => undefined);
    return asked.at(-1);
  };

  it("finds the user of a Service as of its host and port", async () => {
    const resolver = resolverWith();
    expect(await resolver.clientConfigForService("svc", "ns", 443)).to.equal(
      await resolver.clientConfigFor("svc.ns.svc:443"),
    );
    expect(await bearer(await resolver.clientConfigFor("svc.ns.svc:443"))).to.equal("kubeconfig-token");
  });

  it("is anonymous where no user fits, and where there is no kubeconfig", async () => {
    expect(await resolverWith().clientConfigFor("other.example:443")).to.deep.equal({});
    expect(await resolverWith(undefined, {}).clientConfigFor("svc.ns.svc:443")).to.deep.equal({});
  });

  it("gives the API server itself the pod's own credentials", async () => {
    const token = { token: async () => ({ token: new Secret("pod"), requestedAt: 0, expiresAt: 9e15 }) };
    const inCluster = { client: { server: "https://kube", ca: "CA", token }, namespace: "ns" };
    const resolver = resolverWith(undefined, { inCluster });
    const config = await resolver.clientConfigForService("kubernetes", "default", 443);
    expect([config.ca, await bearer(config)]).to.deep.equal(["CA", "pod"]);
    expect(await resolver.clientConfigFor("svc.ns.svc:443")).to.deep.equal({});
  });

  it("remembers a user that could be used, and no failure", async () => {
    const resolver = resolverWith();
    expect(resolver.clientConfigFor("h.example:443")).to.be.instanceOf(Promise);
    await resolver.clientConfigFor("h.example:443");
    expect(resolver.clientConfigFor("h.example:443")).to.deep.include({
      impersonate: { user: "jane", groups: [], extra: {} },
    });
    for (let attempt = 0; attempt < 2; attempt++)
      expect(
        (await rejectionOf(Promise.resolve(resolver.clientConfigFor("gone.example:443")))).message,
      ).to.match(/tokenFile/);
  });

  it("takes users from the kubeconfig as it is now, where it is one that reloads", async () => {
    const reloading = { current: kubeconfig };
    const resolver = resolverWith(undefined, { kubeconfig: reloading });
    const target = targetOf({ service });
    const bearers = [];
    for (const token of ["one", "two"]) {
      reloading.current = parseKubeconfig(`users: [{name: "*", user: {token: ${token}}}]`, "/kubeconfig");
      bearers.push(await bearer(await resolver.clientConfigForWebhook(target)));
      bearers.push(await bearer(await resolver.clientConfigFor("other.example:443")));
    }
    expect(bearers).to.deep.equal(["one", "one", "two", "two"]);
  });

  it("runs no exec plugin", async () => {
    const outcome = Promise.resolve(resolverWith().clientConfigFor("exec.example:443"));
    expect((await rejectionOf(outcome)).message).to.match(/exec plugins are not run/);
  });

  describe("for a webhook", () => {
    it("joins the kubeconfig's client certificate with the requested token, and drops its bearer", async () => {
      const config = await resolverWith({}).clientConfigForWebhook(targetOf({ service }));
      expect(config.clientCertificate).to.not.equal(undefined);
      expect(config.token).to.equal(undefined);
      expect(await specOf(config)).to.deep.equal({
        audiences: ["https://svc.ns.svc:443/v"],
        expirationSeconds: 600,
        boundObjectRef: {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "ValidatingWebhookConfiguration",
          name: "c",
          uid: "u-1",
        },
        attestations: { admissionReviewAPIGroups: ["apps"] },
      });
    });

    it("drops a password and keeps impersonation", async () => {
      const config = await resolverWith({}).clientConfigForWebhook(targetOf({ url: "https://h.example/v" }));
      expect(config).to.have.keys("clientCertificate", "impersonate", "requestedToken");
      expect(await specOf(config)).to.deep.include({ audiences: ["https://h.example/v"] });
    });

    it("gives the API server itself a requested token in place of the pod's", async () => {
      const token = { token: () => expect.fail("was asked") };
      const inCluster = { client: { server: "https://kube", ca: "CA", token }, namespace: "ns" };
      const resolver = resolverWith({}, { inCluster });
      const target = targetOf({ service: { name: "kubernetes", namespace: "default" } });
      expect(await resolver.clientConfigForWebhook(target)).to.have.keys("ca", "requestedToken");
    });

    it("says that a token is required, where it is", async () => {
      const target = targetOf({ service });
      expect(await resolverWith({ strict: true }).clientConfigForWebhook(target)).to.include({
        isTokenRequired: true,
      });
      expect(await resolverWith({}).clientConfigForWebhook(target)).to.not.have.property("isTokenRequired");
    });

    it("requests a token where an exec plugin would have been run", async () => {
      const config = await resolverWith({}).clientConfigForWebhook(targetOf({ url: "https://exec.example" }));
      expect(config.requestedToken).to.not.equal(undefined);
    });

    it("attests all groups for who serves all", async () => {
      const config = await resolverWith({ apiGroup: "*" }).clientConfigForWebhook(targetOf({ service }));
      expect((await specOf(config))?.attestations).to.deep.equal({ admissionReviewAPIGroups: ["*"] });
    });

    it("asks for a plain token in audience mode", async () => {
      const config = await resolverWith({ mode: "audience" }).clientConfigForWebhook(targetOf({ service }));
      expect(await specOf(config)).to.deep.equal({
        audiences: ["https://svc.ns.svc:443/v"],
        expirationSeconds: 600,
      });
    });

    it("changes nothing without tokens, and for a webhook that does not ask where it has to", async () => {
      const target = targetOf({ service });
      for (const resolver of [resolverWith(), resolverWith({ webhooks: "authenticationSource" })])
        expect(await bearer(await resolver.clientConfigForWebhook(target))).to.equal("kubeconfig-token");
      const asking = targetOf({ service, authenticationSource: { tokenRequest: {} } });
      const config = await resolverWith({ webhooks: "authenticationSource" }).clientConfigForWebhook(asking);
      expect(config.requestedToken).to.not.equal(undefined);
    });

    it("answers from the second time on without a promise, with the same", async () => {
      const resolver = resolverWith({});
      const target = targetOf({ service });
      const first = await resolver.clientConfigForWebhook(target);
      expect(resolver.clientConfigForWebhook({ ...target })).to.equal(first);
    });

    it("has nothing for a webhook whose configuration cannot be carried out", () => {
      const target = targetOf({ service });
      const fault = new CountersignError("ERR_CONFIGURATION", "the annotation is wrong");
      const { name } = target.configuration;
      markFaulty({ kind: target.kind, metadata: { name }, webhooks: [target.webhook] } as never, fault);
      expect(() => resolverWith({}).clientConfigForWebhook(target)).to.throw(/the annotation is wrong/);
    });

    it("keeps groups and uids apart", async () => {
      const resolver = resolverWith({});
      const target = targetOf({ service });
      const sources = [
        target,
        { ...target, apiGroup: "batch" },
        { ...target, configuration: { name: "c", uid: "u-2" } },
      ].map(async (one) => (await resolver.clientConfigForWebhook(one)).requestedToken);
      expect(new Set(await Promise.all(sources)).size).to.equal(3);
    });

    it("shares one source between two objects that say the same", async () => {
      const resolver = resolverWith({});
      const [one, other] = [targetOf({ service }), targetOf({ service })];
      expect((await resolver.clientConfigForWebhook(one)).requestedToken).to.equal(
        (await resolver.clientConfigForWebhook(other)).requestedToken,
      );
    });

    it("says what is wrong with a clientConfig", () => {
      expect(() => resolverWith({}).clientConfigForWebhook(targetOf({}))).to.throw(
        /exactly one of url and service/,
      );
    });
  });
});
