import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { loadKubeconfig, locateKubeconfig } from "../../src/kubeconfig/load-kubeconfig.ts";
import { loadClusterCA, resolveContext } from "../../src/kubeconfig/resolve-context.ts";
import { rejectionOf } from "../rejection.ts";

describe("load kubeconfig", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-kubeconfig-"));
    await writeFile(
      join(folder, "a"),
      "users: [{name: red, user: {token: from-a}}, {name: blue, user: {tokenFile: t}}]\n",
    );
    await mkdir(join(folder, "sub"));
    await writeFile(
      join(folder, "sub", "b"),
      `current-context: from-b
users: [{name: red, user: {token: from-b, as: never-merged}}, {name: green, user: {tokenFile: t}}]
contexts: [{name: from-b, context: {user: green, cluster: gone}}]
`,
    );
  });
  after(() => rm(folder, { recursive: true }));

  const load = (...files: string[]) =>
    loadKubeconfig({ files: files.map((file) => join(folder, file)), mustExist: false });

  it("gives every entry whole to the first file that has it", async () => {
    const { users } = await load("a", "sub/b");
    expect(users.get("red")?.token?.reveal()).to.equal("from-a");
    expect(users.get("red")?.as).to.equal(undefined);
    expect([...users.keys()].sort()).to.deep.equal(["blue", "green", "red"]);
  });

  it("takes the current context from the first file that names one", async () => {
    expect((await load("a", "sub/b"))["current-context"]).to.equal("from-b");
  });

  it("resolves paths against the folder of the file they stand in", async () => {
    const { users } = await load("a", "sub/b");
    expect(users.get("blue")?.tokenFile).to.equal(join(folder, "t"));
    expect(users.get("green")?.tokenFile).to.equal(join(folder, "sub", "t"));
  });

  it("skips listed files that are missing, and not a named one", async () => {
    expect((await load("missing")).users.size).to.equal(0);
    const named = { files: [join(folder, "missing")], mustExist: true };
    const error = await rejectionOf(loadKubeconfig(named));
    expect(error).to.include({ code: "ERR_KUBECONFIG" });
    expect(error.message).to.match(/missing: cannot be read \(ENOENT\)/);
  });

  it("says when a path is no file", async () => {
    const error = await rejectionOf(load("sub"));
    expect(error.message).to.match(/EISDIR/);
  });

  it("looks where kubectl looks", () => {
    expect(locateKubeconfig({ explicit: "x", env: { KUBECONFIG: "y" } })).to.deep.equal({
      files: ["x"],
      mustExist: true,
    });
    const listed = ["a", "", "b", "a"].join(delimiter);
    expect(locateKubeconfig({ env: { KUBECONFIG: listed } })).to.deep.equal({
      files: ["a", "b"],
      mustExist: false,
    });
    expect(locateKubeconfig({ env: { HOME: "/home/jane" } }).files).to.deep.equal([
      "/home/jane/.kube/config",
    ]);
  });

  describe("context", () => {
    it("names what it refers to and is not there", async () => {
      const config = await load("a", "sub/b");
      expect(() => resolveContext(config)).to.throw(/context "from-b": there is no cluster "gone"/);
      expect(() => resolveContext(config, "other")).to.throw(/no context "other", only "from-b"/);
    });

    it("says that none is set", async () => {
      const config = await load("a");
      expect(() => resolveContext(config)).to.throw(
        /a: current-context: is not set: name one with kubectl config use-context$/,
      );
    });

    it("gives server, user and namespace", async () => {
      await writeFile(
        join(folder, "whole"),
        `current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}, {name: nobody, context: {cluster: k}}]
clusters: [{name: k, cluster: {server: "https://h"}}, {name: bare}]
users: [{name: u}]
`,
      );
      const config = await load("whole");
      expect(resolveContext(config)).to.deep.include({ name: "c", userName: "u", namespace: "n" });
      expect(resolveContext(config).cluster.server).to.equal("https://h");
      expect(resolveContext(config, "nobody").user).to.deep.equal({});
    });
  });

  describe("cluster CA", () => {
    it("prefers data to the file, and is undefined where the system's roots are meant", async () => {
      const pem = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
      const data = Buffer.from(pem).toString("base64");
      expect(
        await loadClusterCA({ "certificate-authority-data": data, "certificate-authority": "/none" }),
      ).to.equal(pem);
      expect(await loadClusterCA({})).to.equal(undefined);
    });

    it("says which field holds no certificate", async () => {
      const error = await rejectionOf(loadClusterCA({ "certificate-authority-data": "QQ==" }));
      expect(error.message).to.match(/certificate-authority-data: holds no PEM certificate/);
      const missing = await rejectionOf(loadClusterCA({ "certificate-authority": join(folder, "no") }));
      expect(missing.message).to.match(/no cannot be read \(ENOENT\)/);
    });
  });
});
