import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { commandTable } from "../src/commands/command-table.ts";
import { errorCodes } from "../src/errors.ts";

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
