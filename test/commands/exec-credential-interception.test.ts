import { expect } from "chai";
import type { RuleWithOperations, Webhook } from "../../src/apis/admissionregistration.ts";
import { execCredential } from "../../src/commands/exec-credential.ts";
import { asSecondRun } from "../../src/commands/second-run.ts";
import { curingExpression } from "../../src/webhook/endpoints/token-request-interceptor.ts";
import { capturedIO } from "./captured-io.ts";
import {
  configuration,
  type ExecCredentialRig,
  execInfo,
  expectPlaceholder,
  service,
  startExecCredentialRig,
} from "./exec-credential-rig.ts";

describe("exec-credential for a webhook that is called for the request for its own token", () => {
  let rig: ExecCredentialRig;
  beforeEach(async () => {
    rig = await startExecCredentialRig();
  });
  afterEach(() => rig.stub.close());

  const everything: RuleWithOperations = {
    apiGroups: ["*"],
    apiVersions: ["*"],
    operations: ["*"],
    resources: ["*/*"],
  };
  const serve = (webhook: Partial<Webhook> = {}): void => {
    rig.stub.configurations = [
      configuration("gate", [{ clientConfig: service("/gate"), rules: [everything], ...webhook }]),
    ];
  };

  for (const mode of ["attested", "plain"] as const)
    it(`asks for no ${mode} token on kube-apiserver's behalf, whose call waits for the answer, and names webhook and cure`, async () => {
      serve();
      const answer = await rig.run(rig[mode]());
      expectPlaceholder(answer, "ERR_TOKEN_REQUEST_INTERCEPTED");
      expect(answer.err).to.include("webhook w0.example.com of ValidatingWebhookConfiguration gate");
      expect(answer.err).to.include(JSON.stringify(curingExpression));
      expect(rig.stub.tokenRequests).to.deep.equal([]);
    });

  it("asks for audiences that are named, whatever is called", async () => {
    serve();
    const { token } = await rig.run(rig.plain("--audience=https://svc.ns.svc:443/gate"));
    expect(token).to.equal(rig.stub.tokens[0]);
  });

  it("asks where a condition or a selector may leave the request out", async () => {
    for (const exempt of [
      { matchConditions: [{ name: "m", expression: curingExpression }] },
      { namespaceSelector: { matchLabels: { guarded: "yes" } } },
      { objectSelector: { matchLabels: { guarded: "yes" } } },
    ]) {
      serve(exempt);
      expect((await rig.run(rig.attested())).token).to.equal(rig.stub.tokens.at(-1));
    }
    expect(rig.stub.tokens).to.have.length(3);
  });

  it("asks on behalf of a server of one API group, which is not the one that calls the webhook for it", async () => {
    serve();
    const args = ["--service-account=kube-system/caller", "--api-group=apps", ...rig.reach()];
    expect((await rig.run(args)).token).to.equal(rig.stub.tokens[0]);
  });

  it("asks as the second run, which nobody waits for", async () => {
    serve();
    const io = capturedIO(asSecondRun({ KUBERNETES_EXEC_INFO: execInfo() }));
    expect(await execCredential.run(rig.attested(), io)).to.equal(0);
    expect(rig.stub.tokens).to.have.length(1);
    expect(io.out()).to.include(rig.stub.tokens[0]!);
  });
});
