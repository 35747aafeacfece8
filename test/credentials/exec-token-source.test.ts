import { expect } from "chai";
import { createExecTokenSource } from "../../src/credentials/exec-token-source.ts";
import type { KubeconfigExec } from "../../src/kubeconfig/kubeconfig.ts";
import { rejectionOf } from "../rejection.ts";

const v1 = "client.authentication.k8s.io/v1";

function sourceOf(script: string, exec: Partial<KubeconfigExec> = {}, timeoutMs = 5_000) {
  return createExecTokenSource({
    userName: "jane",
    exec: { apiVersion: v1, command: process.execPath, args: ["-e", script], env: [], ...exec },
    cluster: { server: "https://kube" },
    env: {},
    timeoutMs,
    clock: { now: () => 1_000, random: () => 0 },
  });
}
const printing = (status: unknown, apiVersion = v1): string =>
  `console.log(${JSON.stringify(JSON.stringify({ kind: "ExecCredential", apiVersion, status }))})`;
const faultOf = async (...args: Parameters<typeof sourceOf>) =>
  (await rejectionOf(sourceOf(...args).token())).message;

describe("exec token source", () => {
  it("gives the plugin's token until it says, or until it is refused", async () => {
    const { token, ...rest } = await sourceOf(
      printing({ token: "t", expirationTimestamp: "2026-01-01T00:00:00Z" }),
    ).token();
    expect(token.reveal()).to.equal("t");
    expect(rest).to.deep.equal({ requestedAt: 1_000, expiresAt: Date.UTC(2026, 0, 1) });
    expect((await sourceOf(printing({ token: "t" })).token()).expiresAt).to.equal(Number.POSITIVE_INFINITY);
  });

  it("tells the plugin about the cluster only where the stanza says so, and never to ask a person", async () => {
    const script = `const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO); ${printing({ token: "x" }).replace('\\"x\\"', '\\"" + Buffer.from(JSON.stringify(spec)).toString("hex") + "\\"')}`;
    const told = async (exec: Partial<KubeconfigExec>) =>
      JSON.parse(Buffer.from((await sourceOf(script, exec).token()).token.reveal(), "hex").toString());
    expect(await told({})).to.deep.equal({ interactive: false });
    expect(await told({ provideClusterInfo: true })).to.deep.equal({
      cluster: { server: "https://kube" },
      interactive: false,
    });
  });

  it("says what is wrong with the plugin, and whose it is", async () => {
    expect(await faultOf("", { command: "/nonexistent/plugin", installHint: "install it" })).to.equal(
      'user "jane": exec: /nonexistent/plugin cannot be run (ENOENT): install it',
    );
    expect(await faultOf("process.exit(3)")).to.match(/ended with exit code 3/);
    expect(await faultOf("setInterval(() => {}, 1e3)", {}, 300)).to.match(/ended with SIGKILL/);
    expect(await faultOf("", { apiVersion: "client.authentication.k8s.io/v1alpha1" })).to.match(
      /apiVersion: must be/,
    );
  });

  it("refuses an answer that is none, and does not quote it", async () => {
    for (const script of [
      "console.log('s3cret')",
      printing({ token: "s3cret" }, "client.authentication.k8s.io/v1beta1"),
      printing({ token: ["s3cret"] }),
      printing({ clientCertificateData: "s3cret", clientKeyData: "s3cret" }),
      printing({ token: "s3cret", expirationTimestamp: "soon" }),
      "console.log('x'.repeat(2 ** 21))",
    ])
      expect(await faultOf(script), script.slice(0, 40))
        .to.match(/^user "jane": exec: /)
        .and.not.include("s3cret");
  });
});
