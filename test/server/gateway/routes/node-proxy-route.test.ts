import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "chai";
import { createKubeletAuthorizer } from "../../../../src/authorization/kubelet-authorization.ts";
import { servedEndpoint } from "../../../../src/server/gateway/routes/node-proxy-route.ts";
import type { Kubelet } from "../../../../src/testing/kubelet/kubelet.ts";
import { rejectionOf } from "../../../rejection.ts";
import { startTLSServer, type TLSServer } from "../../../tls-server.ts";
import { type Answered, type Asking, ask, type ServedRig } from "../../api/caller-rig.ts";
import { type ApplicationRig, startApplicationRig } from "../application-rig.ts";

const nodes = (...subresources: readonly string[]): object => ({
  apiGroups: [""],
  resources: subresources.map((subresource) => `nodes/${subresource}`),
  verbs: ["get"],
});

describe("gateway: nodes/NAME/proxy", () => {
  let rig: ApplicationRig;
  let gateway: ServedRig;
  let kubelet: Kubelet;

  before(async function () {
    this.timeout(60_000);
    rig = await startApplicationRig();
    kubelet = await rig.startKubelet();
    await rig.startKubelet({ certificate: "expired" });
    await rig.startKubelet({ certificate: "wrongName" });
    await kubelet.runPod({ name: "web", containers: { app: { log: "one\n" } } });
    await rig.grant("monitor", nodes("metrics"));
    await rig.grant("lister", nodes("pods"));
    await rig.grant("holder", nodes("proxy"));
    await rig.grant("all", {
      apiGroups: [""],
      resources: ["proxy", "metrics", "checkpoint"].map((name) => `nodes/${name}`),
      verbs: ["*"],
    });
    gateway = await rig.serve();
  });
  after(() => rig?.stop());

  const at = (path: string, user: string, asking: Asking = {}, on = gateway): Promise<Answered> =>
    ask(on.url, rig.controlPlane.caPem, `/api/v1/nodes/${path}`, {
      certificate: rig.certificateOf(user),
      ...asking,
    });

  describe("fine-grained", () => {
    for (const [user, path, status] of [
      ["monitor", "/metrics", 200],
      ["monitor", "/metrics/cadvisor", 200],
      ["monitor", "/pods", 403],
      ["monitor", "/configz", 403],
      ["monitor", "/run/default/web/app", 403],
      ["lister", "/pods", 200],
      ["lister", "/pods/", 200],
      ["lister", "/metrics", 403],
      ["holder", "/pods", 200],
      ["holder", "/configz", 200],
      ["holder", "/healthz", 200],
      ["holder", "/containerLogs/default/web/app", 200],
      // as shipped: nodes/proxy has never opened these
      ["holder", "/metrics", 403],
      ["stranger", "/healthz", 403],
    ] as const)
      it(`${user} asks ${path}: ${status}`, async () => {
        const before = kubelet.requests().length;
        const answer = await at(`node-1/proxy${path}`, user);
        expect([answer.status, kubelet.requests().length - before], answer.text).to.deep.equal([
          status,
          status === 200 ? 1 : 0,
        ]);
      });
  });

  it("refuses with a Status that names what would have opened it", async () => {
    const answer = await at("node-1/proxy/pods", "monitor");
    expect(answer.json).to.include({
      kind: "Status",
      reason: "Forbidden",
      message:
        'nodes "node-1" is forbidden: User "monitor" cannot get resource "nodes/pods" or "nodes/proxy" in API group "" at the cluster scope',
    });
  });

  it("coarse: what a kubelet asked for before", async () => {
    const { authorizer } = rig;
    const coarse = await rig.serve({
      kubeletAuthorizer: createKubeletAuthorizer({ authorizer, mode: "coarse" }),
    });
    expect((await at("node-1/proxy/pods", "lister", {}, coarse)).status).to.equal(403);
    expect((await at("node-1/proxy/pods", "holder", {}, coarse)).status).to.equal(200);
  });

  it("analog: the node's permission and what it would be in the API together", async () => {
    const { authorizer } = rig;
    const analog = await rig.serve({
      kubeletAuthorizer: createKubeletAuthorizer({ authorizer, mode: "analog" }),
    });
    const log = "node-1/proxy/containerLogs/default/web/app";
    expect((await at(log, "holder", {}, analog)).json.message).to.contain('resource "pods/log"');
    await rig.grant("both", nodes("proxy"), { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] });
    expect((await at(log, "both", {}, analog)).text).to.equal("one\n");
  });

  it("passes path and query on byte for byte, and of the headers what a kubelet may know", async () => {
    const path = "/containerLogs/default/web/app?tailLines=1&x=%2e%2e&&y";
    const headers = {
      Accept: "text/plain",
      "User-Agent": "of-the-test",
      Cookie: "a=b",
      Range: "bytes=0-1",
      "X-Remote-User": "admin",
      "X-Forwarded-For": "10.0.0.1",
    };
    expect((await at(`node-1/proxy${path}`, "holder", { headers })).status).to.equal(200);
    const { url, rawHeaders, credentials, clientCertificate } = kubelet.requests().at(-1)!;
    expect(url).to.equal(path);
    expect(
      rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
    ).to.have.members(["host", "accept", "user-agent", "connection"]);
    expect(credentials).to.deep.equal([]);
    expect(clientCertificate).to.contain("CN=countersign-gateway");
  });

  it("answers as the kubelet does, and as nothing else", async () => {
    const answer = await at("node-1/proxy/pods", "holder");
    expect(answer.headers).to.include({
      "content-type": "application/json",
      "x-content-type-options": "nosniff",
    });
    expect(answer.json).to.include({ kind: "PodList" });
    const head = await at("node-1/proxy/healthz", "holder", { method: "HEAD" });
    expect([head.status, head.text]).to.deep.equal([200, ""]);
    const missing = await at("node-1/proxy/containerLogs/default/nobody/app", "holder");
    expect([missing.status, missing.text.trim()]).to.deep.equal([404, 'pod "nobody" does not exist']);
  });

  it("only ever over a verified connection: no flag changes that", async () => {
    for (const [node, why] of [
      ["node-2", "expired"],
      ["node-3", "node-3"],
    ] as const) {
      const answer = await at(`${node}/proxy/pods?insecureSkipTLSVerifyBackend=true`, "holder");
      expect([answer.status, answer.json.reason]).to.deep.equal([503, "ServiceUnavailable"]);
      expect(answer.json.message).to.contain(why);
    }
  });

  it("a node that is not there: 404 in the API server's words, for who may", async () => {
    const answer = await at("node-9/proxy/pods", "holder");
    expect([answer.status, answer.json.message]).to.deep.equal([404, 'nodes "node-9" not found']);
    expect((await at("node-9/proxy/pods", "stranger")).status).to.equal(403);
  });

  it("no node reaches another, whatever it was granted", async () => {
    await rig.grant("group:system:nodes", nodes("proxy"));
    const asking = { certificate: rig.certificateOf("system:node:node-2", "system:nodes") };
    const answer = await at("node-1/proxy/pods", "", asking);
    expect([answer.status, answer.json.code]).to.deep.equal([403, 403]);
    expect(answer.json.message).to.contain("reaches its own kubelet only");
    const own = { certificate: rig.certificateOf("system:node:node-1", "system:nodes") };
    expect((await at("node-1/proxy/pods", "", own)).status).to.equal(200);
  });

  it("no node reaches another as somebody else, and who may be a node reaches what it does", async () => {
    const impersonate = { apiGroups: [""], resources: ["users"], verbs: ["impersonate"] };
    await rig.grant("system:node:node-2", impersonate);
    await rig.grant("impersonator", impersonate);
    await rig.grant("system:node:node-2", nodes("proxy"));
    const as = (user: string, name: string, path: string) =>
      at(path, user, { headers: { "Impersonate-User": name } });
    expect((await as("system:node:node-2", "holder", "node-1/proxy/pods")).status).to.equal(403);
    expect((await as("impersonator", "holder", "node-1/proxy/pods")).status).to.equal(200);
    expect((await as("impersonator", "system:node:node-2", "node-1/proxy/pods")).status).to.equal(403);
  });

  describe("what is not passed on", () => {
    for (const [path, method, status] of [
      ["node-1/proxy", "GET", 404],
      ["node-1/proxy/", "GET", 404],
      ["node-1/proxy/unknown", "GET", 404],
      ["node-1/proxy/checkpoint/default/web/app", "POST", 404],
      ["node-1/proxy/debug/flags/v", "PUT", 404],
      ["node-1/proxy/run/default/web/app?cmd=id", "POST", 404],
      ["node-1/proxy/exec/default/web/app?command=id", "GET", 404],
      ["node-1/proxy/exec/default/web/app?command=id", "POST", 404],
      ["node-1/proxy/pods", "POST", 405],
      ["node-1/proxy/pods", "DELETE", 405],
      ["node-1/proxy/metrics", "PUT", 405],
      ["node-1/proxy/pods", "OPTIONS", 403],
      ["node-1:10250/proxy/pods", "GET", 400],
      ["https:node-1:10250/proxy/pods", "GET", 400],
      ["node-1:22/proxy/", "GET", 400],
      ["node-1/proxy/metrics/../pods", "GET", 400],
      ["node-1/proxy/metrics/%2e%2e/pods", "GET", 400],
      ["node-1/proxy//pods", "GET", 400],
      ["node-1/proxy/%70ods", "GET", 400],
      ["node%2d1/proxy/pods", "GET", 400],
      ["Node-1/proxy/pods", "GET", 400],
      ["../nodes/node-1/proxy/pods", "GET", 400],
    ] as const)
      it(`${method} ${path}: ${status}`, async () => {
        const before = kubelet.requests().length;
        const answer = await at(path, "all", { method });
        expect([answer.status, answer.json.kind]).to.deep.equal([status, "Status"]);
        expect(kubelet.requests()).to.have.length(before);
      });

    it("a path of another shape that RequestInfo takes for nodes/proxy is authorized as that, and not served", async () => {
      await rig.grant("anything", { apiGroups: ["*"], resources: ["*"], verbs: ["*"] });
      for (const path of [
        "/api/v1/namespaces/default/nodes/node-1/proxy/pods",
        "/apis/apps/v1/nodes/node-1/proxy/pods",
        "/api/v2/nodes/node-1/proxy/pods",
      ]) {
        const asking = { certificate: rig.certificateOf("anything") };
        expect((await ask(gateway.url, rig.controlPlane.caPem, path, asking)).status).to.equal(404);
      }
    });

    it("an upgrade, or a body, of what is read", async () => {
      const before = kubelet.requests().length;
      for (const headers of [
        { Connection: "Upgrade", Upgrade: "websocket" },
        { Connection: "keep-alive, upgrade", Upgrade: "SPDY/3.1" },
        { Upgrade: "h2c" },
      ]) {
        const answer = await at("node-1/proxy/metrics", "monitor", { headers });
        expect([answer.status, answer.json.kind]).to.deep.equal([400, "Status"]);
      }
      expect((await at("node-1/proxy/metrics", "monitor", { body: "x" })).status).to.equal(400);
      expect(kubelet.requests()).to.have.length(before);
    });
  });

  describe("a kubelet that answers what it should not", () => {
    let server: TLSServer;
    let answer: (request: IncomingMessage, response: ServerResponse) => void;
    let strange: ServedRig;
    before(async () => {
      server = await startTLSServer((request, response) => answer(request, response));
      // this server is no kubelet of the cluster's: what is looked at is what becomes of its answer
      const exchange = rig.kubelets.exchange.bind(rig.kubelets);
      strange = await rig.serve({
        kubelets: { ...rig.kubelets, exchange: (request) => exchange({ ...request, transport: "insecure" }) },
        nodes: {
          node: async (name) => ({
            kind: "Node",
            apiVersion: "v1",
            metadata: { name },
            status: {
              addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
              daemonEndpoints: { kubeletEndpoint: { Port: server.port } },
            },
          }),
        },
      });
      rig.allowPort(server.port);
    });
    after(() => server?.close());
    const asked = (): Promise<Answered> => at("node-1/proxy/pods", "holder", {}, strange);

    for (const status of [301, 302, 303, 307, 308, 304])
      it(`${status} is never relayed, nor followed`, async () => {
        let asks = 0;
        answer = (_, response) => {
          asks++;
          response.writeHead(status, { Location: `${server.url}/elsewhere` }).end();
        };
        const relayed = await asked();
        expect([relayed.status, relayed.headers.location, asks]).to.deep.equal([500, undefined, 1]);
        expect(relayed.json.message).to.contain("redirects the gateway");
      });

    for (const status of [401, 403])
      it(`${status} is the gateway's affair: 500, and what the kubelet said`, async () => {
        answer = (_, response) =>
          void response
            .writeHead(status, { "WWW-Authenticate": "Basic" })
            .end("Forbidden (user=countersign)\n");
        const relayed = await asked();
        expect(relayed.status).to.equal(500);
        expect(relayed.headers).to.not.have.property("www-authenticate");
        expect(relayed.json.message).to.equal(
          `Internal error occurred: the kubelet of node "node-1" refuses the gateway (${status}): Forbidden (user=countersign)`,
        );
      });

    it("cookies, warnings and whatever else would speak for the gateway stay behind", async () => {
      answer = (_, response) =>
        void response
          .writeHead(200, {
            "Set-Cookie": "a=b",
            Warning: '299 - "x"',
            "Access-Control-Allow-Origin": "*",
            Server: "kubelet",
            "Content-Type": "text/html",
          })
          .end("<html>");
      const relayed = await asked();
      expect(relayed.headers).to.not.have.any.keys(
        "set-cookie",
        "warning",
        "access-control-allow-origin",
        "server",
      );
      expect(relayed.headers).to.include({
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
      });
    });

    it("a length of nothing is not said", async () => {
      answer = (_, response) => void response.writeHead(204, { "Content-Length": "5" }).end();
      const relayed = await asked();
      expect([relayed.status, relayed.headers["content-length"]]).to.deep.equal([204, undefined]);
    });

    it("an answer that breaks off is cut, not ended", async () => {
      answer = (_, response) => {
        response.writeHead(200, { "Content-Type": "text/plain" });
        response.write("beginning", () => response.destroy());
      };
      const failure = await asked().then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect(failure).to.equal("ECONNRESET");
    });
  });
});

describe("servedEndpoint", () => {
  for (const [method, path, name] of [
    ["GET", "/pods", "pods"],
    ["HEAD", "/metrics/cadvisor", "metrics/cadvisor"],
    ["GET", "/exec/a/b/c", "exec"],
    ["POST", "/run/a/b/c", "run"],
  ] as const)
    it(`${method} ${path} is ${name} where it is on`, () => {
      expect(servedEndpoint(method, path, ["exec", "run"]).name).to.equal(name);
    });

  for (const [method, path, interactive, code] of [
    ["GET", "/exec/a/b/c", ["run"], "ERR_NOT_SERVED"],
    ["GET", "/run/a/b/c", ["run"], "ERR_METHOD_NOT_SERVED"],
    ["GET", "/run/a/b/c", [], "ERR_NOT_SERVED"],
    ["PUT", "/pods", [], "ERR_METHOD_NOT_SERVED"],
    ["GET", "/nothing", ["exec"], "ERR_NOT_SERVED"],
  ] as const)
    it(`${method} ${path} with ${interactive.join() || "nothing"} on is ${code}`, async () => {
      const error = await rejectionOf((async () => servedEndpoint(method, path, interactive))());
      expect(error.code).to.equal(code);
    });
});
