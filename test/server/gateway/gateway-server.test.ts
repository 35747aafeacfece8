import { Agent } from "node:https";
import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { until } from "../../until.ts";
import {
  type GatewayRig,
  type RunningGateway,
  readsLogs,
  readsMetrics,
  servingPair,
  startGateway,
  startGatewayRig,
} from "./running-gateway.ts";

const logPath = "/api/v1/namespaces/default/pods/web/log";
const metricsPath = "/api/v1/nodes/node-1/proxy/metrics/cadvisor";

describe("a gateway", function () {
  // a control plane and a kubelet start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let running: RunningGateway | undefined;
  let append: (text: string) => void;
  before(async () => {
    rig = await startGatewayRig();
    const pod = await rig.kubelet.runPod({ name: "web", containers: { app: { log: "one\ntwo\n" } } });
    append = (text) => pod.container("app").append(text);
    await rig.grant("jane", readsLogs);
    await rig.grant("prometheus", readsMetrics);
  });
  after(() => rig.close());
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
    rig.kubelet.useCertificate("valid");
    rig.writePair("tls", servingPair(rig.servingCA));
  });

  const readyz = () => running!.admin("/readyz?verbose");
  const metric = async (line: string): Promise<number> => {
    const { text } = await running!.admin("/metrics");
    return Number(
      text
        .split("\n")
        .find((one) => one.startsWith(`${line} `))
        ?.slice(line.length + 1) ?? 0,
    );
  };
  const requestLines = () => running!.log().filter(({ msg }) => msg === "request");

  it("serves a log to whoever may read it, and says who it was in one line", async () => {
    running = await startGateway(rig);
    const answer = await running.call(logPath, { as: rig.user("jane") });
    expect(answer).to.include({ status: 200, body: "one\ntwo\n" });
    await until(() => requestLines().length === 1);
    expect(requestLines()[0]).to.include({
      level: "info",
      caller: "jane",
      user: "jane",
      method: "clientCertificate",
      verb: "get",
      resource: "pods",
      subresource: "log",
      namespace: "default",
      name: "web",
      node: "node-1",
      code: 200,
    });
  });

  it("opens no kubelet's path by what is open at the gateway to everybody", async () => {
    const authorization = { kubelet: { mode: "analog" }, alwaysAllowPaths: ["/metrics*", "/healthz"] };
    running = await startGateway(rig, { authorization });
    const as = rig.user("prometheus");
    expect(await running.call(metricsPath, { as })).to.include({ status: 403 });
    await rig.grant("prometheus-by-path", readsMetrics, { nonResourceURLs: ["/metrics/*"], verbs: ["get"] });
    expect(await running.call(metricsPath, { as: rig.user("prometheus-by-path") })).to.include({
      status: 200,
    });
    expect(await running.call("/healthz", { as })).to.include({ status: 200 });
  });

  it("serves a node's metrics to whoever has nodes/metrics, and nothing else of the node", async () => {
    running = await startGateway(rig);
    const as = rig.user("prometheus");
    expect(await running.call(metricsPath, { as })).to.include({ status: 200 });
    for (const path of ["pods", "configz", "stats/summary", "run/default/web/app"])
      expect(await running.call(`/api/v1/nodes/node-1/proxy/${path}`, { as }), path).to.include({
        status: 403,
      });
    expect(await running.call(logPath, { as })).to.include({ status: 403 });
  });

  it("keeps caller and user apart where somebody impersonates, in the log and at the kubelet's door", async () => {
    await rig.grant("admin", { apiGroups: [""], resources: ["users"], verbs: ["impersonate"] });
    running = await startGateway(rig);
    const as = rig.user("admin");
    expect(await running.call(logPath, { as })).to.include({ status: 403 });
    const headers = { "Impersonate-User": "jane" };
    expect(await running.call(logPath, { as, headers })).to.include({ status: 200 });
    await until(() => requestLines().length === 2);
    expect(requestLines()[1]).to.include({ caller: "admin", user: "jane", code: 200 });
    const seen = rig.kubelet.requests().at(-1);
    expect(JSON.stringify(seen).toLowerCase()).not.to.contain("impersonate");
    await running.reload({ authentication: { clientCAFile: "ca.crt", impersonation: false } });
    expect(await running.call(logPath, { as, headers })).to.include({ status: 403 });
    expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 200 });
  });

  it("reads 60 KiB of groups that a front proxy gives its user, and no request with more than 64 KiB of headers", async () => {
    const frontProxyCA = createCertificateAuthority({ commonName: "front-proxy-ca" });
    rig.write("front.crt", frontProxyCA.certificatePem);
    const as = frontProxyCA.issue({ commonName: "front-proxy-client" });
    running = await startGateway(rig, {
      authentication: { requestHeader: { caFile: "front.crt", allowedNames: ["front-proxy-client"] } },
    });
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
    const withGroups = (kibibytes: number) => {
      const groups = Array.from({ length: kibibytes }, (_, index) => `${index}-`.padEnd(1024, "g"));
      const headers = { "X-Remote-User": "jane", "X-Remote-Group": groups };
      return running!.call(path, {
        ...{ as, method: "POST", body },
        headers: { "Content-Type": "application/json", ...headers },
      });
    };
    const answer = await withGroups(60);
    expect(answer).to.include({ status: 201 });
    expect(JSON.parse(answer.body).status.userInfo.groups).to.have.length(60 + 1);
    await until(() => requestLines().length === 1);
    // an answer to who is still sending may be lost with the connection
    const refusal = await withGroups(65).catch(({ code }: NodeJS.ErrnoException) => ({ status: code }));
    expect(refusal.status).to.be.oneOf([431, "ECONNRESET", "EPIPE"]);
    expect(requestLines()).to.have.length(1);
  });

  it("lets nobody in who shows nothing, and nobody whose token nobody knows", async () => {
    running = await startGateway(rig);
    expect(await running.call(logPath)).to.include({ status: 401 });
    expect(await running.call(logPath, { token: "nobody's" })).to.include({ status: 401 });
    expect(await running.call(logPath, { token: rig.controlPlane.adminToken })).to.include({ status: 200 });
    expect(await metric('authentication_token_cache_request_total{status="miss"}')).to.equal(2);
    expect(await metric('apiserver_delegated_authn_request_total{code="201"}')).to.equal(2);
  });

  it("reads from a kubelet whose certificate has expired only for who says so, and counts both", async () => {
    running = await startGateway(rig);
    const as = rig.user("jane");
    rig.kubelet.useCertificate("expired");
    const refused = await running.call(logPath, { as });
    expect(refused).to.include({ status: 500 });
    expect(refused.body).to.contain("certificate has expired");
    const insecure = `${logPath}?insecureSkipTLSVerifyBackend=true`;
    expect(await running.call(insecure, { as })).to.include({ status: 200, body: "one\ntwo\n" });
    const usage = "kube_apiserver_pod_logs_insecure_backend_total";
    expect(await metric(`${usage}{usage="enforce_tls"}`)).to.equal(1);
    expect(await metric(`${usage}{usage="skip_tls_allowed"}`)).to.equal(1);
    expect(await metric("kube_apiserver_pod_logs_backend_tls_failure_total")).to.equal(1);
    await running.reload({ authorization: { insecureBackend: "deny" } });
    expect(await running.call(insecure, { as })).to.include({ status: 403 });
    expect(await metric(`${usage}{usage="skip_tls_denied"}`)).to.equal(1);
  });

  it("refuses another node's certificate, unless it is told to ignore whose it is, and says so then", async () => {
    rig.kubelet.useCertificate("wrongName");
    running = await startGateway(rig);
    const as = rig.user("prometheus");
    expect(await running.call(metricsPath, { as })).to.include({ status: 503 });
    await running.reload({ kubelet: { nodeNames: "ignore" } });
    expect(await running.call(metricsPath, { as })).to.include({ status: 200 });
    expect(await metric('kube_apiserver_validation_kubelet_cert_cn_total{status="failure"}')).to.equal(2);
    expect(running.log().map(({ msg }) => msg)).to.include("a kubelet's certificate is another's");
  });

  it("shows kubelets its certificate and never a token", async () => {
    running = await startGateway(rig);
    await running.call(logPath, { token: rig.controlPlane.adminToken });
    const received = rig.kubelet.requests().at(-1)!;
    expect(received.credentials).to.deep.equal([]);
    expect(received.clientCertificate).to.equal("CN=countersign:kubelet-client");
  });

  describe("takes another configuration into use", () => {
    it("without closing a connection or cutting a log, its caches kept where nothing of them changed", async () => {
      running = await startGateway(rig);
      const as = rig.user("jane");
      const followed = await running.open(`${logPath}?follow=true`, { as });
      let read = "";
      followed.setEncoding("utf8").on("data", (chunk: string) => {
        read += chunk;
      });
      await until(() => read.includes("two"));
      const reviews = await metric('apiserver_delegated_authz_request_total{code="201"}');
      // another client for kubelets, too
      await running.reload({ kubelet: { timeout: "29s" } });
      expect(await running.call(logPath, { as })).to.include({ status: 200 });
      append("three\n");
      await until(() => read.includes("three"));
      expect(await metric("countersign_gateway_open_streams")).to.equal(1);
      expect(await metric('apiserver_delegated_authz_request_total{code="201"}')).to.equal(reviews);
      followed.destroy();
      await until(async () => (await metric("countersign_gateway_open_streams")) === 0);
    });

    it("as a whole or not at all", async () => {
      running = await startGateway(rig);
      const failed = await running
        .reload({ authentication: { clientCAFile: "no-such.crt" } })
        .catch((error: Error) => error);
      expect(failed).to.include({ code: "ERR_CERTIFICATE_INVALID" });
      expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 200 });
    });

    it("but for what was opened once, and says so", async () => {
      running = await startGateway(rig);
      await running.reload({ listen: { host: "127.0.0.1", port: 1 } });
      expect(running.log().map(({ msg }) => msg)).to.include(
        "changed in the configuration, and in use only after a restart",
      );
      expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 200 });
    });

    it("and asks for certificates from then on, also of who is connected already", async () => {
      running = await startGateway(rig, { authentication: { tokenReview: {} } });
      const as = rig.user("jane");
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await running.call(logPath, { as, agent })).to.include({ status: 401 });
      await running.reload();
      const outdated = await running.call(logPath, { as, agent });
      expect(outdated.headers.connection).to.equal("close");
      expect(await running.call(logPath, { as, agent })).to.include({ status: 200 });
      agent.destroy();
    });
  });

  describe("keeps what it reads from files", () => {
    it("fresh: its own certificate for new connections", async () => {
      running = await startGateway(rig);
      const before = await metric("countersign_certificate_expiry_timestamp_seconds");
      const notAfter = Date.now() + 3_600_000;
      rig.writePair(
        "tls",
        rig.servingCA.issue({
          commonName: "gateway",
          dnsNames: ["localhost"],
          ipAddresses: ["127.0.0.1"],
          notAfter,
        }),
      );
      await until(async () => (await metric("countersign_certificate_expiry_timestamp_seconds")) !== before);
      expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 200 });
    });

    it("as it was where it is broken: the certificate that kubelets are shown", async () => {
      running = await startGateway(rig);
      const certificate = rig.user("countersign:kubelet-client");
      rig.write("kubelet.crt", "broken");
      await until(async () =>
        (await running!.admin("/metrics")).text.includes('{what="kubeletCertificate",outcome="failed"} 1'),
      );
      expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 200 });
      rig.writePair("kubelet", certificate);
      await until(async () =>
        (await running!.admin("/metrics")).text.includes('{what="kubeletCertificate",outcome="reloaded"} 1'),
      );
      expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 200 });
    });
  });

  describe("is ready", () => {
    const checks = async (): Promise<readonly string[]> => (await readyz()).text.split("\n");

    it("once its cluster has answered and lets it ask, and names every check", async () => {
      running = await startGateway(rig);
      await until(async () => (await readyz()).status === 200);
      expect(await checks()).to.include.members([
        "[+]certificate ok",
        "[+]kubelet-client-certificate ok",
        "[+]api-server ok",
        "[+]access-review ok",
      ]);
      expect(await running.admin("/livez")).to.include({ status: 200 });
    });

    it("not with a client certificate that kubelets would refuse, which it is alive with all the same", async () => {
      const notAfter = Date.now() - 1000;
      const expired = rig.controlPlane.certificateAuthority.issue({
        commonName: "x",
        notBefore: notAfter - 1000,
        notAfter,
      });
      const files = { certFile: "expired.crt", keyFile: "expired.key" };
      rig.writePair("expired", expired);
      running = await startGateway(rig, { kubelet: { clientCertificate: files } });
      await until(async () => (await checks()).includes("[+]api-server ok"));
      expect(await checks()).to.include("[-]kubelet-client-certificate failed: reason withheld");
      expect(await running.admin("/livez")).to.include({ status: 200 });
      const told = running.log().find(({ msg }) => msg === "readyz check failed");
      expect(told?.["kubelet-client-certificate"]).to.contain("the client certificate for kubelets expired");
    });

    it("not where it may not ask who may do what: its log names the missing grant", async () => {
      const kubeconfig = rig.write("powerless", rig.controlPlane.kubeconfig(rig.user("powerless")));
      running = await startGateway({ ...rig, kubeconfig });
      await until(async () => (await checks()).includes("[+]api-server ok"));
      expect(await checks()).to.include("[-]access-review failed: reason withheld");
      await until(() => JSON.stringify(running!.log()).includes("cannot create resource"));
      expect(await running.call(logPath, { as: rig.user("jane") })).to.include({ status: 500 });
    });

    it("without asking, where everything is allowed", async () => {
      const kubeconfig = rig.write("powerless", rig.controlPlane.kubeconfig(rig.user("powerless")));
      running = await startGateway({ ...rig, kubeconfig }, { authorization: { mode: "AlwaysAllow" } });
      await until(async () => (await readyz()).status === 200);
      expect((await readyz()).text).not.to.contain("access-review");
    });

    it("not before an API server answers, and starts all the same", async () => {
      const elsewhere = rig.controlPlane
        .kubeconfig(rig.user("gateway"))
        .replace(rig.controlPlane.url, "https://127.0.0.1:1");
      running = await startGateway({ ...rig, kubeconfig: rig.write("elsewhere", elsewhere) });
      expect(await checks()).to.include("[-]api-server failed: reason withheld");
    });
  });

  describe("drains", () => {
    it("without losing an answer, and cuts a log that goes on only after drain.timeout, counted", async () => {
      running = await startGateway(rig, { drain: { delay: "0s", timeout: "300ms" } });
      const followed = await running.open(`${logPath}?follow=true`, { as: rig.user("jane") });
      const ended = new Promise<boolean>((resolve) =>
        followed.resume().once("close", () => resolve(followed.complete)),
      );
      const closed = running.server.close();
      const complete = await ended;
      await closed;
      expect(complete, "a log that was cut must not look whole").to.equal(false);
      const lines = running.log();
      expect(lines.find(({ msg }) => msg === "draining")).to.include({ delayMs: 0, timeoutMs: 300 });
      expect(lines.find(({ msg }) => msg === "connections cut after drain.timeout")).to.include({
        connections: 1,
      });
    });

    it("while it still answers, as the last on each connection", async () => {
      running = await startGateway(rig, { drain: { delay: "2s", timeout: "5s" } });
      const agent = new Agent({ keepAlive: true });
      const as = rig.user("jane");
      const first = await running.call(logPath, { as, agent });
      expect(first.headers.connection).to.equal("keep-alive");
      const closed = running.server.close();
      expect((await readyz()).status).to.equal(500);
      const last = await running.call(logPath, { as, agent });
      expect(last).to.include({ status: 200, body: first.body });
      expect(last.headers.connection).to.equal("close");
      agent.destroy();

      await closed;
    });
  });
});
