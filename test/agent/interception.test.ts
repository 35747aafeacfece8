import { createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { placeholderToken } from "../../src/credentials/exec-credential.ts";
import { curingExpression } from "../../src/webhook/endpoints/token-request-interceptor.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { until } from "../until.ts";
import { type AgentRig, caller, startAgentRig } from "./agent-rig.ts";

/** A webhook that is called for every TokenRequest, its own among them. */
const everything = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*" as const], resources: ["*/*"] }];

describe("an agent whose webhook is called for its own token", () => {
  let rig: AgentRig;
  let hanging: Server;
  let port: number;
  let server: string;
  const sockets = new Set<Socket>();
  beforeEach(async () => {
    rig = await startAgentRig();
    port = await freePort();
    server = `https://localhost:${port}`;
    // takes a call and never answers it: as one that waits for the token it shall be called with
    hanging = createServer((socket) =>
      sockets.add(socket.on("error", () => undefined).on("close", () => sockets.delete(socket))),
    );
    await new Promise<void>((resolve) => hanging.listen(port, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise((resolve) => hanging.close(resolve));
    await rig.close();
  });

  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gate";
  const create = (changes: object = {}) =>
    rig.create("gate", {
      name: "gate.example.com",
      clientConfig: { url: `${server}/v` },
      timeoutSeconds: 30,
      ...changes,
    });
  const change = async (changes: object): Promise<void> => {
    const { body } = await rig.admin.request<{ webhooks: object[] }>({ path });
    const webhooks = [{ ...body.webhooks[0], ...changes }];
    await rig.admin.request({ method: "PUT", path, body: { ...body, webhooks } });
  };
  const isIntercepted = async (): Promise<boolean> => /INTERCEPTED/.test((await rig.plugin(server)).err);

  it("cold: says so at once, while the request for the token still waits for the webhook", async () => {
    await create({ rules: everything });
    await rig.start();
    await until(isIntercepted, "interception");
    await until(() => sockets.size > 0, "the webhook to be called for the token");
    const [waiting] = sockets;
    const { exitCode, token, err } = await rig.plugin(server);
    expect(sockets.has(waiting!), "the same call still waits").to.equal(true);
    expect({ exitCode, token }).to.deep.equal({ exitCode: 0, token: placeholderToken });
    expect(err).to.match(
      /^countersign: ERR_TOKEN_REQUEST_INTERCEPTED: webhook gate\.example\.com of ValidatingWebhookConfiguration gate .*matchCondition .*subResource/,
    );
  });

  it("cold: log, metrics and readiness name host, webhook and cure", async () => {
    await create({ rules: everything });
    const agent = await rig.start();
    await until(isIntercepted, "interception");
    expect(await agent.readyz()).to.include(`[-]token-localhost:${port} failed`);
    const labels = `host="localhost:${port}"`;
    expect(await agent.metric("countersign_agent_token_missing")).to.deep.equal([
      `countersign_agent_token_missing{${labels},code="ERR_TOKEN_REQUEST_INTERCEPTED"} 1`,
    ]);
    expect(await agent.metric("countersign_agent_token_request_intercepted")).to.deep.equal([
      `countersign_agent_token_request_intercepted{${labels},webhook="gate.example.com"} 1`,
    ]);
    await until(() => agent.log().includes("a webhook is called for its own token"), "the line");
    expect(agent.log()).to.match(
      /"readyz check failed".*|gate\.example\.com of ValidatingWebhookConfiguration gate/,
    );
    expect(agent.log()).to.include("matchCondition");
  });

  it("cold: keeps giving tokens for webhooks that are called for no token, once they are to be had", async () => {
    await create({ rules: everything, failurePolicy: "Ignore", timeoutSeconds: 1 });
    await rig.create("other", {});
    await rig.start();
    await poll("a token", async () => (await rig.plugin()).token.startsWith("ey") || undefined);
  });

  it("is cured by other rules without a restart", async () => {
    await create({ rules: everything });
    const agent = await rig.start();
    await until(isIntercepted, "interception");
    await change({ rules: [{ ...everything[0], apiGroups: ["apps"] }] });
    for (const socket of sockets) socket.destroy();
    await poll("a token", async () => {
      // a failure is not repeated at once: by its clock
      rig.controlPlane.clock.advance(1_000);
      return (await rig.plugin(server)).token.startsWith("ey") || undefined;
    });
    expect(await agent.readyz()).to.include(`[+]token-localhost:${port} ok`);
    expect(await agent.metric("countersign_agent_token_request_intercepted")).to.deep.equal([]);
  });

  const allowAttesting = async (apiGroup: string): Promise<void> => {
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    const metadata = { name: "attests" };
    const rule = {
      apiGroups: ["authentication.k8s.io"],
      resources: ["admissionReviewAPIGroups"],
      resourceNames: [apiGroup],
      verbs: ["attest"],
    };
    await rig.admin.request({ path: `${rbac}/clusterroles`, body: { metadata, rules: [rule] } });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", ...metadata };
    const subjects = [{ kind: "ServiceAccount", ...caller }];
    await rig.admin.request({
      path: `${rbac}/clusterrolebindings`,
      body: { metadata, roleRef, subjects },
    });
  };
  const firstAnswer = async (fields?: Readonly<Record<string, unknown>>) => {
    const agent = await rig.start(fields);
    const synced = "countersign_agent_configurations_synced";
    await until(
      async () => (await agent.metric(synced))[0] === `${synced} 1`,
      "the configurations to be read",
    );
    const { token, err } = await rig.plugin(server);
    expect(err).to.equal("");
    expect(token).to.match(/^ey/);
    return agent;
  };

  it("is none where a matchCondition leaves the request out: whoever asks first is given a token", async () => {
    await create({
      rules: everything,
      matchConditions: [{ name: "not-for-tokens", expression: curingExpression }],
    });
    const agent = await firstAnswer();
    expect(sockets.size, "calls of the webhook").to.equal(0);
    expect(await agent.metric("countersign_agent_token_request_intercepted")).to.deep.equal([]);
    expect(agent.log()).to.not.include("its own token");
  });

  it("is none where rules and conditions name other namespaces than the ServiceAccount's", async () => {
    await create({
      rules: everything,
      matchConditions: [{ name: "others", expression: 'request.namespace != "kube-system"' }],
    });
    await firstAnswer();
  });

  it("of one API group: the server that waits is not the one that calls it, so whoever asks first is given a token", async () => {
    // nobody is there, which is ignored
    server = `https://localhost:${await freePort()}`;
    await create({ rules: everything, failurePolicy: "Ignore" });
    await allowAttesting("apps");
    await firstAnswer({ apiGroup: "apps" });
  });

  it("warm: hands out the held token at once, while its renewal waits for the webhook", async () => {
    await create();
    const agent = await rig.start();
    const { token } = await rig.token(server);
    await change({ rules: everything });
    await until(
      async () => (await agent.metric("countersign_agent_token_request_intercepted")).length === 1,
      "the agent to see the rules",
    );
    rig.controlPlane.clock.advance(8.5 * 60_000);
    await until(() => sockets.size > 0, "the webhook to be called for the renewal");
    const [waiting] = sockets;
    const warm = await rig.plugin(server);
    expect({ token: warm.token, err: warm.err }).to.deep.equal({ token, err: "" });
    expect(sockets.has(waiting!), "the same renewal still waits").to.equal(true);
  });
});
