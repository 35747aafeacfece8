import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parseNodeProxyPath } from "../src/kubelet/index.ts";
import { run } from "./rig/child-process.ts";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const doors = Object.entries(manifest.exports).flatMap(([door, target]) =>
  typeof target === "string"
    ? []
    : [{ door, source: target.default.replace("./dist/", "./src/").replace(/js$/, "ts") }],
);

/** What importing a door may load of our dependencies, and nothing else. What it needs later it loads later. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  ".": [],
  "./authentication": ["jsonwebtoken", "node-cache"],
  "./authorization": ["node-cache"],
  "./admission": [],
  "./credentials": ["node-cache"],
  "./kubeconfig": ["yaml"],
  "./webhook": ["@marcbachmann/cel-js", "node-cache", "re2js", "yaml"],
  "./kubelet": ["node-cache"],
  "./server": [
    "@koa/router",
    "@opentelemetry/api",
    "jsonwebtoken",
    "koa",
    "node-cache",
    "pino",
    "prom-client",
    "yaml",
    "zod",
  ],
  "./testing": ["@marcbachmann/cel-js", "jsonwebtoken", "node-cache", "re2js", "yaml"],
};

async function packagesLoadedBy(source: string): Promise<string[]> {
  const program = `await import(${JSON.stringify(source)})`;
  const args = ["--import", "./test/rig/record-packages.ts", "--input-type=module", "--eval", program];
  const { code, stdout, stderr } = await run(process.execPath, args);
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
  return JSON.parse(stdout) as string[];
}

describe("the doors of the package", () => {
  it("are those whose dependencies are held here", () => {
    expect(doors.map(({ door }) => door)).to.have.members(Object.keys(allowed));
  });

  it("have AnswerStatusError where it is thrown or caught, and it is one class", async () => {
    const [{ AnswerStatusError }, ...others] = await Promise.all([
      import("../src/kubelet/index.ts"),
      import("../src/server/index.ts"),
      import("../src/authorization/index.ts"),
    ]);
    for (const other of others) expect(other.AnswerStatusError).to.equal(AnswerStatusError);
    expect(() => parseNodeProxyPath("/api/v1/nodes/n1:443/proxy/")).to.throw(AnswerStatusError);
  });

  for (const { door, source } of doors)
    it(`${door} loads no dependency that it does not need, client-node least of all`, async () => {
      const direct = (await packagesLoadedBy(source)).filter((name) =>
        Object.hasOwn(manifest.dependencies, name),
      );
      const beyond = direct.filter((name) => !allowed[door]?.includes(name));
      expect(beyond).to.deep.equal([]);
    });
});
