import { expect } from "chai";
import { run } from "../rig/child-process.ts";

const entry = "src/commands/countersign.cts";

/** The executable under a Node that calls itself by another version. */
const under = (version: string, ...args: readonly string[]) => {
  const lie = `data:text/javascript,Object.defineProperty(process.versions, "node", { value: ${JSON.stringify(version)} })`;
  return run(process.execPath, ["--import", lie, entry, ...args]);
};

describe("the executable", () => {
  for (const version of ["18.20.8", "20.20.2", "21.7.3", "22.0.0", "22.18.9"])
    it(`says one sentence and exits 2 on Node ${version}, whatever the command`, async () => {
      for (const args of [["--version"], ["exec-credential"], ["serve", "--help"], []])
        expect(await under(version, ...args)).to.deep.equal({
          code: 2,
          stdout: "",
          stderr: `countersign needs Node 22.19 or later, this is ${version}\n`,
        });
    });

  for (const version of ["22.19.0", "22.23.3", "24.0.0", "26.1.0"])
    it(`runs on Node ${version}`, async () => {
      const { code, stdout, stderr } = await under(version, "--version");
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.match(/^countersign \d/);
    });

  it("passes the command's exit code on, and everything it wrote", async () => {
    const { code, stdout, stderr } = await run(process.execPath, [entry, "nonsense"]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
    expect(stderr)
      .to.include('unknown command "nonsense"')
      .and.to.match(/--help'\.\n$/);
  });
});
