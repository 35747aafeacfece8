import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import { type APIRequestMessage, diagnosticsChannel } from "../../../../src/diagnostics.ts";
import type { UpgradedKubelet } from "../../../../src/kubelet/kubelet-client.ts";
import type { APIContext } from "../../../../src/server/api/api-state.ts";
import { relayConnection } from "../../../../src/server/gateway/routes/interactive-connection.ts";
import { uncountedStreams } from "../../../../src/server/gateway/routes/open-streams.ts";
import { createUpgradableResponse } from "../../../../src/server/gateway/routes/upgradable-response.ts";
import type { Kubelet } from "../../../../src/testing/kubelet/kubelet.ts";
import { useKubelet } from "../../../kubelet/kubelet-fixture.ts";
import { until } from "../../../until.ts";
import { type Answered, type Asking, ask, type ServedRig } from "../../api/caller-rig.ts";
import { type ApplicationRig, startApplicationRig } from "../application-rig.ts";

const exec = "/api/v1/nodes/node-1/proxy/exec/default/web/app?command=id&output=1";
const webSocket = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
};
const spdy = { Connection: "Upgrade", Upgrade: "SPDY/3.1", "X-Stream-Protocol-Version": "v4.channel.k8s.io" };

interface Upgraded {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  /** All that has come over it. */
  received(): string;
}

describe("gateway: exec, attach, portForward, run", () => {
  let rig: ApplicationRig;
  let on: ServedRig;
  let off: ServedRig;
  let kubelet: Kubelet;
  const messages: APIRequestMessage[] = [];
  const note = (message: unknown): void => void messages.push(message as APIRequestMessage);
  let open = 0;

  before(async function () {
    this.timeout(60_000);
    rig = await startApplicationRig();
    kubelet = await rig.startKubelet({ run: (command) => `ran ${command.join(" ")}\n` });
    await kubelet.runPod({ name: "web" });
    const proxy = (verb: string) => ({ apiGroups: [""], resources: ["nodes/proxy"], verbs: [verb] });
    await rig.grant("reader", proxy("get"));
    await rig.grant("operator", proxy("create"));
    off = await rig.serve();
    on = await rig.serve({
      interactive: ["exec", "attach", "portForward", "run"],
      openStreams: {
        open() {
          open++;
          return () => void open--;
        },
      },
    });
    diagnosticsChannel("countersign:apiRequest").subscribe(note);
  });
  after(async () => {
    diagnosticsChannel("countersign:apiRequest").unsubscribe(note);
    await rig?.stop();
  });
  beforeEach(() => {
    messages.length = 0;
  });

  const at = (path: string, user: string, asking: Asking, gateway = on): Promise<Answered> =>
    ask(gateway.url, rig.controlPlane.caPem, path, { certificate: rig.certificateOf(user), ...asking });

  async function upgrade(path: string, headers: Readonly<Record<string, string>>): Promise<Upgraded> {
    const certificate = rig.certificateOf("operator");
    const request = httpsRequest(`${on.url}${path}`, {
      ...{ ca: rig.controlPlane.caPem, agent: false, headers },
      ...{ cert: certificate.certificatePem, key: certificate.keyPem },
    });
    request.end();
    const [response, socket, head] = (await once(request, "upgrade")) as [IncomingMessage, Duplex, Buffer];
    let text = head.toString("latin1");
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    return { response, socket, received: () => text };
  }

  for (const [what, headers] of [
    ["WebSocket", webSocket],
    ["SPDY", spdy],
  ] as const)
    it(`${what}: every byte goes both ways, and the kubelet is shown no credential`, async () => {
      const { response, socket, received } = await upgrade(exec, headers);
      expect(response.statusCode).to.equal(101);
      expect(response.headers.upgrade?.toLowerCase()).to.equal(headers.Upgrade.toLowerCase());
      socket.write("\x00binary\xff\x80", "latin1");
      await until(() => received().includes("\x00binary\xff\x80"));
      expect(open).to.equal(1);
      socket.end();
      await until(() => open === 0 && messages.length === 1);
      expect(messages[0]).to.include({ code: 101, node: "node-1", user: "operator" });
      expect(JSON.stringify(messages[0])).to.not.contain("command");
      const { url, credentials, clientCertificate } = kubelet.requests().at(-1)!;
      expect(url).to.equal("/exec/default/web/app?command=id&output=1");
      expect(credentials).to.deep.equal([]);
      expect(clientCertificate).to.contain("CN=countersign-gateway");
    });

  it("a token among the WebSocket's protocols proves who calls, and stays here", async () => {
    const token = await rig.tokenOf("operator");
    await rig.grant("system:serviceaccount:default:operator", {
      apiGroups: [""],
      resources: ["nodes/proxy"],
      verbs: ["create"],
    });
    const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
    const headers = { ...webSocket, "Sec-WebSocket-Protocol": `${bearer}, v5.channel.k8s.io` };
    const request = httpsRequest(`${on.url}${exec}`, { ca: rig.controlPlane.caPem, agent: false, headers });
    request.end();
    const [, socket] = (await once(request, "upgrade")) as [IncomingMessage, Duplex];
    socket.destroy();
    await until(() => messages.length === 1);
    expect(messages[0]).to.include({ method: "tokenReview", code: 101 });
    expect(JSON.stringify(kubelet.requests().at(-1)!.rawHeaders)).to.not.contain("base64url.bearer");
  });

  it("ends with its caller", async () => {
    const { socket } = await upgrade(exec, webSocket);
    socket.destroy();
    await until(() => open === 0);
  });

  it("nothing is run for another site's page in its reader's browser", async () => {
    const before = kubelet.requests().length;
    const run = "/api/v1/nodes/node-1/proxy/run/default/web/app?cmd=id";
    const Origin = "https://evil.example";
    expect((await at(exec, "operator", { headers: { ...webSocket, Origin } })).status).to.equal(403);
    expect((await at(run, "operator", { method: "POST", headers: { Origin } })).status).to.equal(403);
    expect(kubelet.requests()).to.have.length(before);
    const { socket } = await upgrade(exec, { ...webSocket, Origin: on.url });
    socket.destroy();
    await until(() => open === 0);
  });

  it("run answers like any other request", async () => {
    const path = "/api/v1/nodes/node-1/proxy/run/default/web/app?cmd=id+-u";
    const answer = await at(path, "operator", { method: "POST" });
    expect([answer.status, answer.text]).to.deep.equal([200, "ran id -u\n"]);
  });

  for (const [method, headers] of [
    ["GET", webSocket],
    ["GET", {}],
    ["POST", spdy],
    ["POST", {}],
  ] as const)
    it(`${method} ${JSON.stringify(headers).slice(0, 40)} needs create, whatever the method`, async () => {
      const before = kubelet.requests().length;
      const answer = await at(exec, "reader", { method, headers });
      expect(answer.status).to.equal(403);
      expect(answer.json.message).to.contain('cannot create resource "nodes/proxy"');
      expect(kubelet.requests()).to.have.length(before);
    });

  it("is off where it is not named: 404, upgrade or not", async () => {
    for (const headers of [webSocket, spdy, {}])
      expect((await at(exec, "operator", { headers }, off)).status).to.equal(404);
  });

  it("needs an upgrade (400), and of a known protocol", async () => {
    expect((await at(exec, "operator", {})).json.message).to.equal("Upgrade request required");
    const strange = await at(exec, "operator", { headers: { Connection: "Upgrade", Upgrade: "h2c" } });
    expect(strange.status).to.equal(400);
  });

  it("what the kubelet refuses is told as it told it, and its connection ends", async () => {
    const missing = exec.replace("/web/", "/nobody/");
    const answer = await at(missing, "operator", { headers: webSocket });
    expect([answer.status, answer.text.trim()]).to.deep.equal([404, "pod does not exist"]);
    expect(answer.headers.connection).to.equal("close");
  });

  it("nobody is let in by an upgrade who is not known", async () => {
    for (const asking of [{ certificate: undefined }, { certificate: undefined, token: "nonsense" }]) {
      const answer = await at(exec, "", { ...asking, headers: webSocket });
      expect([answer.status, answer.json.message]).to.deep.equal([401, "Unauthorized"]);
    }
  });
});

describe("a connection that a kubelet grants to nobody", () => {
  const fixture = useKubelet();
  let server: Server;
  let caller: ClientRequest;
  /** The kubelet's end of it was told that nothing more comes. */
  let isLeft: boolean;
  beforeEach(() => {
    isLeft = false;
    fixture.kubelet.handleUpgrade = (_request, socket) => {
      socket.resume().once("end", () => {
        isLeft = true;
      });
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
    };
  });
  afterEach(async () => {
    caller.destroy();
    server.close();
    await once(server, "close");
  });

  for (const [what, meanwhile] of [
    ["whose answer has begun", (response: ServerResponse) => void response.writeHead(504).end()],
    ["that has gone", (_: ServerResponse, socket: Duplex) => void socket.destroy()],
  ] as const)
    it(`ends: a caller ${what}`, async () => {
      server = createServer();
      await once(server.listen(0, "127.0.0.1"), "listening");
      const { port } = server.address() as AddressInfo;
      caller = get({ host: "127.0.0.1", port, agent: false, headers: spdy }).on("error", () => undefined);
      const [request, socket, head] = (await once(server, "upgrade")) as [IncomingMessage, Duplex, Buffer];
      const response = createUpgradableResponse(request, { socket, head })!;
      const asked = fixture.asked({ headers: ["Upgrade", "SPDY/3.1"] });
      const granted = (await fixture.open().upgrade(asked)) as UpgradedKubelet;
      meanwhile(response, socket);
      await relayConnection({ res: response } as APIContext, granted, uncountedStreams);
      await until(() => isLeft, "its end");
    });
});
