import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import {
  type APIRequestMessage,
  diagnosticsChannel,
  type PodLogsMessage,
} from "../../../../src/diagnostics.ts";
import type { Kubelet } from "../../../../src/testing/kubelet/kubelet.ts";
import { until } from "../../../until.ts";
import { type Answered, type Asking, ask, begin, type ServedRig } from "../../api/caller-rig.ts";
import { type ApplicationRig, startApplicationRig } from "../application-rig.ts";

const unverified =
  /^299 - "the kubelet's serving certificate was not verified \(insecureSkipTLSVerifyBackend\)/;

describe("gateway: pods/log", () => {
  let rig: ApplicationRig;
  let gateway: ServedRig;
  let good: Kubelet;
  let expired: Kubelet;
  const usages: PodLogsMessage[] = [];
  const requests: APIRequestMessage[] = [];
  const noteUsage = (message: unknown): void => void usages.push(message as PodLogsMessage);
  const noteRequest = (message: unknown): void => void requests.push(message as APIRequestMessage);

  before(async function () {
    this.timeout(60_000);
    rig = await startApplicationRig();
    good = await rig.startKubelet();
    expired = await rig.startKubelet({ certificate: "expired" });
    await good.runPod({ name: "web", containers: { app: { log: "one\ntwo\n", previousLog: "before\n" } } });
    await good.runPod({ name: "many", containers: { a: { log: "a\n" }, b: { log: "b\n" } } });
    await expired.runPod({ name: "old", containers: { app: { log: "from an expired kubelet\n" } } });
    await rig.cluster.request({
      path: "/api/v1/namespaces/default/pods",
      body: { metadata: { name: "unscheduled" }, spec: { containers: [{ name: "app", image: "x" }] } },
    });
    await rig.grant("tenant", { apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get", "list"] });
    for (const node of ["node-1", "node-2"])
      await rig.grant(`system:node:${node}`, { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] });
    await rig.grant("skipper", {
      apiGroups: [""],
      resources: ["pods/log"],
      verbs: ["get", "skip-tls-verify-backend"],
    });
    gateway = await rig.serve();
    diagnosticsChannel("countersign:podLogs").subscribe(noteUsage);
    diagnosticsChannel("countersign:apiRequest").subscribe(noteRequest);
  });
  after(async () => {
    diagnosticsChannel("countersign:podLogs").unsubscribe(noteUsage);
    diagnosticsChannel("countersign:apiRequest").unsubscribe(noteRequest);
    await rig?.stop();
  });
  beforeEach(() => {
    usages.length = 0;
    requests.length = 0;
  });

  const tenant = (): Asking => ({ certificate: rig.certificateOf("tenant") });
  const pathOf = (pod: string, query = ""): string => `/api/v1/namespaces/default/pods/${pod}/log${query}`;
  const log = (pod: string, query = "", asking = tenant(), at = gateway): Promise<Answered> =>
    ask(at.url, rig.controlPlane.caPem, pathOf(pod, query), asking);

  it("is the log as the kubelet has it, plain and uncompressed", async () => {
    const answer = await log("web", "", { ...tenant(), headers: { "Accept-Encoding": "gzip" } });
    expect([answer.status, answer.text]).to.deep.equal([200, "one\ntwo\n"]);
    expect(answer.headers).to.include({
      "content-type": "text/plain",
      "cache-control": "no-cache, private",
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers).to.not.have.any.keys("content-encoding", "warning", "set-cookie");
    expect(usages.map(({ usage }) => usage)).to.deep.equal(["enforce_tls"]);
  });

  it("hands the options on, and no header or credential of its caller's", async () => {
    const token = await rig.tokenOf("tailer");
    await rig.grant("system:serviceaccount:default:tailer", {
      apiGroups: [""],
      resources: ["pods/log"],
      verbs: ["get"],
    });
    const headers = { Cookie: "session=1", "X-Forwarded-For": "10.0.0.1" };
    expect((await log("web", "?container=app&tailLines=1", { token, headers })).text).to.equal("two\n");
    expect((await log("web", "?previous=true")).text).to.equal("before\n");
    const sent = good.requests().filter(({ url }) => url.includes("tailLines"));
    expect(sent.map(({ url }) => url)).to.deep.equal(["/containerLogs/default/web/app?tailLines=1"]);
    expect(sent[0]!.credentials).to.deep.equal([]);
    expect(sent[0]!.clientCertificate).to.contain("CN=countersign-gateway");
    expect(JSON.stringify(sent[0]!.rawHeaders)).to.not.match(/cookie|forwarded|bearer|authorization/i);
  });

  it("is followed: the head at once, each piece as it comes, and no longer than its caller listens", async () => {
    const pod = await good.runPod({ name: "followed", containers: { app: {} } });
    const response = await begin(
      gateway.url,
      rig.controlPlane.caPem,
      pathOf("followed", "?follow=true"),
      tenant(),
    );
    expect(response.statusCode).to.equal(200);
    const read = collect(response);
    for (const piece of ["first\n", "second\n"]) {
      pod.container("app").append(piece);
      await until(() => read().endsWith(piece));
    }
    response.destroy();
    await until(() => requests.some(({ name, cut }) => name === "followed" && cut));
    const told = requests.find(({ name }) => name === "followed")!;
    expect([told.refusal, told.detail]).to.deep.equal([undefined, undefined]);
  });

  it("ends where the container ends", async () => {
    const pod = await good.runPod({ name: "ending", containers: { app: { log: "last words\n" } } });
    const following = log("ending", "?follow=true");
    await until(() => good.requests().some(({ url }) => url.includes("/ending/")));
    await pod.terminateContainer("app");
    expect((await following).text).to.equal("last words\n");
  });

  it("is empty (204) for a pod that runs nowhere yet", async () => {
    const answer = await log("unscheduled");
    expect([answer.status, answer.text]).to.deep.equal([204, ""]);
  });

  it("tells of each request who read what from which node", async () => {
    await log("web", "?container=app&sinceSeconds=5");
    await until(() => requests.length === 1);
    expect(requests[0]).to.include({
      path: pathOf("web"),
      verb: "get",
      resource: "pods",
      subresource: "log",
      namespace: "default",
      name: "web",
      caller: "tenant",
      user: "tenant",
      node: "node-1",
      code: 200,
      cut: false,
    });
    expect(JSON.stringify(requests[0])).to.not.contain("sinceSeconds");
  });

  describe("a kubelet whose certificate has expired", () => {
    it("is not read: 500 without a reason, and the way out named", async () => {
      const answer = await log("old");
      expect(answer.status).to.equal(500);
      expect(answer.json).to.not.have.property("reason");
      expect(answer.json.message).to.match(
        /^Get "https:\/\/127\.0\.0\.1:\d+\/containerLogs\/default\/old\/app":/,
      );
      expect(answer.json.message)
        .to.contain("certificate has expired")
        .and.contain("--insecure-skip-tls-verify-backend");
    });

    it("is read by who says so, who is told that nobody looked", async () => {
      const answer = await log("old", "?insecureSkipTLSVerifyBackend=true");
      expect([answer.status, answer.text]).to.deep.equal([200, "from an expired kubelet\n"]);
      expect(answer.headers.warning).to.match(unverified);
      const { url, credentials } = expired.requests().at(-1)!;
      expect(url).to.equal("/containerLogs/default/old/app");
      expect(credentials).to.deep.equal([]);
      expect(usages.map(({ usage }) => usage)).to.deep.equal(["skip_tls_allowed"]);
    });
  });

  describe("insecureBackend", () => {
    const flags = ["=true", "=1", "", "=yes", "=TRUE&insecureSkipTLSVerifyBackend=false"].map(
      (value) => `?insecureSkipTLSVerifyBackend${value}`,
    );

    it("deny: refuses however it is said, before a kubelet is asked, and counts it", async () => {
      const denying = await rig.serve({ insecureBackend: "deny" });
      const before = expired.requests().length;
      for (const flag of flags) {
        const answer = await log("old", flag, tenant(), denying);
        expect([flag, answer.status]).to.deep.equal([flag, 403]);
        expect(answer.json.message).to.contain("switched off");
      }
      expect(expired.requests()).to.have.length(before);
      expect(usages.map(({ usage }) => usage)).to.deep.equal(flags.map(() => "skip_tls_denied"));
      expect((await log("web", "?insecureSkipTLSVerifyBackend=false", tenant(), denying)).status).to.equal(
        200,
      );
    });

    it("authorize: only for who has the verb skip-tls-verify-backend as well", async () => {
      const asking = await rig.serve({ insecureBackend: "authorize" });
      for (const flag of flags) {
        const answer = await log("old", flag, tenant(), asking);
        expect(answer.status).to.equal(403);
        expect(answer.json.message).to.contain('cannot skip-tls-verify-backend resource "pods/log"');
      }
      const skipper = { certificate: rig.certificateOf("skipper") };
      expect((await log("old", flags[0], skipper, asking)).status).to.equal(200);
      expect((await log("web", "", tenant(), asking)).status).to.equal(200);
    });
  });

  describe("who is refused", () => {
    it("whoever may not get pods/log, before pod or kubelet are looked at", async () => {
      const before = good.requests().length;
      for (const pod of ["web", "missing"]) {
        const answer = await log(pod, "", { certificate: rig.certificateOf("stranger") });
        expect(answer.status).to.equal(403);
        expect(answer.json.message).to.equal(
          `pods "${pod}" is forbidden: User "stranger" cannot get resource "pods/log" in API group "" in the namespace "default"`,
        );
      }
      expect((await log("web", "", {})).status).to.equal(401);
      expect(good.requests()).to.have.length(before);
    });

    it("a node, of pods on another node, whatever it was granted", async () => {
      const asking = { certificate: rig.certificateOf("system:node:node-2", "system:nodes") };
      const before = good.requests().length;
      const answer = await log("web", "", asking);
      expect(answer.status).to.equal(403);
      expect(answer.json.message).to.contain("reaches its own kubelet only");
      expect(good.requests()).to.have.length(before);
      const own = { certificate: rig.certificateOf("system:node:node-1", "system:nodes") };
      expect((await log("web", "", own)).status).to.equal(200);
    });

    for (const [query, code, message] of [
      ["?container=zzz", 400, "container zzz is not valid for pod many"],
      ["", 400, "a container name must be specified for pod many, choose one of: [a b]"],
      ["?container=a&tailLines=-1", 422, 'PodLogOptions "many" is invalid: tailLines: Invalid value: -1'],
      ["?container=a&limitBytes=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ] as const)
      it(`${query || "no container named"}: ${code}`, async () => {
        const answer = await log("many", query);
        expect(answer.status).to.equal(code);
        expect(answer.json.message).to.contain(message);
      });

    it("a pod that is not there: 404 in the API server's words", async () => {
      const answer = await log("missing");
      expect([answer.status, answer.json.message]).to.deep.equal([404, 'pods "missing" not found']);
    });

    it("a kubelet that refuses the gateway: said so, and no 401 that its caller would take for its own", async () => {
      const picky = await rig.startKubelet({
        authentication: { clientCaPem: rig.proxyAuthority.certificatePem },
      });
      await picky.runPod({ name: "picky" });
      const answer = await log("picky");
      expect(answer.status).to.equal(500);
      expect(answer.json.message).to.match(/refuse|Unauthorized|credentials/);
    });
  });

  for (const method of ["HEAD", "POST", "PUT", "DELETE", "PATCH"])
    it(`${method} is none of its methods (405), to who may`, async () => {
      await rig.grant("everything", { apiGroups: [""], resources: ["pods/log"], verbs: ["*"] });
      const everything = { certificate: rig.certificateOf("everything"), method };
      const answer = await log("web", "", everything);
      expect(answer.status).to.equal(405);
      if (method !== "HEAD") expect(answer.json).to.include({ reason: "MethodNotAllowed" });
      const stranger = { certificate: rig.certificateOf("stranger"), method };
      expect((await log("web", "", stranger)).status).to.equal(403);
    });
});

function collect(response: IncomingMessage): () => string {
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  response.on("error", () => undefined);
  return () => text;
}
