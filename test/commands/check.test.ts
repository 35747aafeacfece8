import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { audience, clusterIssuer } from "../authentication/minting.ts";
import { type Finished, run } from "../rig/child-process.ts";
import {
  authority,
  configurationText,
  createServerFolder,
  policySource,
  type ServerFolder,
} from "../server/webhooks/server-rig.ts";

const executable = "src/commands/countersign.cts";

describe("--check", function () {
  // processes that start on a busy machine
  this.timeout(60_000);
  let folder: ServerFolder;
  beforeEach(() => {
    folder = createServerFolder();
  });
  afterEach(() => folder.remove());

  describe("of serve", () => {
    const check = (
      changes: object = {},
      args: readonly string[] = [],
      env: object = {},
    ): Promise<Finished> => {
      const file = folder.write(
        "server.json",
        JSON.stringify(JSON.parse(configurationText({ ...changes })), null, 1),
      );
      return run(process.execPath, [executable, "serve", "--config", file, "--check", ...args], {
        env: { ...process.env, ...env },
      });
    };
    const route = (changes: object = {}): object => ({
      path: "/validate",
      audiences: [audience],
      authentication: { webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } },
      policy: { file: "policy.ts" },
      ...changes,
    });

    it("prints ok and ends with 0 where nothing is wrong, listening nowhere", async () => {
      const finished = await check({ listen: { host: "no such host", port: 1 } });
      expect(finished).to.deep.equal({ code: 0, stdout: "ok\n", stderr: "" });
    });

    it("needs neither an API server nor an issuer", async () => {
      const issuers = [{ name: "cluster" }, { name: "other", url: "https://issuer.invalid" }];
      expect(await check({ issuers })).to.deep.equal({ code: 0, stdout: "ok\n", stderr: "" });
    });

    it("tells every fault of the file itself, as serve does", async () => {
      const { code, stdout, stderr } = await check({ listen: { prt: 1 }, leeway: "soon" });
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/ERR_CONFIGURATION: 2 faults[\s\S]*listen\.prt: [\s\S]*leeway: /);
    });

    it("tries all that the file names, and tells each fault with line and field", async () => {
      folder.write("empty.crt", "");
      folder.write("no-keys.json", "{}");
      folder.write("no-policy.ts", "export default {}");
      const { code, stdout, stderr } = await check({
        tls: { certFile: "none.crt", keyFile: "tls.key" },
        issuers: [
          { name: "file", url: clusterIssuer, jwksFile: "no-keys.json" },
          { name: "other", url: "https://issuer.invalid", caFile: "empty.crt" },
        ],
        webhooks: [
          route({ policy: { file: "no-policy.ts" } }),
          route({
            path: "/other",
            authentication: { clientCertificates: { caFile: "empty.crt", names: ["a"] } },
          }),
        ],
      });
      expect([code, stdout]).to.deep.equal([2, ""]);
      for (const field of [
        "tls\\.certFile",
        "issuers\\[0\\]\\.jwksFile",
        "issuers\\[1\\]\\.caFile",
        "webhooks\\[0\\]\\.policy",
        "webhooks\\[1\\]\\.authentication\\.clientCertificates\\.caFile",
      ])
        expect(stderr).to.match(new RegExp(`^\\S+server\\.json:\\d+:\\d+: ${field}: .+`, "m"));
      expect(stderr).to.include("5 faults");
    });

    for (const [what, times, message] of [
      ["has expired", { notAfter: Date.now() - 1000 }, /expired 20/],
      ["is of the future", { notBefore: Date.now() + 3_600_000 }, /is not valid before 20/],
    ] as const)
      it(`does not take a certificate that ${what}: no replica would become ready`, async () => {
        const pair = authority.issue({ commonName: "localhost", dnsNames: ["localhost"], ...times });
        folder.write("tls.crt", pair.certificatePem);
        folder.write("tls.key", pair.keyPem);
        const { code, stderr } = await check();
        expect(code).to.equal(2);
        expect(stderr).to.match(message);
      });

    it("warns of a policy that matches more than its webhook's rules send, and ends with 0", async () => {
      const rules = [
        {
          operations: ["CREATE"],
          apiGroups: ["*"],
          apiVersions: ["*"],
          resources: ["*"],
          scope: "Namespaced",
        },
      ];
      const { code, stdout, stderr } = await check({ webhooks: [route({ rules })] });
      expect([code, stdout]).to.deep.equal([0, "ok\n"]);
      expect(stderr).to.match(
        /server\.json:\d+:\d+: webhooks\[0\]\.rules: warning: the policy of-the-test matches/,
      );
    });

    it("says so of a context that was named", async () => {
      const file = folder.write("kubeconfig", JSON.stringify({ apiVersion: "v1", kind: "Config" }));
      for (const [args, env] of [
        [["--kubeconfig", file], {}],
        [[], { KUBECONFIG: file }],
      ] as const) {
        const { code, stderr } = await check({}, [...args, "--context", "absent"], env);
        expect(code).to.equal(2);
        expect(stderr).to.match(/ERR_KUBECONFIG: .*absent/);
      }
    });

    it("says so of a kubeconfig that was named", async () => {
      const { code, stderr } = await check({}, ["--kubeconfig", folder.write("kubeconfig", "{}")]);
      expect(code).to.equal(2);
      expect(stderr).to.include("ERR_KUBECONFIG");
    });

    it("ends though a policy keeps something running", async () => {
      folder.write("policy.ts", `${policySource("true")}setInterval(() => undefined, 1000);\n`);
      expect(await check()).to.deep.equal({ code: 0, stdout: "ok\n", stderr: "" });
    });
  });

  describe("of agent", () => {
    const check = (fields: object, args: readonly string[] = []): Promise<Finished> => {
      const file = folder.write(
        "agent.json",
        JSON.stringify({
          apiVersion: "countersign.dev/v1alpha1",
          kind: "AgentConfiguration",
          serviceAccount: { namespace: "kube-system", name: "caller" },
          apiGroup: "*",
          socket: "run/agent.sock",
          ...fields,
        }),
      );
      return run(process.execPath, [executable, "agent", "--config", file, "--check", ...args]);
    };
    const kubeconfig = (): string =>
      folder.write(
        "kubeconfig",
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": "a",
          contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
          clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
          users: [{ name: "a", user: { token: "t" } }],
        }),
      );

    it("prints ok where nothing is wrong, though no API server is there, and makes nothing", async () => {
      kubeconfig();
      const tokenFiles = [{ host: "svc.ns.svc:443", file: "tokens/svc" }];
      const finished = await check({ cluster: { kubeconfigFile: "kubeconfig" }, tokenFiles });
      expect(finished).to.deep.equal({ code: 0, stdout: "ok\n", stderr: "" });
      // it can be made: nobody has
      mkdirSync(join(folder.path, "run"));
    });

    it("tells what folders and certificates are not good for, with line and field", async () => {
      for (const name of ["run", "tokens"]) mkdirSync(join(folder.path, name));
      folder.write("run/of-another", "");
      const { certificatePem } = createCertificateAuthority().issue({ commonName: "a" });
      folder.write("other.crt", certificatePem);
      for (const name of ["run", "tokens"]) chmodSync(join(folder.path, name), 0o777);
      const { code, stdout, stderr } = await check(
        {
          tokenFiles: [{ host: "svc.ns.svc:443", file: "tokens/svc" }],
          clientCertificate: { certFile: "other.crt", keyFile: "tls.key" },
        },
        ["--kubeconfig", kubeconfig()],
      );
      expect([code, stdout]).to.deep.equal([2, ""]);
      for (const field of ["socket", "tokenFiles\\[0\\]\\.file", "clientCertificate"])
        expect(stderr).to.match(new RegExp(`agent\\.json:\\d+:\\d+: ${field}: .+`));
    });

    it("says so of a kubeconfig that cannot be used", async () => {
      const { code, stderr } = await check({}, ["--kubeconfig", join(folder.path, "none")]);
      expect(code).to.equal(2);
      expect(stderr).to.include("ERR_KUBECONFIG");
    });
  });
});
