import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { checkCredentialFiles } from "../../../src/inspection/lint/credential-files.ts";
import { decodeLintInputs } from "../../../src/inspection/lint/decode-lint-inputs.ts";
import { lint } from "../../../src/inspection/lint/lint.ts";
import { parseLintDocuments } from "../../../src/inspection/lint/lint-document.ts";
import { admission, hostPort, kubeconfig, named, url, validating } from "./lint-rig.ts";

describe("lint of files beside files", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-lint-"));
  });
  after(() => rm(folder, { recursive: true }));

  const inputsOf = (...objects: readonly (readonly [string, unknown])[]) =>
    decodeLintInputs(
      objects.flatMap(([file, object]) => parseLintDocuments(stringify(object), join(folder, file))),
    ).inputs;

  async function missing(user: object) {
    const inputs = inputsOf(["webhooks.kubeconfig", kubeconfig({ [hostPort]: user })]);
    const kubeconfigs = await Promise.all(inputs.kubeconfigs.map(checkCredentialFiles));
    return lint({ ...inputs, kubeconfigs }).filter(({ code }) => code === "credential-file-missing");
  }

  it("says which credential file cannot be read, relative to the kubeconfig, and what a failed first call means", async () => {
    const [finding, ...others] = await missing({ tokenFile: "nowhere/token" });
    expect(others).to.deep.equal([]);
    expect(finding).to.include({ severity: "warning", field: "users[0].user.tokenFile" });
    expect(finding!.message)
      .to.contain(join(folder, "nowhere/token"))
      .and.contain("ENOENT")
      .and.contain("stays failed");
  });

  it("says each file of a certificate", async () => {
    const found = await missing({ "client-certificate": "a.crt", "client-key": "a.key" });
    expect(found.map(({ field }) => field)).to.deep.equal([
      "users[0].user.client-certificate",
      "users[0].user.client-key",
    ]);
  });

  it("says that a token file is empty, and nothing of one that holds something", async () => {
    await writeFile(join(folder, "token"), " \n");
    expect((await missing({ tokenFile: "token" }))[0]!.message).to.contain("is empty");
    await writeFile(join(folder, "token"), "abc");
    expect(await missing({ tokenFile: "token" })).to.deep.equal([]);
  });

  describe("static-manifest-name", () => {
    const manifest = (name: string) => named(validating(url("https://hooks.example.com:443/v")), name);
    const codes = (file: string, name: string) => {
      const staticManifestsDir = join(folder, "static");
      const inputs = inputsOf(["admission.yaml", admission({ staticManifestsDir })], [file, manifest(name)]);
      return lint(inputs).map(({ code }) => code);
    };

    it("wants the suffix of a configuration in the folder of static manifests", () => {
      expect(codes("static/a.yaml", "images")).to.deep.equal(["static-manifest-name"]);
      expect(codes("static/a.yaml", "images.static.k8s.io")).to.deep.equal([]);
    });

    it("wants it of no other", () => {
      expect(codes("static-other/a.yaml", "images")).to.deep.equal([]);
    });
  });
});
