import { expect } from "chai";
import { kep2510Manifest as manifest } from "../kep-2510-manifest.ts";
import type { Finished } from "../rig/child-process.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { describeWith } from "./requirements.ts";

const unknownField = 'unknown field "webhooks[0].clientConfig.authenticationSource"';
const annotation = "countersign.dev/authentication-source";

await describeWith(["kube-apiserver 1.37"], "kube-apiserver 1.37 and KEP-2510's field", () => {
  let controlPlane: RealControlPlane;
  const apply = (...flags: readonly string[]): Promise<Finished> =>
    controlPlane.kubectl(["apply", ...flags, "-f", "-"], manifest);
  const stored = async (path: string): Promise<string> =>
    strictKubectl(controlPlane)([
      "get",
      "validatingwebhookconfiguration",
      "pod-policy.example.com",
      "-o",
      `jsonpath=${path}`,
    ]);

  before(async () => {
    controlPlane = await startRealControlPlane({});
  });
  after(async () => {
    await controlPlane?.stop();
  });

  it("the manifest is rejected by strict decoding", async () => {
    const { code, stderr } = await apply();
    expect(code).to.equal(1);
    expect(stderr).to.contain("strict decoding error").and.to.contain(unknownField);
  });

  it("with --validate=warn the field is dropped, with a warning", async () => {
    const { code, stderr } = await apply("--validate=warn");
    expect(code, stderr).to.equal(0);
    expect(stderr).to.contain(unknownField);
    expect(await stored("{.webhooks[0].clientConfig.url}")).to.equal("https://my-webhook.example.com");
    expect(await stored("{.webhooks[0].clientConfig.authenticationSource}")).to.equal("");
  });

  it("the annotation that says the same is kept", async () => {
    const value = '{"pod-policy.example.com":{"tokenRequest":{}}}';
    await strictKubectl(controlPlane)([
      "annotate",
      "validatingwebhookconfiguration",
      "pod-policy.example.com",
      `${annotation}=${value}`,
    ]);
    expect(await stored(`{.metadata.annotations.countersign\\.dev/authentication-source}`)).to.equal(value);
  });
});
