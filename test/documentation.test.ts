import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { fieldsOf } from "../scripts/field-table.ts";
import { gatewayPage, schemas } from "../scripts/schemas.ts";
import { commandTable } from "../src/commands/command-table.ts";
import { errorCodes } from "../src/errors.ts";
import { createAdmissionMetrics } from "../src/monitoring/admission-metrics.ts";

const readme = readFileSync("README.md", "utf8");
const rooms = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
const doors = ["src", ...rooms.map(({ name }) => join("src", name))]
  .map((folder) => join(folder, "index.ts"))
  .filter((file) => existsSync(file));

/** `[exported name, file it is declared in]` for every re-export of a door. */
function exportsOf(door: string): (readonly [string, string])[] {
  const reExport = /export (?:type )?\{([^}]*)\} from "([^"]+)"/g;
  return [...readFileSync(door, "utf8").matchAll(reExport)].flatMap(([, names, from]) =>
    names!
      .split(",")
      .map(
        (name) =>
          name
            .trim()
            .replace(/^type /, "")
            .split(" as ")[0]!,
      )
      .filter((name) => name !== "")
      .map((name) => [name, resolve(dirname(door), from!)] as const),
  );
}

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, text]) => text!,
  );
}

describe("documentation", () => {
  describe("the README's table of codes", () => {
    const documented = new Set([...readme.matchAll(/^\| `(ERR_[A-Z_]+)`/gm)].map(([, code]) => code!));
    it("holds every code", () =>
      expect(Object.keys(errorCodes).filter((code) => !documented.has(code))).to.deep.equal([]));
    it("holds no other", () =>
      expect([...documented].filter((code) => !(code in errorCodes))).to.deep.equal([]));
  });

  it("the README's table of commands holds those there are, and no other", () => {
    const table = readme.slice(readme.indexOf("## Commands"), readme.indexOf("Results go to stdout"));
    const documented = [...table.matchAll(/^\| `([a-z-]+)/gm)].map(([, name]) => name!);
    expect(documented.sort()).to.deep.equal(Object.keys(commandTable).sort());
  });

  describe("docs/gateway.md's table of the fields of a GatewayConfiguration", () => {
    const { file } = schemas.find(({ title }) => title.endsWith("GatewayConfiguration"))!;
    const fields = fieldsOf(JSON.parse(readFileSync(file, "utf8")));
    const { current, wanted } = gatewayPage();
    it("is what the types say: `node scripts/schemas.ts` writes it anew", () =>
      expect(current).to.equal(wanted));
    it("has every field, each with what it is", () => {
      expect(fields.length).to.be.greaterThan(60);
      const bare = fields.filter(({ path, schema }) => {
        const row = current.split("\n").find((line) => line.startsWith(`| \`${path}\` |`));
        return row?.split(" | ").length !== 4 || !schema.description;
      });
      expect(bare.map(({ path }) => path)).to.deep.equal([]);
    });
  });

  it("docs/gateway.md names every path that nodes/metrics opens at a kubelet, and no other", () => {
    const endpoints = readFileSync("src/kubelet/node-endpoint.ts", "utf8");
    const served = [...endpoints.matchAll(/read\("(metrics[^"]*)"/g)].map(([, name]) => `/${name}`);
    const [, row = ""] =
      /^\| `get nodes\/metrics`.*?\| (.*) \|$/m.exec(readFileSync("docs/gateway.md", "utf8")) ?? [];
    expect([...row.matchAll(/`([^`]+)`/g)].map(([, path]) => path)).to.deep.equal(served);
  });

  it("the README's table of kube-apiserver's metrics holds those that createAdmissionMetrics has, and no other", () => {
    const metrics = createAdmissionMetrics();
    metrics.close();
    const documented = [...readme.matchAll(/`(apiserver_\w+)`/g)].map(([, name]) => name!);
    expect([...new Set(documented)].sort()).to.deep.equal(metrics.families.map(({ name }) => name).sort());
  });

  it("the README's table of figures has the rows that are measured, as they are printed", () => {
    const folder = "scripts/bench";
    const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    const measured = [
      ...sources.join("").matchAll(/what: (?:"([^"]+)"|`([^`]+)`),\s+mustReach: (?:"([^"]+)"|String)/g),
    ].map(([, text, template = "", mustReach]) => ({ what: text ?? template.split("${")[0]!, mustReach }));
    const table = readme.slice(readme.indexOf("## Figures"), readme.indexOf("## What it does not do"));
    const rows = [...table.matchAll(/^\| (.+?) \| (.+?) \| .+ \| .+ \|$/gm)].slice(1);
    for (const [, what, mustReach] of rows) {
      const row = measured.find((one) => what!.startsWith(one.what));
      expect(row, what).to.not.equal(undefined);
      expect(mustReach).to.equal(row?.mustReach ?? mustReach);
    }
    for (const { what } of measured)
      expect(
        rows.some((row) => row[1]!.startsWith(what)),
        what,
      ).to.equal(true);
  });

  it("the README's links to its own chapters and to files lead somewhere", () => {
    const chapters = new Set(
      [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        title!
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      ),
    );
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
    expect(links.length).to.be.greaterThan(5);
    const lost = links.filter((link) =>
      link.startsWith("#") ? !chapters.has(link.slice(1)) : !existsSync(link.split("#")[0]!),
    );
    expect(lost).to.deep.equal([]);
  });

  it("the README's SDK chapter is the admission part of the aggregated server, and is under 80 lines", () => {
    const chapter = readme.slice(readme.indexOf("### SDK: an aggregated API server"));
    const [, block = ""] = /```ts\n([\s\S]*?)```/.exec(chapter) ?? [];
    expect(block).to.equal(readFileSync("test/e2e/aggregated-server/admission.ts", "utf8"));
    expect(block.split("\n").length).to.be.below(80);
  });

  for (const door of doors)
    it(`every export of ${door} is documented where it is declared`, () => {
      const bare = exportsOf(door).filter(([name, file]) => {
        const declaration = new RegExp(
          `\\*/\\s*\\n(?:export )(?:declare |abstract |async )*(?:const|function|class|interface|type) ${name}\\b`,
        );
        return !declaration.test(readFileSync(file, "utf8"));
      });
      expect(bare.map(([name]) => name)).to.deep.equal([]);
    });

  it("what a door throws with a Status, it throws by code", () => {
    const thrown = doors
      .flatMap((door) => exportsOf(door).map(([, file]) => file))
      .flatMap((file) => readFileSync(file, "utf8").match(/@throws AnswerStatusError[\s\S]*?\*\//g) ?? []);
    expect(thrown.length).to.be.greaterThan(4);
    expect(thrown.filter((text) => !/\bERR_[A-Z_]+\b/.test(text))).to.deep.equal([]);
  });

  it("every TypeScript block of the README compiles against the doors", function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "countersign-readme-"));
    try {
      blocks("ts").forEach((text, index) => {
        writeFileSync(join(folder, `block-${index}.mts`), text);
      });
      const paths = Object.fromEntries(
        doors.map((door) => [
          join("countersign", dirname(door).slice(3)).replace(/\/$/, ""),
          [resolve(door)],
        ]),
      );
      const compilerOptions = {
        paths,
        types: ["node"],
        typeRoots: [resolve("node_modules/@types")],
        rootDir: "/",
      };
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ extends: resolve("tsconfig.json"), compilerOptions, include: ["*.mts"] }),
      );
      const tsc = [resolve("node_modules/typescript/bin/tsc"), "-p", folder];
      const { stdout, status } = spawnSync(process.execPath, tsc, { encoding: "utf8" });
      expect(status, stdout).to.equal(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
