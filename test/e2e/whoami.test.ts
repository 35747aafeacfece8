import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { startFrontProxy } from "../rig/front-proxy.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { type AggregatedCluster, startAggregatedCluster } from "./aggregated-cluster.ts";
import { namespace, picker, pickerUser } from "./aggregated-objects.ts";
import { runCountersign } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import {
  type APIServer,
  certificateUser,
  type GatewayProcess,
  kubeconfigOf,
  type Presented,
  startGateway,
} from "./whoami-servers.ts";

const versions = ["1.37", "1.28"] as const;
const notEnabled = "error: the selfsubjectreviews API is not enabled in the cluster";
const forbidden = `${notEnabled} or you do not have permission to call it\n`;
const loggedOut = "error: You must be logged in to the server (Unauthorized)\n";
/** Who comes through the front proxy: an administrator, so that `--as` is allowed. */
const proxied = {
  username: "front",
  uid: "f-1",
  groups: ["system:masters"],
  extra: { scopes: ["view", "edit"], "acme.example/project": ["one"] },
};

/** Who comes through a proxy that impersonates. */
const tenant = { username: "jane", uid: "j-1", groups: ["dev", "ops"], extra: { scopes: ["view", "edit"] } };
/** kubectl asks for a name where a kubeconfig's user has nothing to present. Neither of these proves anything to anybody. */
const unread = { token: "kept-by-the-front-proxy" };
const anonymous = { username: "nobody", password: "basic-is-no-credential" };

await describeWith(["kube-apiserver 1.37", "kubectl 1.28"], "kubectl auth whoami", () => {
  const stops: (() => Promise<unknown>)[] = [];
  const kubectlFiles = new Map<string, string>();
  let cluster: AggregatedCluster;
  let gateway: GatewayProcess;
  let embedded: ControlPlane;
  let folder: string;
  let files = 0;

  const write = (text: string): string => {
    const file = join(folder, `whoami-${++files}.kubeconfig`);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const whoami = (
    version: string,
    server: APIServer,
    user: Presented,
    ...flags: readonly string[]
  ): Promise<Finished> =>
    run(kubectlFiles.get(version)!, ["auth", "whoami", ...flags], {
      env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: write(kubeconfigOf(server, user)) },
      input: "",
    });
  /** When it was asked is all that may differ from one server to the other. */
  const timeless = ({ code, stdout, stderr }: Finished): object => ({
    code,
    stdout: stdout.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, "NOW"),
    stderr,
  });
  const servers = (): Readonly<Record<string, APIServer>> => ({
    "the aggregated server": cluster,
    "the gateway": gateway,
  });
  /** The server seen through a front proxy of its own. */
  const through = async (
    target: APIServer,
    { frontProxyAuthority }: Pick<ControlPlane, "frontProxyAuthority"> = cluster.controlPlane,
  ): Promise<APIServer> => {
    const pair = frontProxyAuthority.issue({ commonName: "front-proxy-client" });
    const proxy = await startFrontProxy({ target, by: "X-Remote-", ...pair, user: proxied });
    stops.push(() => proxy.close());
    return proxy;
  };

  /** The server seen through a proxy that impersonates, as somebody who may. */
  const impersonating = async (
    target: APIServer,
    { certificateAuthority }: Pick<ControlPlane, "certificateAuthority">,
  ): Promise<APIServer> => {
    const pair = certificateAuthority.issue({ commonName: "proxy", organization: "system:masters" });
    const proxy = await startFrontProxy({ target, by: "Impersonate-", ...pair, user: tenant });
    stops.push(() => proxy.close());
    return proxy;
  };

  before(async () => {
    for (const version of versions) {
      const { file } = await resolveBinary("kubectl", releases[`kubernetes-${version}`], () => undefined);
      kubectlFiles.set(version, file);
    }
    cluster = await startAggregatedCluster();
    stops.push(() => cluster.stop());
    folder = cluster.controlPlane.folder;
    gateway = await startGateway(cluster.controlPlane);
    stops.push(() => gateway.stop());
    embedded = await startControlPlane();
    stops.push(() => embedded.stop());
  });
  after(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  const credentials: Readonly<Record<string, () => Promise<Presented>>> = {
    "a client certificate": async () =>
      certificateUser(
        cluster.controlPlane.certificateAuthority.issue({ commonName: "jane", organization: "dev" }),
      ),
    "a ServiceAccount's token": async () => ({
      token: (
        await strictKubectl(cluster.controlPlane)(["create", "token", picker.name, "-n", namespace])
      ).trim(),
    }),
  };
  const outputs = [[], ["-o", "json"], ["-o", "yaml"]] as const;

  for (const version of versions)
    describe(`of ${version}`, () => {
      for (const [what, present] of Object.entries(credentials))
        it(`says by ${what} what it says of kube-apiserver, whoever is asked`, async () => {
          const user = await present();
          for (const flags of outputs) {
            const expected = timeless(await whoami(version, cluster.controlPlane, user, ...flags));
            expect(expected).to.include({ code: 0, stderr: "" });
            for (const [name, server] of Object.entries(servers()))
              expect(timeless(await whoami(version, server, user, ...flags)), name).to.deep.equal(expected);
          }
        });

      it("prints the table that is written down", async () => {
        const user = await credentials["a client certificate"]!();
        const { stdout } = await whoami(version, cluster, user);
        expect(stdout).to.match(
          /^ATTRIBUTE {43}VALUE\nUsername {44}jane\nGroups {46}\[dev system:authenticated\]\nExtra: authentication\.kubernetes\.io\/credential-id {3}\[X509SHA256=[0-9a-f]{64}\]\n$/,
        );
      });

      it("says through a front proxy whom the proxy names, and whom --as names", async () => {
        const real = await through(cluster.controlPlane);
        const proxies = {
          "the embedded control plane": await through(embedded, embedded),
          "the aggregated server": await through(cluster),
          "the gateway": await through(gateway),
        };
        for (const [name, proxy] of Object.entries(proxies))
          for (const flags of [
            [],
            ["-o", "yaml"],
            ["--as=jane"],
            ["--as=jane", "--as-group=dev", "--as-group=ops", "--as-uid=7", "-o", "json"],
            ["--as=system:serviceaccount:orchard:picker"],
            ["--as=system:anonymous"],
          ]) {
            const expected = timeless(await whoami(version, real, unread, ...flags));
            expect(
              timeless(await whoami(version, proxy, unread, ...flags)),
              `${name} ${flags}`,
            ).to.deep.equal(expected);
          }
        const { stdout } = await whoami(version, proxies["the embedded control plane"], unread);
        expect(stdout).to.equal(
          [
            "ATTRIBUTE                     VALUE",
            "Username                      front",
            "UID                           f-1",
            "Groups                        [system:masters system:authenticated]",
            "Extra: acme.example/project   [one]",
            "Extra: scopes                 [view edit]",
            "",
          ].join("\n"),
        );
      });

      it("says through a proxy that impersonates whom it impersonates, whoever is behind it", async () => {
        const { controlPlane } = cluster;
        const proxies = {
          "kube-apiserver": await impersonating(controlPlane, controlPlane),
          "the embedded control plane": await impersonating(embedded, embedded),
          "the aggregated server": await impersonating(cluster, controlPlane),
          "the gateway": await impersonating(gateway, controlPlane),
        };
        for (const [name, proxy] of Object.entries(proxies))
          expect(await whoami(version, proxy, unread), name).to.deep.equal({
            code: 0,
            stdout: [
              "ATTRIBUTE       VALUE",
              "Username        jane",
              "UID             j-1",
              "Groups          [dev ops system:authenticated]",
              "Extra: scopes   [view edit]",
              "",
            ].join("\n"),
            stderr: "",
          });
      });

      it("says to who may not impersonate what it says of kube-apiserver", async () => {
        const user = await credentials["a ServiceAccount's token"]!();
        const expected = await whoami(version, cluster.controlPlane, user, "--as=jane");
        expect(expected).to.include({ code: 1, stderr: forbidden });
        for (const [name, server] of Object.entries(servers()))
          expect(await whoami(version, server, user, "--as=jane"), name).to.deep.equal(expected);
      });

      it("says to anonymous that it is not permitted, and to a bad token to log in", async () => {
        for (const [name, server] of Object.entries({
          "kube-apiserver": cluster.controlPlane,
          "the embedded control plane": embedded,
          ...servers(),
        })) {
          expect(await whoami(version, server, anonymous), name).to.include({
            code: 1,
            stdout: "",
            stderr: forbidden,
          });
          expect(await whoami(version, server, { token: "bad" }), name).to.include({
            code: 1,
            stdout: "",
            stderr: loggedOut,
          });
        }
      });

      it("says of the embedded control plane by certificate and token what it says of kube-apiserver", async () => {
        // another cluster: its certificates, tokens and uids are its own
        const ownless = (finished: Finished): object => {
          const { stdout, ...rest } = timeless(finished) as Finished;
          return {
            ...rest,
            stdout: stdout.replace(/[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID"),
          };
        };
        const kubeconfig = write(kubeconfigOf(embedded, { token: embedded.adminToken }));
        const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig };
        const admin = async (...args: readonly string[]): Promise<string> =>
          (await run(kubectlFiles.get("1.37")!, args, { env, input: "" })).stdout.trim();
        if (version === versions[0]) {
          await admin("create", "namespace", namespace);
          await admin("create", "serviceaccount", picker.name, "-n", namespace);
        }
        const users: Readonly<Record<string, Presented>> = {
          "a client certificate": certificateUser(
            embedded.certificateAuthority.issue({ commonName: "jane", organization: "dev" }),
          ),
          "a ServiceAccount's token": {
            token: await admin("create", "token", picker.name, "-n", namespace),
          },
        };
        for (const [what, present] of Object.entries(credentials))
          for (const flags of outputs) {
            const expected = await whoami(version, cluster.controlPlane, await present(), ...flags);
            const answered = await whoami(version, embedded, users[what]!, ...flags);
            expect(ownless(answered), what).to.deep.equal(ownless(expected));
          }
        const admins = { token: embedded.adminToken };
        const as = ["--as=jane", "--as-group=dev", "--as-uid=7"];
        expect(timeless(await whoami(version, embedded, admins, ...as))).to.deep.equal(
          timeless(
            await whoami(version, cluster.controlPlane, { token: cluster.controlPlane.adminToken }, ...as),
          ),
        );
      });

      for (const reviewVersion of ["v1beta1", "v1alpha1"] as const)
        it(`falls back to ${reviewVersion} where that is all there is`, async () => {
          const old = await startControlPlane({
            selfSubjectReviews: { selfSubjectReview: [reviewVersion] },
          });
          try {
            const { code, stdout } = await whoami(version, old, { token: old.adminToken }, "-o", "json");
            expect(code).to.equal(0);
            expect(JSON.parse(stdout)).to.containSubset({
              kind: "SelfSubjectReview",
              apiVersion: `authentication.k8s.io/${reviewVersion}`,
              status: { userInfo: { username: "admin" } },
            });
          } finally {
            await old.stop();
          }
        });

      it("says where it is switched off that it is not enabled", async () => {
        const off = await startControlPlane({ selfSubjectReviews: { selfSubjectReview: false } });
        const silent = await startGateway(cluster.controlPlane, {
          selfSubjectReviews: { selfSubjectReview: false },
        });
        try {
          const more =
            version === "1.28"
              ? "enable APISelfSubjectReview feature gate and authentication.k8s.io/v1alpha1 or authentication.k8s.io/v1beta1 API\n"
              : "";
          const expected = { code: 1, stdout: "", stderr: `${notEnabled}\n${more}` };
          expect(await whoami(version, off, { token: off.adminToken })).to.include(expected);
          const user = await credentials["a client certificate"]!();
          expect(await whoami(version, silent, user)).to.include(expected);
        } finally {
          await silent.stop();
          await off.stop();
        }
      });
    });

  describe("and countersign whoami", () => {
    const countersign = (
      server: APIServer,
      user: Presented,
      ...flags: readonly string[]
    ): Promise<Finished> => runCountersign(write(kubeconfigOf(server, user)), ["whoami", ...flags]);

    it("say the same, and ours also who knew the caller, where the server tells", async () => {
      const certificate = await credentials["a client certificate"]!();
      const token = await credentials["a ServiceAccount's token"]!();
      const janeOfEmbedded = certificateUser(embedded.certificateAuthority.issue({ commonName: "jane" }));
      const rows: readonly (readonly [string, APIServer, Presented, string, string])[] = [
        ["kube-apiserver", cluster.controlPlane, certificate, "not told", "client certificate"],
        ["kube-apiserver", cluster.controlPlane, token, "not told", "token"],
        ["aggregated", cluster, certificate, "clientCertificate", "client certificate"],
        ["aggregated", cluster, token, "tokenReview", "token"],
        ["aggregated, proxied", await through(cluster), unread, "requestHeader", "token"],
        ["gateway", gateway, certificate, "clientCertificate", "client certificate"],
        ["gateway", gateway, token, "tokenReview", "token"],
        ["gateway, proxied", await through(gateway), unread, "requestHeader", "token"],
        ["embedded", embedded, janeOfEmbedded, "clientCertificate", "client certificate"],
        ["embedded", embedded, { token: embedded.adminToken }, "staticToken", "token"],
        ["embedded, proxied", await through(embedded, embedded), unread, "requestHeader", "token"],
      ];
      for (const [name, server, user, by, presented] of rows) {
        for (const flags of outputs)
          expect(timeless(await countersign(server, user, ...flags)), name).to.deep.equal(
            timeless(await whoami("1.37", server, user, ...flags)),
          );
        const { stdout } = await countersign(server, user, "--explain");
        expect(stdout.split("\n\n")[1], name).to.equal(`Authenticated by: ${by}\nPresented: ${presented}\n`);
      }
    });

    it("refuse alike, ours with its code", async () => {
      const code = "countersign: ERR_API_STATUS: ";
      for (const [user, said] of [
        [{}, forbidden],
        [anonymous, forbidden],
        [{ token: "bad" }, loggedOut],
      ] as const)
        for (const server of [cluster.controlPlane, ...Object.values(servers())])
          expect(await countersign(server, user)).to.include({
            code: 1,
            stdout: "",
            stderr: said.replace("error: ", code),
          });
    });
  });

  it("KEP-3325's own review is answered to kubectl's raw requests", async () => {
    const review = { apiVersion: "authentication.k8s.io/v1alpha1", kind: "SelfSubjectAttributesReview" };
    const path = "/apis/authentication.k8s.io/v1alpha1/selfsubjectattributesreview";
    const token = await credentials["a ServiceAccount's token"]!();
    for (const [name, server, user, username] of [
      ["embedded", embedded, { token: embedded.adminToken }, "admin"],
      ["aggregated", cluster, token, pickerUser],
      ["gateway", gateway, token, pickerUser],
    ] as const) {
      const { stdout, stderr } = await run(kubectlFiles.get("1.37")!, ["create", "--raw", path, "-f", "-"], {
        env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: write(kubeconfigOf(server, user)) },
        input: JSON.stringify(review),
      });
      expect(stderr, name).to.equal("");
      expect(JSON.parse(stdout), name).to.containSubset({
        ...review,
        status: { userInfo: { username }, name: username },
      });
    }
  });
});
