import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { revisionOf } from "../../../scripts/image/revision.ts";

describe("revisionOf", () => {
  let clone: string;
  let outside: string;
  before(() => {
    [clone, outside] = [mkdtempSync(join(tmpdir(), "clone-")), mkdtempSync(join(tmpdir(), "outside-"))];
    const identity = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"];
    const env = {
      ...process.env,
      GIT_AUTHOR_DATE: "1700000000 +0100",
      GIT_COMMITTER_DATE: "1700000000 +0100",
    };
    const git = (...args: string[]) => execFileSync("git", args, { cwd: clone, env, stdio: "ignore" });
    git("init");
    git(...identity, "commit", "--allow-empty", "-m", "first");
  });
  after(() => {
    for (const folder of [clone, outside]) rmSync(folder, { recursive: true });
  });

  it("is the clone's last commit and when it was made", () => {
    const { commit, createdSeconds } = revisionOf(clone, {});
    expect(commit).to.match(/^[0-9a-f]{40}$/);
    expect(createdSeconds).to.equal(1_700_000_000);
  });
  it("is what the environment says, each part by itself", () => {
    expect(revisionOf(clone, { COUNTERSIGN_REVISION: "abc", SOURCE_DATE_EPOCH: "5" })).to.deep.equal({
      commit: "abc",
      createdSeconds: 5,
    });
    expect(revisionOf(clone, { COUNTERSIGN_REVISION: "abc" }).createdSeconds).to.equal(1_700_000_000);
    expect(revisionOf(clone, { SOURCE_DATE_EPOCH: "0" }).createdSeconds).to.equal(0);
  });
  it("is unknown outside a clone, and so old as can be", () =>
    expect(revisionOf(outside, { COUNTERSIGN_REVISION: "" })).to.deep.equal({
      commit: undefined,
      createdSeconds: 0,
    }));
  it("is not that of the clone around an unpacked package", () =>
    expect(revisionOf(join(clone, ".git"), {}).commit).to.equal(undefined));
});
