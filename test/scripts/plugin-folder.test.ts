import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { bundleIntoOneFile } from "../../scripts/one-file.ts";
import { fillPluginFolder } from "../../scripts/plugin-folder.ts";
import { placeholderToken } from "../../src/credentials/exec-credential.ts";
import { type AgentRig, host, startAgentRig } from "../agent/agent-rig.ts";
import { execInfo } from "../commands/exec-credential-rig.ts";
import { type Finished, run } from "../rig/child-process.ts";

describe("fillPluginFolder", function () {
  this.timeout(60_000);
  let rig: AgentRig;
  let bundle: string;
  before(async function () {
    if (process.platform !== "linux") return this.skip();
    rig = await startAgentRig();
    bundle = rig.file("exec-credential.cjs");
    const program = "src/commands/exec-credential-program.ts";
    writeFileSync(
      bundle,
      await bundleIntoOneFile({ input: program, platform: "node", external: /^(?!\.|\/)/ }),
    );
    fillPluginFolder(rig.file("plugin"), bundle);
    await rig.create("a", {});
    await rig.start();
    await rig.token();
  });
  after(() => rig?.close());

  const env = { KUBERNETES_EXEC_INFO: execInfo({ server: `https://${host}` }) };
  const command = (folder: string): readonly [string, ...string[]] => [
    join(folder, "ld.so"),
    ...["--library-path", join(folder, "lib"), join(folder, "node"), join(folder, "exec-credential.cjs")],
  ];
  const tokenOf = ({ stdout }: Finished): string => JSON.parse(stdout).status.token;

  it("is all that the plugin needs in an otherwise empty file system, to be given the agent's token", async function () {
    // only root may change its root
    if (process.geteuid?.() !== 0) return this.skip();
    const args = [rig.folder, ...command("/plugin"), "--socket", "/run/agent.sock"];
    const finished = await run("chroot", args, { env: { ...env, PATH: process.env.PATH } });
    expect(finished).to.include({ code: 0, stderr: "" });
    expect(tokenOf(finished)).to.match(/^ey/);
  });

  it("leaves in time, though Node was started by the loader, where a file it reads never answers", async () => {
    execFileSync("mkfifo", [rig.file("fifo")]);
    const [loader, ...rest] = command(rig.file("plugin"));
    const minting = ["--service-account=a/b", "--api-group=*", "--server=https://127.0.0.1:1"];
    const finished = await run(loader, [...rest, ...minting, `--token-file=${rig.file("fifo")}`], { env });
    expect(finished.code).to.equal(0);
    expect(tokenOf(finished)).to.equal(placeholderToken);
    expect(finished.stderr).to.match(/^countersign: ERR_TRANSPORT_TIMEOUT: .*\n$/);
  });

  it("asks for the bundle to be built first", () => {
    rmSync(bundle);
    expect(() => fillPluginFolder(rig.file("other"), bundle)).to.throw("run npm run build first");
  });
});
