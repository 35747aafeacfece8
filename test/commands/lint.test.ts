import { expect } from "chai";
import { parse, stringify } from "yaml";
import { lint } from "../../src/commands/lint.ts";
import { kubeconfig, server, validating } from "../inspection/lint/lint-rig.ts";
import { rejectionOf } from "../rejection.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";

const service = { name: "images", namespace: "shop", path: "/validate" };

describe("countersign lint", () => {
  let rig: ControlPlaneRig;
  let clean = "";
  let faulty = "";
  before(async () => {
    rig = await startControlPlaneRig();
    await register(rig, "validating", "images", { name: "images.example.com", clientConfig: { service } });
    await register(rig, "mutating", "other", { name: "other.example.com", clientConfig: { service } });
    clean = await rig.write("clean.yaml", stringify(validating()));
    faulty = await rig.write(
      "faulty.yaml",
      stringify(validating({ sideEffects: "Some", timeoutSeconds: 1 })),
    );
  });
  after(() => rig.close());

  async function run(args: readonly string[], stdin = ""): Promise<CapturedIO & { readonly code: number }> {
    const io = capturedIO({}, stdin);
    return { ...io, code: await lint.run(args, io) };
  }
  const faultOf = (...args: readonly string[]) => rejectionOf(lint.run(args, capturedIO()));
  const codesOf = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { findings } = JSON.parse((await run([...args, "-o", "json"])).out());
    return findings.map((finding: { readonly code: string }) => finding.code);
  };

  it("exits 0 and prints nothing on stdout where there is nothing to say", async () => {
    const { code, out, err } = await run([clean]);
    expect({ code, out: out() }).to.deep.equal({ code: 0, out: "" });
    expect(err()).to.equal("countersign: 0 errors, 0 warnings, 0 to know\n");
  });

  it("exits 1 where there is an error, and 0 where there are only warnings", async () => {
    expect((await run([faulty])).code).to.equal(1);
    const warned = await rig.write("warned.yaml", stringify(validating({ timeoutSeconds: 1 })));
    const { code, err } = await run([warned]);
    expect(code).to.equal(0);
    expect(err()).to.contain("1 warning,");
  });

  it("prints a table: severity, code, file and line, object, field, message", async () => {
    const [head, first] = (await run([faulty])).out().split("\n");
    expect(head).to.match(/^SEVERITY +CODE +WHERE +OBJECT +FIELD +MESSAGE$/);
    expect(first).to.match(
      /^error +side-effects-unsupported +\S+faulty\.yaml:\d+ +ValidatingWebhookConfiguration\/images +webhooks\[0\]\.sideEffects +"Some"/,
    );
  });

  it("prints the same as JSON and as YAML", async () => {
    const json = JSON.parse((await run([faulty, "-o", "json"])).out());
    expect(parse((await run([faulty, "-o", "yaml"])).out())).to.deep.equal(json);
    expect(json.findings[0]).to.have.all.keys(
      "severity",
      "code",
      "object",
      "field",
      "file",
      "line",
      "message",
    );
  });

  it("reads standard input, of several documents", async () => {
    const { code, out } = await run(
      ["-"],
      `${stringify(validating())}---\n${stringify(validating({ rules: [] }))}`,
    );
    expect(code).to.equal(0);
    expect(out()).to.match(/rules-missing +standard input:\d+/);
  });

  it("judges several files together", async () => {
    const config = await rig.write(
      "server.yaml",
      stringify(server({ audiences: ["https://other.svc:443/validate"] })),
    );
    expect(await codesOf(config)).to.not.include("route-without-webhook");
    expect(await codesOf(config, clean)).to.include("route-without-webhook");
  });

  it("takes the webhook kubeconfig, whatever it says it is, with the files of its folder", async () => {
    const { users } = kubeconfig({ "images.shop.svc:443": { tokenFile: "token" } });
    const file = await rig.write("webhooks.kubeconfig", stringify({ users }));
    expect(await codesOf(clean, "--webhook-kubeconfig", file)).to.deep.equal(["credential-file-missing"]);
    await rig.write("token", "abc");
    expect(await codesOf(clean, "--webhook-kubeconfig", file)).to.deep.equal([]);
  });

  it("judges all that the cluster has, validating and mutating together", async () => {
    const { out, code } = await run(["--all", "--kubeconfig", rig.kubeconfig]);
    expect(code).to.equal(0);
    expect(out()).to.match(/shared-host-port +cluster +ValidatingWebhookConfiguration\/images/);
    expect(out()).to.match(/shared-host-port +cluster +MutatingWebhookConfiguration\/other/);
  });

  it("judges one configuration of the cluster, beside files", async () => {
    const args = ["--webhook-configuration", "validating/images", "--kubeconfig", rig.kubeconfig];
    expect(await codesOf(...args)).to.deep.equal(["ca-bundle-missing"]);
    const user = {
      exec: { apiVersion: "client.authentication.k8s.io/v1", command: "/p", interactiveMode: "Never" },
    };
    const file = await rig.write("exec.yaml", stringify(kubeconfig({ "*.svc": user })));
    expect(await codesOf(...args, file)).to.include.members([
      "fail-open-without-plugin",
      "exec-cluster-info",
    ]);
  });

  it("says which configuration the cluster has not", async () => {
    expect(
      await faultOf("--webhook-configuration", "mutating/none", "--kubeconfig", rig.kubeconfig),
    ).to.include({
      code: "ERR_API_STATUS",
    });
  });

  const misuses: Readonly<Record<string, readonly string[]>> = {
    "nothing at all": [],
    "a cluster without what is meant of it": ["a.yaml", "--kubeconfig", "a"],
    "all and one": ["--all", "--webhook-configuration", "validating/a"],
    "a configuration that is not KIND/NAME": ["--webhook-configuration", "a"],
    "standard input twice": ["-", "--webhook-kubeconfig", "-"],
    "a format that there is not": ["a.yaml", "-o", "text"],
    "a file that is not there": ["/nowhere/a.yaml"],
  };
  for (const [misuse, args] of Object.entries(misuses))
    it(`refuses ${misuse}`, async () => expect(await faultOf(...args)).to.include({ code: "ERR_USAGE" }));
});
