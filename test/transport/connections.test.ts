import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parseKubeconfig } from "../../src/kubeconfig/parse-kubeconfig.ts";
import { inClusterConnection } from "../../src/transport/in-cluster.ts";
import { findCluster, kubeconfigConnection } from "../../src/transport/kubeconfig-connection.ts";
import { createRestClient } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../tls-server.ts";

describe("connections", () => {
  let folder: string;
  let server: TLSServer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-connection-"));
    server = await startTLSServer(({ headers }, response) => answerJSON(response, 200, headers));
    await writeFile(join(folder, "ca.crt"), server.ca);
    await writeFile(join(folder, "token"), "pod-token\n");
    await writeFile(join(folder, "namespace"), "countersign-system");
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const kubeconfig = (user: string, cluster = "certificate-authority: ca.crt"): string => `
current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]
clusters: [{name: k, cluster: {server: "${server.url}", ${cluster}}}]
users: [{name: u, user: {${user}}}]
`;
  const connect = (user: string, cluster?: string) =>
    kubeconfigConnection(parseKubeconfig(kubeconfig(user, cluster), join(folder, "config")), {
      env: { PATH: dirname(process.execPath), INHERITED: "yes" },
    });
  const authorization = async (user: string): Promise<unknown> => {
    const client = createRestClient((await connect(user)).client);
    const { body } = await client.request<{ authorization?: string }>({ path: "/" });
    client.close();
    return body.authorization;
  };

  it("calls the context's server as its user, in its namespace", async () => {
    expect((await connect("token: t")).namespace).to.equal("n");
    expect(await authorization("token: t")).to.equal("Bearer t");
    expect(await authorization("tokenFile: token")).to.equal("Bearer pod-token");
    expect(await authorization("username: u, password: p")).to.equal(`Basic ${btoa("u:p")}`);
    expect(await authorization("")).to.equal(undefined);
  });

  it("prefers the token file to the token while the file can be read", async () => {
    expect(await authorization("token: t, tokenFile: token")).to.equal("Bearer pod-token");
    expect(await authorization("token: t, tokenFile: missing")).to.equal("Bearer t");
  });

  it("runs a credential plugin when its token is needed, and once", async () => {
    await writeFile(
      join(folder, "plugin.mjs"),
      `import { appendFileSync } from "node:fs";
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      appendFileSync(process.argv[2], JSON.stringify([info, process.env.INHERITED, process.env.OWN]) + "\\n");
      console.log(JSON.stringify({ ...info, status: { token: "from-plugin" } }));`,
    );
    const log = join(folder, "runs");
    const user = `exec: {apiVersion: client.authentication.k8s.io/v1, command: node, args: [${folder}/plugin.mjs, ${log}], env: [{name: OWN, value: "1"}], provideClusterInfo: true}`;
    const client = createRestClient((await connect(user)).client);
    for (let call = 0; call < 2; call++) {
      const { body } = await client.request<{ authorization: string }>({ path: "/" });
      expect(body.authorization).to.equal("Bearer from-plugin");
    }
    client.close();
    const cluster = {
      server: server.url,
      "certificate-authority-data": Buffer.from(server.ca).toString("base64"),
    };
    const spec = { cluster, interactive: false };
    expect(
      (await readFile(log, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).to.deep.equal([
      [{ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", spec }, "yes", "1"],
    ]);
  });

  it("says what it cannot do instead of doing something else", async () => {
    expect((await rejectionOf(connect("token: t", "proxy-url: http://p"))).message).to.match(
      /proxy-url: is not supported: remove it .*; elsewhere forward a local port/,
    );
    for (const user of ["token: t", "username: u", "exec: {command: x}"])
      expect((await rejectionOf(connect(user, "insecure-skip-tls-verify: true"))).message).to.match(
        /insecure-skip-tls-verify: a token/,
      );
  });

  it("is called in a cluster as the pod's ServiceAccount", async () => {
    const { port } = new URL(server.url);
    const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: port };
    const connection = await inClusterConnection({ env, folder });
    expect(connection).to.deep.include({ namespace: "countersign-system", credentials: ["tokenFile"] });
    const client = createRestClient(connection!.client);
    const { body } = await client.request<{ authorization: string }>({ path: "/" });
    client.close();
    expect(body.authorization).to.equal("Bearer pod-token");
  });

  it("is not in a cluster without the environment, and says so of a pod without a token", async () => {
    expect(await inClusterConnection({ env: {}, folder })).to.equal(undefined);
    const env = { KUBERNETES_SERVICE_HOST: "::1", KUBERNETES_SERVICE_PORT: "443" };
    expect((await inClusterConnection({ env, folder }))?.client.server).to.equal("https://[::1]:443");
    const empty = inClusterConnection({ env, folder: join(folder, "missing") });
    expect((await rejectionOf(empty)).message).to.match(/missing\/token cannot be read/);
  });

  it("looks for the cluster as kubectl does", async () => {
    const file = join(folder, "config");
    await writeFile(file, kubeconfig("token: t"));
    for (const options of [{ kubeconfig: file, env: {} }, { env: { KUBECONFIG: file } }])
      expect((await findCluster(options)).client.server).to.equal(server.url);
    expect((await rejectionOf(findCluster({ kubeconfig: file, context: "x", env: {} }))).message).to.match(
      /"x"/,
    );
    expect((await rejectionOf(findCluster({ env: { HOME: folder } }))).message).to.match(
      /no kubeconfig was found, and this is no pod: give --kubeconfig/,
    );
  });
});
