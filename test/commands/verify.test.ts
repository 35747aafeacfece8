import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { token as tokenCommand } from "../../src/commands/token.ts";
import { verify } from "../../src/commands/verify.ts";
import { clusterIssuer, forgerKey, mint } from "../authentication/minting.ts";
import { rejectionOf } from "../rejection.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";

const audience = "https://images.shop.svc:443/validate";
const service = { name: "images", namespace: "shop", path: "/validate" };
const configuration = (
  authentication: string,
  type = "validating",
): string => `apiVersion: countersign.dev/v1alpha1
kind: ServerConfiguration
tls: {certFile: tls.crt, keyFile: tls.key}
issuers: [{name: cluster}]
webhooks:
  - path: /validate
    type: ${type}
    audiences: ["${audience}"]
    authentication: ${authentication}
    policy: {file: policy.ts}
`;

describe("countersign verify", () => {
  let rig: ControlPlaneRig;
  let bound = "";
  let plain = "";
  before(async () => {
    rig = await startControlPlaneRig();
    await register(rig, "validating", "images", { name: "images.example.com", clientConfig: { service } });
    bound = await mintReal("--webhook-configuration", "validating/images");
    plain = await mintReal("--audience", audience);
  });
  after(() => rig.close());

  async function mintReal(...args: string[]): Promise<string> {
    const io = capturedIO();
    const flags = ["--kubeconfig", rig.kubeconfig, "--service-account", "kube-system/caller"];
    expect(await tokenCommand.run([...flags, ...args], io), io.err()).to.equal(0);
    return io.out().trim();
  }
  async function run(token: string, ...args: string[]): Promise<CapturedIO & { readonly code: number }> {
    const io = capturedIO({}, token);
    return { ...io, code: await verify.run(["--kubeconfig", rig.kubeconfig, ...args], io) };
  }
  const faultOf = (token: string, ...args: string[]) =>
    rejectionOf(verify.run(["--kubeconfig", rig.kubeconfig, ...args], capturedIO({}, token)));

  it("accepts a webhook-bound token of the cluster, with a line for every check", async () => {
    const { code, out } = await run(`${bound}\n`, "--audience", audience);
    expect(out())
      .to.match(/\naccepted\n$/)
      .and.not.contain("FAILED");
    expect(code).to.equal(0);
    const checks = ["algorithm", "issuer", "audience", "signature"];
    for (const check of checks) expect(out()).to.match(new RegExp(`^ok +${check}`, "m"));
  });

  it("refuses it for another audience, showing both, and goes on to the other checks", async () => {
    const { code, out } = await run(bound, "--audience", "https://other.example.com/v");
    expect(code).to.equal(1);
    expect(out()).to.match(/^FAILED +audience .*other\.example\.com.*images\.shop.*ERR_TOKEN_AUDIENCE$/m);
    expect(out()).to.match(/^ok +signature/m);
    expect(out()).to.contain("refused: 1 of");
  });

  it("compares the attested API group as a review would", async () => {
    expect((await run(bound, "--audience", audience, "--api-group", "apps")).code).to.equal(0);
    const { code, out } = await run(bound, "--audience", audience, "--api-group", "batch");
    expect(code).to.equal(1);
    expect(out()).to.match(/^FAILED +api group .*batch.*apps.*ERR_GROUP_NOT_ATTESTED$/m);
  });

  it("accepts a plain token only of a ServiceAccount that is named", async () => {
    expect((await run(plain, "--audience", audience)).code).to.equal(1);
    const named = await run(plain, "--audience", audience, "--service-account", "kube-system/caller");
    expect(named.code).to.equal(0);
    const other = await run(plain, "--audience", audience, "--service-account", "kube-system/other");
    expect(other.out()).to.contain("ERR_CALLER_UNNAMED");
  });

  it("says of a forged token which check it does not pass", async () => {
    const { code, out } = await run(mint({ key: forgerKey }), "--audience", audience);
    expect(code).to.equal(1);
    expect(out()).to.contain("ERR_TOKEN_KEY_UNKNOWN");
  });

  it("reads keys from a file, for the issuer that is named", async () => {
    const { body } = await rig.client.request({
      path: "/openid/v1/jwks",
      headers: { accept: "application/jwk-set+json" },
    });
    const file = await rig.write("keys.json", JSON.stringify(body));
    const flags = ["--audience", audience, "--jwks-file", file];
    expect((await run(bound, ...flags, "--issuer", clusterIssuer)).code).to.equal(0);
    expect((await run(bound, ...flags, "--issuer", "https://elsewhere.example")).out()).to.contain(
      "ERR_TOKEN_ISSUER",
    );
    expect(await faultOf(bound, ...flags)).to.include({ code: "ERR_USAGE" });
  });

  it("holds the token against a route of a configuration file, as serve would", async () => {
    const config = await rig.write(
      "server.yaml",
      configuration("{webhookTokens: {kinds: [ValidatingWebhookConfiguration]}}"),
    );
    expect((await run(bound, "--config", config, "--path", "/validate")).code).to.equal(0);
    const mutating = await rig.write(
      "mutating.yaml",
      configuration("{webhookTokens: {kinds: [MutatingWebhookConfiguration]}}", "mutating"),
    );
    const { code, out } = await run(bound, "--config", mutating, "--path", "/validate");
    expect(code).to.equal(1);
    expect(out()).to.contain("ERR_TOKEN_BINDING");
  });

  it("asks for a TokenReview where the route does", async () => {
    const authentication = "{webhookTokens: {kinds: [ValidatingWebhookConfiguration]}, tokenReview: {}}";
    const config = await rig.write("review.yaml", configuration(authentication));
    const { code, out } = await run(bound, "--config", config, "--path", "/validate");
    expect(out()).to.match(/^ok +token review/m);
    expect(code).to.equal(0);
  });

  it("prints the findings as JSON", async () => {
    const { out } = await run(bound, "--audience", audience, "-o", "json");
    const { accepted, findings } = JSON.parse(out());
    expect(accepted).to.equal(true);
    expect(findings[0]).to.deep.equal({ check: "shape", passed: true });
  });

  it("never prints the token, nor a part of it", async () => {
    for (const token of [bound, plain, `${bound.slice(0, -4)}AAAA`])
      for (const format of ["text", "json"]) {
        const { out, err } = await run(token, "--audience", "x", "-o", format);
        for (const part of token.split(".")) expect(out() + err()).to.not.contain(part);
      }
  });

  it("reads the token from a file", async () => {
    const file = await rig.write("token", bound);
    expect((await run("", "--token-file", file, "--audience", audience)).code).to.equal(0);
    expect(await faultOf("", "--token-file", `${file}${randomUUID()}`, "--audience", audience))
      .to.include({ code: "ERR_USAGE" })
      .with.property("message")
      .that.contains("ENOENT");
  });

  const misuses: Readonly<Record<string, readonly string[]>> = {
    "no audience": [],
    "a configuration without a path": ["--config", "server.yaml"],
    "a configuration and an audience": ["--config", "server.yaml", "--path", "/v", "--audience", "x"],
    "a ServiceAccount without a namespace": ["--audience", "x", "--service-account", "caller"],
  };
  for (const [misuse, args] of Object.entries(misuses))
    it(`refuses ${misuse}`, async () =>
      expect(await faultOf(bound, ...args)).to.include({ code: "ERR_USAGE" }));

  it("refuses nothing at all where a token is expected", async () => {
    expect(await faultOf(" \n", "--audience", "x")).to.include({ code: "ERR_USAGE" });
  });

  it("names the routes there are where the path is none, or authenticates nobody", async () => {
    const config = await rig.write("off.yaml", configuration("{mode: off}"));
    expect(await faultOf(bound, "--config", config, "--path", "/other"))
      .to.have.property("message")
      .that.contains("/validate");
    expect(await faultOf(bound, "--config", config, "--path", "/validate"))
      .to.have.property("message")
      .that.contains("off");
  });
});
