import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { runCommandLine } from "../../src/commands/main.ts";
import { whoami } from "../../src/commands/whoami.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import { rejectionOf } from "../rejection.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, startControlPlaneRig } from "./control-plane-rig.ts";
import { send, startStubAPIServer } from "./stub-api-server.ts";

describe("countersign whoami", () => {
  let rig: ControlPlaneRig;
  before(async () => {
    rig = await startControlPlaneRig();
  });
  after(() => rig.close());

  const withKubeconfig = (args: readonly string[]): string[] =>
    args.includes("--kubeconfig") ? [...args] : ["--kubeconfig", rig.kubeconfig, ...args];
  const run = async (...args: string[]): Promise<CapturedIO> => {
    const io = capturedIO();
    expect(await whoami.run(withKubeconfig(args), io)).to.equal(0);
    return io;
  };
  const failed = async (...args: string[]): Promise<{ code: number; err: string }> => {
    const io = capturedIO();
    const code = await runCommandLine(["whoami", ...withKubeconfig(args)], io);
    expect(io.out()).to.equal("");
    return { code, err: io.err() };
  };
  const lines = (...text: readonly string[]): string => `${text.join("\n")}\n`;
  /** A kubeconfig of the rig with another user. */
  const kubeconfigOf = (
    name: string,
    user: object,
    { url, caPem }: Pick<ControlPlane, "url" | "caPem"> = rig.controlPlane,
  ) => {
    const cluster = { server: url, "certificate-authority-data": Buffer.from(caPem).toString("base64") };
    return rig.write(
      name,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "c", cluster }],
        users: [{ name: "u", user }],
        contexts: [
          { name: "c", context: { cluster: "c", user: "u" } },
          { name: "nobody", context: { cluster: "c" } },
        ],
        "current-context": "c",
      }),
    );
  };

  it("prints kubectl's table", async () => {
    const io = await run();
    expect(io.out()).to.equal(
      lines("ATTRIBUTE   VALUE", "Username    admin", "Groups      [system:masters system:authenticated]"),
    );
    expect(io.err()).to.equal("");
  });

  it("prints the review as JSON and YAML", async () => {
    const { kind, status } = JSON.parse((await run("-o", "json")).out());
    expect(kind).to.equal("SelfSubjectReview");
    expect(status.userInfo.username).to.equal("admin");
    expect((await run("-o", "yaml")).out()).to.contain("\n    username: admin\n");
  });

  it("asks as somebody else", async () => {
    const { status } = JSON.parse(
      (await run("--as", "jane", "--as-group", "a", "--as-group", "b", "--as-uid", "7", "-o", "json")).out(),
    );
    expect(status.userInfo).to.deep.equal({
      username: "jane",
      uid: "7",
      groups: ["a", "b", "system:authenticated"],
    });
  });

  it("puts each flag in the place of the kubeconfig's own, as kubectl does", async () => {
    const user = {
      token: rig.controlPlane.adminToken,
      as: "bob",
      "as-uid": "1",
      "as-groups": ["x"],
      "as-user-extra": { e: ["1"] },
    };
    const file = await kubeconfigOf("as", user);
    const asked = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await run("--kubeconfig", file, "-o", "json", ...args)).out()).status.userInfo;
    const extra = { e: ["1"] };
    const groups = ["x", "system:authenticated"];
    expect(await asked()).to.deep.equal({ username: "bob", uid: "1", groups, extra });
    expect(await asked("--as", "jane")).to.deep.equal({ username: "jane", uid: "1", groups, extra });
    expect(await asked("--as-group", "y")).to.deep.equal({
      username: "bob",
      uid: "1",
      groups: ["y", "system:authenticated"],
      extra,
    });
    expect(await asked("--as-uid", "2")).to.include({ username: "bob", uid: "2" });
  });

  it("wants a user whose groups and uid they are", async () => {
    for (const args of [
      ["--as-group", "a"],
      ["--as-uid", "1"],
    ])
      expect(
        await rejectionOf(whoami.run(["--kubeconfig", rig.kubeconfig, ...args], capturedIO())),
      ).to.include({
        code: "ERR_USAGE",
      });
  });

  describe("--explain", () => {
    it("says what was presented and who knew it, and no value of it", async () => {
      const io = await run("--explain");
      expect(io.out().split("\n\n")[1]).to.equal(lines("Authenticated by: staticToken", "Presented: token"));
      expect(io.out()).to.not.contain(rig.controlPlane.adminToken);
    });

    it("leaves JSON to programs: it stands on standard error then", async () => {
      const io = await run("--explain", "-o", "json", "--as", "jane");
      expect(JSON.parse(io.out()).status.userInfo.username).to.equal("jane");
      expect(io.err()).to.equal(
        lines("Authenticated by: staticToken", "Presented: token", "Acting as: jane"),
      );
    });

    /** What `--explain` says of a user of a kubeconfig. */
    const explained = async (name: string, user: object): Promise<string> =>
      (await run("--explain", "--kubeconfig", await kubeconfigOf(name, user))).out().split("\n\n")[1]!;

    it("says which kind of credential it was", async () => {
      const { certificateAuthority, adminToken } = rig.controlPlane;
      const { certificatePem, keyPem } = certificateAuthority.issue({ commonName: "jane" });
      const base64 = (text: string): string => Buffer.from(text).toString("base64");
      const certificate = {
        "client-certificate-data": base64(certificatePem),
        "client-key-data": base64(keyPem),
      };
      const tokenFile = await rig.write("token", adminToken);
      const credential = {
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: adminToken },
      };
      const print = `console.log(${JSON.stringify(JSON.stringify(credential))})`;
      const exec = {
        apiVersion: credential.apiVersion,
        command: process.execPath,
        args: ["-e", print],
        interactiveMode: "Never",
      };
      const rows: readonly (readonly [string, object, string, string])[] = [
        ["certificate", certificate, "clientCertificate", "client certificate"],
        ["file", { tokenFile }, "staticToken", "token of a file"],
        ["exec", { exec }, "staticToken", "token of an exec plugin"],
        // a good certificate is asked first, as upstream asks it
        ["both", { ...certificate, token: adminToken }, "clientCertificate", "client certificate, token"],
      ];
      for (const [name, user, by, presented] of rows)
        expect(await explained(name, user), name).to.equal(
          lines(`Authenticated by: ${by}`, `Presented: ${presented}`),
        );
    });

    it("says that it is not told by a server that does not tell", async () => {
      const stub = await startStubAPIServer();
      try {
        stub.fault = (_, response) => {
          send(response, 201, { kind: "SelfSubjectReview", status: { userInfo: { username: "jane" } } });
          return true;
        };
        const caPem = readFileSync(join(stub.folder, "ca.crt"), "utf8");
        const file = await kubeconfigOf("stub", { token: "t" }, { url: stub.url, caPem });
        expect((await run("--explain", "--kubeconfig", file)).out()).to.equal(
          lines(
            "ATTRIBUTE   VALUE",
            "Username    jane",
            "",
            "Authenticated by: not told",
            "Presented: token",
          ),
        );
      } finally {
        await stub.close();
      }
    });

    it("says what was presented where it was refused, too", async () => {
      const { code, err } = await failed(
        "--explain",
        "--kubeconfig",
        await kubeconfigOf("bad", { token: "bad" }),
      );
      expect(code).to.equal(1);
      expect(err).to.equal(
        lines(
          "Authenticated by: not told",
          "Presented: token",
          "The server says: Unauthorized",
          "countersign: ERR_API_STATUS: You must be logged in to the server (Unauthorized)",
        ),
      );
    });
  });

  describe("fails in kubectl's words, with 1,", () => {
    it("for anonymous, impersonated or not", async () => {
      const forbidden =
        "countersign: ERR_API_STATUS: the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it\n";
      const file = await kubeconfigOf("nobody", {});
      expect(await failed("--kubeconfig", file)).to.deep.equal({ code: 1, err: forbidden });
      expect(await failed("--as", "system:anonymous")).to.deep.equal({ code: 1, err: forbidden });
    });

    it("for a token that is none", async () => {
      expect(await failed("--kubeconfig", await kubeconfigOf("bad", { token: "bad" }))).to.deep.equal({
        code: 1,
        err: "countersign: ERR_API_STATUS: You must be logged in to the server (Unauthorized)\n",
      });
    });

    it("where nothing of it is switched on", async () => {
      const off = await startControlPlane({
        selfSubjectReviews: { selfSubjectReview: false, selfSubjectAttributesReview: false },
      });
      try {
        const file = await kubeconfigOf("off", { token: off.adminToken }, off);
        expect(await failed("--kubeconfig", file)).to.deep.equal({
          code: 1,
          err: "countersign: ERR_API_STATUS: the selfsubjectreviews API is not enabled in the cluster\n",
        });
      } finally {
        await off.stop();
      }
    });
  });

  it("asks by the name that KEP-3325 proposed, where there is no other", async () => {
    const old = await startControlPlane({ selfSubjectReviews: { selfSubjectReview: false } });
    try {
      const file = await kubeconfigOf("seed", { token: old.adminToken }, old);
      expect((await run("--kubeconfig", file)).out()).to.contain("Username    admin\n");
      const { kind } = JSON.parse((await run("--kubeconfig", file, "-o", "json")).out());
      expect(kind).to.equal("SelfSubjectAttributesReview");
    } finally {
      await old.stop();
    }
  });

  it("takes the context that is named", async () => {
    const file = await kubeconfigOf("contexts", { token: rig.controlPlane.adminToken });
    expect((await run("--kubeconfig", file, "--context", "c")).out()).to.contain("admin");
    expect(await failed("--kubeconfig", file, "--context", "nobody")).to.include({ code: 1 });
    expect(await failed("--kubeconfig", file, "--context", "none")).to.include({ code: 2 });
  });
});
