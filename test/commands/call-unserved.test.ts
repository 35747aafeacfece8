import { expect } from "chai";
import { call } from "../../src/commands/call.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../tls-server.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";

/** What the chart's `helm test` does: a webhook is called for a resource that no API server has. */
describe("countersign call, of what no API server serves", () => {
  const gates = { on: true, off: false };
  const rigs: Partial<Record<keyof typeof gates, ControlPlaneRig>> = {};
  let server: TLSServer;
  let seen: { request: Record<string, never>; authorization: string | undefined } | undefined;
  before(async () => {
    server = await startTLSServer(async (incoming, response) => {
      const { request } = JSON.parse(await readBody(incoming));
      seen = { request, authorization: incoming.headers.authorization };
      const answer = { uid: request.uid, allowed: true };
      answerJSON(response, 200, {
        ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer },
      });
    });
    const clientConfig = {
      service: { name: "svc", namespace: "ns", path: "/self-test" },
      caBundle: Buffer.from(server.ca).toString("base64"),
    };
    for (const [name, webhookTokens] of Object.entries(gates)) {
      const rig = await startControlPlaneRig({ webhookTokens });
      rigs[name as keyof typeof gates] = rig;
      const rule = { apiVersions: ["v1alpha1"], operations: ["CREATE" as const] };
      const rules = [
        { ...rule, apiGroups: ["countersign.dev"], resources: ["selftests"] },
        { ...rule, apiGroups: ["apps"], resources: ["selftests"] },
      ];
      await register(rig, "validating", "v", { name: "self-test.countersign.dev", clientConfig, rules });
      await rig.write(
        "object.yaml",
        "{apiVersion: countersign.dev/v1alpha1, kind: SelfTest, metadata: {name: t}}",
      );
    }
  });
  beforeEach(() => {
    seen = undefined;
  });
  after(async () => {
    await server.close();
    for (const rig of Object.values(rigs)) await rig.close();
  });

  function argsOf(gate: keyof typeof gates, args: readonly string[]): string[] {
    const { kubeconfig, folder } = rigs[gate]!;
    const resolve = `--resolve=[127.0.0.1]:${server.port}`;
    const common = ["--kubeconfig", kubeconfig, resolve, "-f", `${folder}/object.yaml`];
    return [...common, "--webhook-configuration", "validating/v", ...args];
  }
  async function run(
    gate: keyof typeof gates,
    ...args: string[]
  ): Promise<CapturedIO & { readonly code: number }> {
    const io = capturedIO();
    return { ...io, code: await call.run(argsOf(gate, args), io) };
  }
  const selfTests = ["--resource", "countersign.dev/v1alpha1/selftests", "--force"];
  const account = ["--service-account", "kube-system/caller"];

  it("takes the resource as it was named, with --force", async () => {
    const { code, out } = await run("on", ...selfTests);
    expect([code, out()]).to.have.nested.property("[0]", 0);
    expect(out()).to.match(/VERDICT +allowed\n/);
    expect(seen?.request).to.deep.include({
      resource: { group: "countersign.dev", version: "v1alpha1", resource: "selftests" },
      kind: { group: "countersign.dev", version: "v1alpha1", kind: "SelfTest" },
      name: "t",
    });
    expect(seen?.request).to.not.have.property("namespace");
  });

  it("does not without it, nor where the resource is not named", async () => {
    const named = await rejectionOf(call.run(argsOf("on", selfTests.slice(0, 2)), capturedIO()));
    expect(named.code).to.equal("ERR_API_STATUS");
    const unnamed = await rejectionOf(call.run(argsOf("on", ["--force"]), capturedIO()));
    expect(unnamed.message).to.match(/has no SelfTest in countersign\.dev\/v1alpha1/);
    expect(seen).to.equal(undefined);
  });

  it("takes a resource that a known group lacks as it was named too", async () => {
    await run("on", "--resource", "apps/v1/selftests", "--force");
    expect(seen?.request).to.have.nested.property("resource.group", "apps");
  });

  describe("with --if-issued", () => {
    it("calls nothing where no webhook-bound token is issued, says so and exits 0", async () => {
      const { code, out } = await run("off", ...selfTests, ...account, "--if-issued");
      expect([code, seen]).to.deep.equal([0, undefined]);
      expect(out()).to.match(
        /^not called: the API server issues no webhook-bound tokens .*APIServerWebhookAuthenticationToken/,
      );
    });

    it("calls with the token where one is issued", async () => {
      const { code, out } = await run("on", ...selfTests, ...account, "--api-group", "apps", "--if-issued");
      expect(code).to.equal(0);
      expect(out()).to.match(/CREDENTIALS +requestedToken\n/);
      expect(seen?.authorization).to.match(/^Bearer ey/);
    });

    it("calls without where it is refused for another reason, and says which", async () => {
      const { out } = await run("on", ...selfTests, ...account, "--if-issued");
      expect(out()).to.match(/NO TOKEN +ERR_TOKEN_REQUEST_ATTEST: /);
      expect(seen?.authorization).to.equal(undefined);
    });

    it("is refused where no such token is asked for", async () => {
      for (const args of [["--if-issued"], [...account, "--mode", "audience", "--if-issued"]]) {
        const fault = await rejectionOf(call.run(argsOf("on", [...selfTests, ...args]), capturedIO()));
        expect(fault.code).to.equal("ERR_USAGE");
      }
    });
  });
});
