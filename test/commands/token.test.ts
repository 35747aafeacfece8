import { expect } from "chai";
import { token } from "../../src/commands/token.ts";
import { rejectionOf } from "../rejection.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";

describe("countersign token", () => {
  let rig: ControlPlaneRig;
  before(async () => {
    rig = await startControlPlaneRig();
    const service = { name: "images", namespace: "shop", path: "/v/" };
    await register(rig, "validating", "one", { name: "images.example.com", clientConfig: { service } });
    await register(
      rig,
      "mutating",
      "two",
      { name: "a.example.com", clientConfig: { service } },
      {
        name: "b.example.com",
        clientConfig: { url: "https://h.example/b" },
        rules: [{ apiGroups: ["apps", ""], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
      },
    );
  });
  after(() => rig.close());

  async function run(...args: string[]): Promise<CapturedIO> {
    const io = capturedIO();
    expect(await token.run(["--kubeconfig", rig.kubeconfig, ...args], io)).to.equal(0);
    return io;
  }
  const claims = async (...args: string[]) => JSON.parse((await run(...args, "-o", "claims")).out());
  const faultOf = async (...args: string[]) =>
    rejectionOf(token.run(["--kubeconfig", rig.kubeconfig, ...args], capturedIO()));
  const caller = ["--service-account", "kube-system/caller"];

  it("prints a plain token for audiences, and nothing else", async () => {
    const io = await run(...caller, "--audience", "a", "--audience", "b");
    expect(io.out()).to.match(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(io.err()).to.equal("");
  });

  it("prints its claims without it", async () => {
    expect(await claims(...caller, "--audience", "a")).to.deep.include({
      sub: "system:serviceaccount:kube-system:caller",
      aud: ["a"],
    });
  });

  it("binds to the only webhook of a configuration and attests the one group its rules name", async () => {
    const { aud, exp, iat, ...rest } = await claims(...caller, "--webhook-configuration", "validating/one");
    expect(aud).to.deep.equal(["https://images.shop.svc:443/v/"]);
    expect(exp - iat).to.equal(600);
    expect(rest["kubernetes.io"].attestations).to.deep.equal({ admissionReviewAPIGroups: ["apps"] });
    expect(rest["kubernetes.io"].validatingwebhookconfiguration.name).to.equal("one");
  });

  it("prints the TokenRequest as JSON", async () => {
    const io = await run(...caller, "--webhook-configuration", "validating/one", "-o", "json");
    const { kind, spec, status } = JSON.parse(io.out());
    expect(kind).to.equal("TokenRequest");
    expect(spec.attestations).to.deep.equal({ admissionReviewAPIGroups: ["apps"] });
    expect(status).to.have.keys("token", "expirationTimestamp");
    expect(Date.parse(status.expirationTimestamp)).to.be.above(Date.now());
  });

  it("takes the ServiceAccount's namespace from -n", async () => {
    const { sub } = await claims("--service-account", "caller", "-n", "kube-system", "--audience", "a");
    expect(sub).to.equal("system:serviceaccount:kube-system:caller");
  });

  it("asks which webhook and which group where that is open", async () => {
    const two = [...caller, "--webhook-configuration", "mutating/two"];
    expect((await faultOf(...two)).message).to.match(
      /--webhook is required: .*a\.example\.com, b\.example\.com/,
    );
    expect((await faultOf(...two, "--webhook", "c")).message).to.match(
      /has only a\.example\.com, b\.example\.com/,
    );
    expect((await faultOf(...two, "--webhook", "b.example.com")).message).to.match(
      /--api-group is required: .* name apps, the core group/,
    );
    const { aud } = await claims(...two, "--webhook", "b.example.com", "--api-group", "apps");
    expect(aud).to.deep.equal(["https://h.example/b"]);
  });

  it("takes exactly one of audience and webhook configuration, and nothing that goes with the other", async () => {
    for (const args of [
      [],
      ["--audience", "a", "--webhook-configuration", "validating/one"],
      ["--audience", "a", "--webhook", "w"],
      ["--audience", "a", "--api-group", "apps"],
      ["--webhook-configuration", "one"],
    ])
      expect(await faultOf(...caller, ...args), args.join(" ")).to.include({ code: "ERR_USAGE" });
  });

  it("says what to grant when it is refused", async () => {
    const error = await faultOf(...caller, "--webhook-configuration", "validating/one", "--api-group", "*");
    expect(error).to.include({ code: "ERR_TOKEN_REQUEST_ATTEST" });
    expect(await faultOf("--service-account", "kube-system/nobody", "--audience", "a")).to.include({
      code: "ERR_TOKEN_REQUEST_NOT_FOUND",
    });
    expect(await faultOf(...caller, "--webhook-configuration", "validating/none")).to.include({
      code: "ERR_API_STATUS",
    });
  });
});
