import { join } from "node:path";
import { expect } from "chai";
import { Denial } from "../../src/admission/policy.ts";
import { loadPolicy } from "../../src/policies/load-policy.ts";
import { rejectionOf } from "../rejection.ts";
import {
  createPolicyFolder,
  mountConfigMap,
  type PolicyFolder,
  policyText,
  verdictOf,
} from "./policy-folder.ts";

describe("loadPolicy", () => {
  let folder: PolicyFolder;
  beforeEach(async () => {
    folder = await createPolicyFolder();
  });
  afterEach(() => folder.remove());

  /** The error a file of this text is refused with, without the folder's name. */
  async function fault(name: string, text: string, mutating = false): Promise<string> {
    const error = await rejectionOf(loadPolicy(await folder.write(name, text), { mutating }));
    expect(error.code).to.equal("ERR_POLICY_INVALID");
    return error.message.replaceAll(`${folder.path}/`, "");
  }

  it("loads TypeScript without a build from a folder that has nothing to do with us", async () => {
    const policy = await loadPolicy(
      await folder.write("p.ts", policyText('review.object.metadata.name === "web"')),
    );
    expect(policy.name).to.equal("from-file");
    expect(verdictOf(policy).allowed).to.equal(true);
  });

  for (const extension of ["ts", "mts", "js", "mjs"])
    it(`loads .${extension} as a module, with no package.json in sight or one that says commonjs`, async () => {
      const text = policyText("true")
        .replace(/<.*>(?=\(\{)/, "")
        .replace(/\): boolean \|.*=>/, ") =>");
      expect(verdictOf(await loadPolicy(await folder.write(`p.${extension}`, text))).allowed).to.equal(true);
      await folder.write("package.json", '{"type":"commonjs"}');
      expect(verdictOf(await loadPolicy(await folder.write(`q.${extension}`, text))).allowed).to.equal(true);
    });

  it("gives it this very package for countersign, and its doors, so that its denials are ours", async () => {
    const head = `
import { Denial } from "countersign";
import { deniedResponse } from "countersign/admission";
export const seen = [Denial, deniedResponse];`;
    const policy = await loadPolicy(
      await folder.write("p.ts", policyText('new Denial("own", 418, undefined)', head)),
    );
    expect(verdictOf(policy).status).to.include({ message: "own", code: 418 });
    expect(policy.validate?.({} as never)).to.be.instanceOf(Denial);
  });

  it("also where another countersign is installed beside it", async () => {
    await folder.write(
      "node_modules/countersign/package.json",
      '{"name":"countersign","type":"module","exports":"./x.js"}',
    );
    await folder.write(
      "node_modules/countersign/x.js",
      'export const definePolicy = () => { throw new Error("another") };',
    );
    expect(verdictOf(await loadPolicy(await folder.write("p.ts", policyText("true")))).allowed).to.equal(
      true,
    );
  });

  it("loads from below node_modules, where Node itself would strip nothing", async () => {
    await folder.write("node_modules/policies/names.ts", 'export const names: string[] = ["web"];');
    const head = 'import { names } from "./names.ts";';
    const text = policyText("names.includes(review.object.metadata.name)", head);
    expect(
      verdictOf(await loadPolicy(await folder.write("node_modules/policies/p.ts", text))).allowed,
    ).to.equal(true);
  });

  it("loads what it imports from beside it, and packages of its own folder", async () => {
    await folder.write(
      "sub/names.ts",
      'import { more } from "../more.mts";\nexport const names: string[] = [...more];',
    );
    await folder.write("more.mts", 'import { name } from "dep";\nexport const more: string[] = [name];');
    await folder.write("node_modules/dep/package.json", '{"name":"dep","main":"index.js"}');
    await folder.write("node_modules/dep/index.js", 'module.exports.name = "web";');
    const head =
      'import { names } from "./sub/names.ts";\nimport { readFileSync } from "node:fs";\nvoid readFileSync;';
    const file = await folder.write("p.ts", policyText("names.includes(review.object.metadata.name)", head));
    expect(verdictOf(await loadPolicy(file)).allowed).to.equal(true);
  });

  it("loads through a ConfigMap's symlinks", async () => {
    const head = 'import { names } from "./names.ts";';
    const text = policyText("names.includes(review.object.metadata.name)", head);
    await mountConfigMap(folder, { "p.ts": text, "names.ts": 'export const names: string[] = ["web"];' });
    expect(verdictOf(await loadPolicy(join(folder.path, "p.ts"))).allowed).to.equal(true);
  });

  it("loads the file as it is now, every time, and what it imports as well", async () => {
    await folder.write("names.ts", 'export const names: string[] = ["web"];');
    const head = 'import { names } from "./names.ts";';
    const file = await folder.write("p.ts", policyText("names.includes(review.object.metadata.name)", head));
    const first = await loadPolicy(file);
    await folder.write("names.ts", 'export const names: string[] = ["other"];');
    const second = await loadPolicy(file);
    expect([verdictOf(first).allowed, verdictOf(second).allowed]).to.deep.equal([true, false]);
  });

  it("loads a mutating policy for a mutating route only", async () => {
    const text = policyText("true")
      .replace("validate: (", "mutate: (")
      .replace("=> true", "=> void (review.object.metadata.name = 'x')");
    const file = await folder.write("p.ts", text.replace(/: boolean \|.* =>/, " =>"));
    expect(verdictOf(await loadPolicy(file, { mutating: true }), true).patchType).to.equal("JSONPatch");
    const error = await rejectionOf(loadPolicy(file));
    expect(error.message).to.include("mutate is only for routes of a mutating webhook");
  });

  describe("refuses, naming file and line,", () => {
    it("TypeScript that cannot be stripped", async () => {
      for (const [code, line] of [
        ["enum Verdict { Yes }", 2],
        ["\nnamespace N { export const a = 1; }", 3],
        ["class C { constructor(private a: string) {} }", 2],
      ] as const)
        expect(await fault("p.ts", policyText("true", code))).to.match(
          new RegExp(`^p\\.ts:${line}: TypeScript .* types are stripped`),
        );
    });

    it("the same below node_modules", async () => {
      const message = await fault("node_modules/x/p.ts", policyText("true", "enum Verdict { Yes }"));
      expect(message).to.match(/^node_modules\/x\/p\.ts:2: TypeScript enum is not supported/);
    });

    it("the same in a file it imports, naming that one", async () => {
      await folder.write("rules.ts", "\nenum Verdict { Yes }");
      expect(await fault("p.ts", policyText("true", 'import "./rules.ts";'))).to.match(
        /^rules\.ts:2: TypeScript enum/,
      );
    });

    it("text that does not parse", async () => {
      expect(await fault("p.ts", "const a: number = 1;\nexport default {")).to.match(/^p\.ts:2: /);
      expect(await fault("p.mjs", "const a = 1;\n\nexport default {")).to.match(
        /^p\.mjs:\d: Unexpected end of input/,
      );
    });

    it("an import that leads nowhere", async () => {
      expect(await fault("p.ts", '\nimport "./none.ts";')).to.match(/^p\.ts:2: Cannot find module/);
      expect(await fault("q.ts", '\n\nimport x from "no-such-package";')).to.match(
        /^q\.ts:3: Cannot find package 'no-such-package'/,
      );
      expect(await fault("r.ts", 'import "countersign/none";')).to.match(/^r\.ts:1: Cannot find/);
      expect(await fault("s.ts", 'import { nothing } from "countersign";')).to.match(/^s\.ts:1: .*nothing/);
    });

    it("a file that throws while it loads", async () => {
      expect(await fault("p.ts", 'const a: number = 1;\n\nthrow new TypeError("a " + a);')).to.equal(
        "p.ts:3: a 1",
      );
      expect(await fault("q.ts", "throw 'text';")).to.equal("q.ts: text");
    });

    it("under the name it was given, not where a symlink leads to", async () => {
      await mountConfigMap(folder, { "p.ts": "\n\nenum A { B }" });
      const error = await rejectionOf(loadPolicy(join(folder.path, "p.ts")));
      expect(error.message).to.match(new RegExp(`^${join(folder.path, "p.ts")}:3: `));
    });
  });

  describe("refuses, naming the file,", () => {
    it("one that is not there, or is of another kind", async () => {
      const missing = await rejectionOf(loadPolicy(join(folder.path, "none.ts")));
      expect(missing.message).to.match(/none\.ts: there is no such file$/);
      for (const name of ["p.json", "p.yaml", "p.cjs", "p.cts", "p"])
        expect(await fault(name, "{}")).to.include("a policy file ends in .ts, .mts, .js or .mjs");
    });

    it("one that exports no policy by default", async () => {
      expect(
        await fault("p.ts", 'import { definePolicy } from "countersign";\nexport const p = definePolicy;'),
      ).to.include("p.ts: there is no default export");
      expect(await fault("q.ts", "")).to.include("q.ts: there is no default export");
      expect(await fault("r.ts", "export default 7;")).to.equal("r.ts: it is not an object");
      expect(await fault("s.ts", "export default undefined;")).to.equal("s.ts: it is not an object");
    });

    it("every fault of the policy at once", async () => {
      const text =
        'export default { name: "p", match: [{ operations: ["READ"], apiGroups: [""], apiVersions: ["v1"] }] };';
      expect(await fault("p.ts", text)).to.equal(
        'p.ts: match[0].resources must list at least one value, or "*"; ' +
          'match[0].operations: "READ" is none of CREATE, UPDATE, DELETE, CONNECT and *; it has neither validate nor mutate',
      );
    });

    it("one that never ends loading", async () => {
      const file = await folder.write("p.ts", "await new Promise(() => {});\nexport default {};");
      const error = await rejectionOf(loadPolicy(file, { timeoutMs: 50 }));
      expect(error.message).to.match(/p\.ts: it has not finished loading after 50 ms$/);
    });
  });
});
