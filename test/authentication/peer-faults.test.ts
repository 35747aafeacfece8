import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { serviceAudience } from "../../src/apis/audience.ts";
import {
  createWebhookCallerAuthenticator,
  type WebhookCallerOptions,
} from "../../src/authentication/webhook-callers.ts";
import { assertReviewGroups } from "../../src/authorization/attested-api-group.ts";
import { CountersignError } from "../../src/errors.ts";
import {
  audience,
  boundClaims,
  clusterIssuer,
  clusterKey,
  configurationUid,
  issuerOf,
  jwksOf,
  mint,
  noon,
  plainClaims,
  signingKey,
  stoppedClock,
} from "./minting.ts";
import { verdictOf } from "./outcome.ts";

/** The faults of the one other verifier (kubernetes/kubernetes#140665), each shown not to be ours. */

const clock = stoppedClock();
const route = (more: Partial<WebhookCallerOptions> = {}) =>
  createWebhookCallerAuthenticator({
    audiences: [audience],
    issuers: [issuerOf()],
    webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] },
    clock,
    ...more,
  });

type Route = ReturnType<typeof route>;
const present = (on: Route, token: string): Promise<string> =>
  verdictOf(() => on.authenticateRequest({ authorization: [`Bearer ${token}`] }));
const tokenFor = (aud: string): string => mint({ claims: boundClaims({ aud: [aud] }) });

describe("faults of kubernetes' webhookauth that we do not have", () => {
  it("a: audience poisoning: no request, however odd, changes which audience is accepted", async () => {
    const fresh = route();
    for (const poison of [
      "x",
      tokenFor("https://poison.default.svc:443/"),
      mint({ header: { kid: "poison" } }),
    ])
      expect(await present(fresh, poison)).to.match(/^ERR_/);
    expect(await present(fresh, tokenFor(audience))).to.equal("accepted");
  });

  it("b: audience theft: a token for a Service of the same name elsewhere is refused, also by the first request", async () => {
    const [mine, theirs] = ["countersign-system", "tenant"].map((namespace) =>
      serviceAudience({ namespace, name: "countersign", path: "/validate/pods" }),
    );
    const restarted = route({ audiences: [mine!] });
    expect(await present(restarted, tokenFor(theirs!))).to.equal("ERR_TOKEN_AUDIENCE");
    expect(await present(restarted, tokenFor(mine!))).to.equal("accepted");
  });

  it("b: what decides is shown credentials only: no Host, no path, no other header can reach it", async () => {
    const { authenticateRequest } = route();
    const request = {
      authorization: [`Bearer ${tokenFor(audience)}`],
      host: "countersign.tenant.svc",
      url: "/other",
    };
    expect(await verdictOf(() => authenticateRequest(request))).to.equal("accepted");
    const stolen = {
      ...request,
      authorization: [`Bearer ${tokenFor("https://countersign.tenant.svc:443/other")}`],
    };
    expect(await verdictOf(() => authenticateRequest(stolen))).to.equal("ERR_TOKEN_AUDIENCE");
  });

  it("c: no environment variable is looked at, so none can be missing", () => {
    const rooms = ["authentication", "authorization", "apis"].map((room) => join("src", room));
    const sources = rooms.flatMap((room) =>
      readdirSync(room).map((file) => readFileSync(join(room, file), "utf8")),
    );
    expect(sources.filter((source) => /process\.env|SERVICE_PORT/.test(source))).to.deep.equal([]);
  });

  it("d: each route of one server has its own audience, whichever is called first", async () => {
    const mutate = serviceAudience({
      namespace: "countersign-system",
      name: "countersign",
      path: "/mutate/pods",
    });
    const issuers = [issuerOf()];
    const routes = [route({ issuers }), route({ issuers, audiences: [mutate] })];
    const verdicts = (token: string) => Promise.all(routes.map((on) => present(on, token)));
    expect(await verdicts(tokenFor(mutate))).to.deep.equal(["ERR_TOKEN_AUDIENCE", "accepted"]);
    expect(await verdicts(tokenFor(audience))).to.deep.equal(["accepted", "ERR_TOKEN_AUDIENCE"]);
  });

  it("e: a rotated signing key is found at once, though the JWKS said max-age=3600", async () => {
    const own = stoppedClock();
    const next = signingKey("RS256", "next");
    let keys = [clusterKey];
    const source = { fetchKeys: async () => ({ issuer: clusterIssuer, jwks: jwksOf(...keys) }) };
    const rotating = route({ issuers: [issuerOf([], { source, clock: own })], clock: own });
    expect(await present(rotating, mint())).to.equal("accepted");
    keys = [clusterKey, next];
    own.advance(10_000);
    expect(await present(rotating, mint({ key: next }))).to.equal("accepted");
    expect(await present(rotating, mint())).to.equal("accepted");
  });

  it("e: a cluster that signs with ECDSA is verified as well", async () => {
    for (const alg of ["ES256", "ES384", "ES512"] as const) {
      const key = signingKey(alg);
      expect(await present(route({ issuers: [issuerOf([key])] }), mint({ key }))).to.equal("accepted");
    }
  });

  it("f: the audience is compared as it was registered: a trailing slash and a bare host are kept", async () => {
    for (const registered of [
      "https://hooks.example/validate/",
      "https://hooks.example",
      "https://hooks.example:443/v",
    ])
      expect(await present(route({ audiences: [registered] }), tokenFor(registered))).to.equal("accepted");
  });

  it("h: subresources carry another group's object, and pass", () => {
    const rows = [
      ["apps", "deployments", "scale", "autoscaling", "UPDATE"],
      ["", "pods", "eviction", "policy", "CREATE"],
      ["", "pods", "exec", "", "CONNECT"],
      ["", "serviceaccounts", "token", "authentication.k8s.io", "CREATE"],
    ] as const;
    for (const [group, resource, subResource, kindGroup, operation] of rows) {
      const request = {
        uid: "u",
        kind: { group: kindGroup, version: "v1", kind: "K" },
        resource: { group, version: "v1", resource },
        subResource,
        operation,
        userInfo: { username: "somebody" },
      };
      const apiVersion = kindGroup === "" ? "v1" : `${kindGroup}/v1`;
      const review = { request, object: { typeMeta: () => ({ apiVersion }) } };
      const caller = { method: "webhookToken", attestedAPIGroup: group === "" ? "*" : group };
      expect(() => assertReviewGroups(review, caller)).not.to.throw();
    }
  });

  it("i: the bound object's claim is read in lower case, as the issuer writes it, and in no other", async () => {
    const binding = { name: "countersign", uid: configurationUid };
    expect(await present(route(), mint())).to.equal("accepted");
    const camel = boundClaims(
      {},
      { validatingwebhookconfiguration: undefined, validatingWebhookConfiguration: binding },
    );
    expect(await present(route(), mint({ claims: camel }))).to.equal("ERR_TOKEN_MALFORMED");
  });

  it("j: two Authorization headers are refused, whichever is the good one", async () => {
    const good = `Bearer ${mint()}`;
    for (const authorization of [[good, good], [good, "Bearer x"], ["Bearer x", good], [`${good}, ${good}`]])
      expect(await verdictOf(() => route().authenticateRequest({ authorization }))).to.equal(
        "ERR_AUTHORIZATION_DUPLICATE",
      );
  });

  it("j: a token's life is held to what the issuer gives, so that a stolen one ends", async () => {
    const claims = boundClaims({ iat: noon - 60, exp: noon + 3540 });
    expect(await present(route(), mint({ claims }))).to.equal("ERR_TOKEN_LIFETIME");
  });

  it("also: the binding to exactly one configuration is checked, as the KEP asks", async () => {
    const both = boundClaims(
      {},
      { mutatingwebhookconfiguration: { name: "countersign", uid: configurationUid } },
    );
    expect(await present(route(), mint({ claims: both }))).to.equal("ERR_TOKEN_BINDING");
  });

  it("also: a plain token with the right audience is nobody's pass: every pod's owner can have one minted", async () => {
    const claims = plainClaims(
      { sub: "system:serviceaccount:tenant:default" },
      { namespace: "tenant", serviceaccount: { name: "default", uid: "u" } },
    );
    const named = route({ serviceAccounts: [{ namespace: "kube-system", name: "webhook-auth" }] });
    expect(await present(named, mint({ claims }))).to.equal("ERR_CALLER_UNNAMED");
    expect(await present(route(), mint({ claims }))).to.equal("ERR_TOKEN_UNACCEPTED");
  });

  it("also: what a refusal says, in the log, never holds the token", async () => {
    const token = mint({ claims: boundClaims({ aud: ["https://guess"] }) });
    const thrown = await Promise.resolve()
      .then(() => route().authenticateRequest({ authorization: [`Bearer ${token}`] }))
      .catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(CountersignError);
    for (const part of token.split(".")) expect((thrown as CountersignError).message).not.to.contain(part);
  });
});
