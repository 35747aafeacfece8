import { expect } from "chai";
import type { WebhookCallerOptions } from "../../src/authentication/webhook-callers.ts";
import { inspectToken, type TokenInspection } from "../../src/inspection/token-inspection.ts";
import { Secret } from "../../src/secret.ts";
import {
  audience,
  boundClaims,
  issuerOf,
  mint,
  plainClaims,
  stoppedClock,
} from "../authentication/minting.ts";

const route: WebhookCallerOptions = {
  audiences: [audience],
  issuers: [issuerOf()],
  webhookTokens: {
    kinds: ["ValidatingWebhookConfiguration"],
    serviceAccounts: [{ namespace: "kube-system", name: "webhook-auth" }],
  },
  serviceAccounts: [{ namespace: "kube-system", name: "webhook-auth" }],
  clock: stoppedClock(),
};
const inspect = (token: string, apiGroup?: string): Promise<TokenInspection> =>
  inspectToken({ token: new Secret(token), route, ...(apiGroup !== undefined && { apiGroup }) });
const groupFinding = async (token: string, apiGroup: string) =>
  (await inspect(token, apiGroup)).findings.find(({ check }) => check === "api group");

describe("inspectToken", () => {
  it("accepts what the route accepts, every check passed", async () => {
    const { accepted, findings } = await inspect(mint());
    expect(accepted).to.equal(true);
    expect(findings.filter(({ passed }) => !passed)).to.deep.equal([]);
  });

  it("refuses where one check does not pass, and reports the others all the same", async () => {
    const { accepted, findings } = await inspect(mint({ claims: boundClaims({ aud: ["https://other"] }) }));
    expect(accepted).to.equal(false);
    expect(findings.filter(({ passed }) => !passed).map(({ code }) => code)).to.deep.equal([
      "ERR_TOKEN_AUDIENCE",
    ]);
    expect(findings.length).to.be.greaterThan(5);
  });

  it("compares no group unless one is said", async () => {
    expect((await inspect(mint())).findings.map(({ check }) => check)).to.not.include("api group");
  });

  it("passes the attested group, and any where * is attested", async () => {
    expect(await groupFinding(mint(), "apps")).to.include({ passed: true, actual: "apps" });
    const all = boundClaims({}, { attestations: { admissionReviewAPIGroups: ["*"] } });
    expect(await groupFinding(mint({ claims: all }), "batch")).to.include({ passed: true, actual: "*" });
  });

  it("fails another group, the core group included, which can be attested by * only", async () => {
    for (const group of ["batch", ""])
      expect(await groupFinding(mint(), group)).to.include({ passed: false, code: "ERR_GROUP_NOT_ATTESTED" });
  });

  it("leaves the group out where the token attests none, or cannot be read", async () => {
    expect(await groupFinding(mint({ claims: plainClaims() }), "apps")).to.equal(undefined);
    expect(await groupFinding("no token", "apps")).to.equal(undefined);
    expect((await inspect("no token", "apps")).accepted).to.equal(false);
  });
});
