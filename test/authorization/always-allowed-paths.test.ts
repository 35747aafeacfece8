import { expect } from "chai";
import { createAlwaysAllowedPathsAuthorizer } from "../../src/authorization/always-allowed-paths.ts";

describe("createAlwaysAllowedPathsAuthorizer", () => {
  const user = { username: "jane" };
  const judge = async (paths: readonly string[], path: string) =>
    (await createAlwaysAllowedPathsAuthorizer(paths).authorize({ user, nonResource: { path, verb: "post" } }))
      .decision;

  for (const [path, decision] of [
    ["/debug", "noOpinion"],
    ["/debug/", "allow"],
    ["/debug/pprof", "allow"],
    ["/exact", "allow"],
    ["exact", "allow"],
    ["/exact/", "noOpinion"],
    ["/Exact", "noOpinion"],
    ["/", "noOpinion"],
  ] as const)
    it(`of /debug/* and exact, ${path} is ${decision}`, async () => {
      expect(await judge(["/debug/*", "exact"], path)).to.equal(decision);
    });

  it("* is every path, and still no resource", async () => {
    expect(await judge(["*"], "/anything")).to.equal("allow");
    const everything = createAlwaysAllowedPathsAuthorizer(["*"]);
    expect(await everything.authorize({ user, resource: { verb: "get", resource: "pods" } })).to.include({
      decision: "noOpinion",
    });
  });

  it("a * elsewhere is a mistake", () => {
    for (const path of ["/a*b", "/*/x", "**"])
      expect(() => createAlwaysAllowedPathsAuthorizer([path])).to.throw(/trailing \*/);
  });
});
