import { expect } from "chai";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { type Kubelet, startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import type { KubeletCertificate } from "../../../src/testing/kubelet/serving-certificate.ts";
import { ask, follow } from "../../contract/kubelet/kubelet-request.ts";
import { rejectionOf } from "../../rejection.ts";
import { type ApiClient, createApiClient } from "../../rig/api-client.ts";
import { poll } from "../../rig/poll.ts";
import { administratorOf, handshakeFailure } from "./kubelet-connection.ts";

interface Stored {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

describe("the embedded kubelet", () => {
  let controlPlane: ControlPlane;
  let api: ApiClient;
  let kubelet: Kubelet;
  before(async () => {
    controlPlane = await startControlPlane();
    const { url, caPem, adminToken } = controlPlane;
    api = createApiClient({ url, caPem, token: adminToken });
  });
  after(async () => {
    api.close();
    await controlPlane.stop();
  });
  beforeEach(async () => {
    kubelet = await startKubelet({ controlPlane, systemLogs: { messages: "hello\n" } });
  });
  afterEach(() => kubelet.stop());
  const target = () => ({ url: kubelet.url, caPem: kubelet.certificateAuthority.certificatePem });
  const asked = async (path: string) => {
    const { status, text } = await ask(target(), path, { certificate: administratorOf(kubelet) });
    return `${status} ${text}`;
  };
  const stored = async (path: string) => (await api.get(path)).body as Stored;

  it("registers its node with the address and port it listens on, and again where it is there already", async () => {
    const { status } = await stored("/api/v1/nodes/node-1");
    expect(status).to.deep.include({
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: "node-1" },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    });
    expect(status).to.deep.include(kubelet.node.status);
    const successor = await startKubelet({ controlPlane });
    try {
      const { status: later } = await stored("/api/v1/nodes/node-1");
      expect(later).to.have.nested.property("daemonEndpoints.kubeletEndpoint.Port", successor.port);
    } finally {
      await successor.stop();
    }
  });

  it("runs pods that the control plane knows to be on its node", async () => {
    const pod = await kubelet.runPod({
      name: "known",
      containers: { app: { log: "one\n" }, setup: { init: true } },
    });
    const path = "/api/v1/namespaces/default/pods/known";
    const { spec, status, metadata } = await stored(path);
    expect(spec.nodeName).to.equal("node-1");
    expect(status).to.include({ phase: "Running" }).and.to.have.property("initContainerStatuses");
    expect(await asked("/pods")).to.contain(metadata.uid);
    await pod.startContainer("app");
    expect((await stored(path)).status.containerStatuses?.[0]?.restartCount).to.equal(1);
    expect(await asked("/containerLogs/default/known/app?previous")).to.equal("200 one\n");
    await pod.remove();
    expect((await api.get(path)).status).to.equal(404);
    expect(await asked("/pods")).to.equal(
      '200 {"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}\n',
    );
    expect(await asked("/containerLogs/default/known/app")).to.equal('404 pod "known" does not exist');
  });

  it("runs no pod that the control plane does not take", async () => {
    const error = await rejectionOf(kubelet.runPod({ namespace: "none", name: "lost" }));
    expect(error).to.include({ code: "ERR_API_STATUS" });
    expect(await asked("/containerLogs/none/lost/app")).to.equal('404 pod "lost" does not exist');
  });

  it("ends followed logs with their container, and with their pod", async () => {
    const pod = await kubelet.runPod({ name: "followed", containers: { one: { log: "a\n" }, two: {} } });
    const open = (name: string) =>
      follow(target(), `/containerLogs/default/followed/${name}?follow`, {
        certificate: administratorOf(kubelet),
      });
    const [one, two] = [await open("one"), await open("two")];
    await pod.terminateContainer("one");
    await poll("the first to end", () => one.ended || undefined);
    expect([one.text, two.ended]).to.deep.equal(["a\n", false]);
    await pod.remove();
    await poll("the second to end", () => two.ended || undefined);
    expect(() => pod.container("three")).to.throw(RangeError, "pod followed has no container three");
  });

  it("remembers everything that it was sent, refused requests and credentials included", async () => {
    const { token } = { token: "a-token-that-none-should-send" };
    await ask(target(), "//pods?a=%20b", { headers: { "X-Own": "1" } });
    await ask(target(), "/pods", { token });
    await ask(target(), "/pods", { authorization: "Basic dTpw" }, { method: "POST" });
    await ask(target(), "/pods", {
      headers: { "sec-websocket-protocol": "v4, base64url.bearer.authorization.k8s.io.dA" },
    });
    await asked("/pods");
    const requests = kubelet.requests();
    expect(requests.map(({ method, url }) => `${method} ${url}`)).to.deep.equal([
      "GET //pods?a=%20b",
      "GET /pods",
      "POST /pods",
      "GET /pods",
      "GET /pods",
    ]);
    expect(requests.map(({ credentials }) => credentials)).to.deep.equal([
      [],
      [`Bearer ${token}`],
      ["Basic dTpw"],
      ["v4, base64url.bearer.authorization.k8s.io.dA"],
      [],
    ]);
    expect(requests[0]?.rawHeaders).to.include.members(["X-Own", "1"]);
    expect(requests.map(({ clientCertificate }) => clientCertificate)).to.deep.equal([
      ...[undefined, undefined, undefined, undefined],
      "O=system:masters\nCN=administrator",
    ]);
  });

  it("shows another certificate when it is told to", async () => {
    const failures: Readonly<Record<KubeletCertificate, string | undefined>> = {
      valid: undefined,
      expired: "CERT_HAS_EXPIRED",
      wrongName: undefined,
      wrongAddress: "ERR_TLS_CERT_ALTNAME_INVALID",
      foreign: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    };
    for (const [kind, failure] of Object.entries(failures)) {
      kubelet.useCertificate(kind as KubeletCertificate);
      expect(await handshakeFailure(kubelet), kind).to.equal(failure);
    }
    kubelet.useCertificate(
      kubelet.certificateAuthority.issue({ commonName: "own", ipAddresses: ["127.0.0.1"] }),
    );
    expect(await handshakeFailure(kubelet)).to.equal(undefined);
  });

  it("answers metrics and health as it is told to", async () => {
    kubelet.useMetrics({ "/cadvisor": "mine 1\n" });
    kubelet.failChecks("syncloop");
    expect(await asked("/metrics/cadvisor")).to.equal("200 mine 1\n");
    expect(await asked("/metrics/resource")).to.contain("node_cpu_usage_seconds_total");
    expect(await asked("/healthz")).to.match(/^500 .*\[-\]syncloop failed/s);
    kubelet.failChecks();
    expect(await asked("/healthz")).to.equal("200 ok");
  });

  it("tells its configuration, its figures and its files", async () => {
    const { kubeletconfig } = JSON.parse((await asked("/configz")).slice(4)) as { kubeletconfig: object };
    expect(kubeletconfig).to.deep.include({
      kind: "KubeletConfiguration",
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: "Webhook" },
    });
    const pod = await kubelet.runPod({ name: "counted" });
    const summary = async (query = "") =>
      JSON.parse((await asked(`/stats/summary${query}`)).slice(4)) as object;
    expect(await summary()).to.containSubset({
      node: { nodeName: "node-1", network: {} },
      pods: [{ podRef: { name: "counted", namespace: "default" } }],
    });
    expect(await summary("?only_cpu_and_memory=true")).to.not.have.nested.property("node.network");
    await pod.remove();
    expect(await asked("/logs/messages")).to.equal("200 hello\n");
  });

  it("says that what is for debugging is off, where it is", async () => {
    const closed = await startKubelet({ enableDebuggingHandlers: false });
    const who = { certificate: administratorOf(closed) };
    const answer = async (path: string) => {
      const { status, text } = await ask(
        { url: closed.url, caPem: closed.certificateAuthority.certificatePem },
        path,
        who,
      );
      return `${status} ${text}`;
    };
    try {
      for (const path of [
        "/containerLogs/a/b/c",
        "/exec/a/b/c",
        "/attach/a/b/c",
        "/portForward/a/b",
        "/run/a/b/c",
        "/runningpods/",
        "/logs/",
        "/debug/pprof/x",
      ])
        expect(await answer(path), path).to.equal("405 Debug endpoints are disabled.\n");
      for (const path of ["/configz", "/checkpoint/a/b/c", "/statusz", "/debug/flags/v"])
        expect(await answer(path), path).to.equal("404 404 page not found\n");
      for (const path of ["/healthz", "/pods", "/stats/summary", "/metrics", "/metrics/cadvisor"])
        expect(await answer(path), path).to.match(/^200 /);
    } finally {
      await closed.stop();
    }
  });

  it("keeps checkpoints of nothing", async () => {
    const pod = await kubelet.runPod({ name: "checkpointed" });
    const post = async (path: string) => {
      const { status, text } = await ask(
        target(),
        path,
        { certificate: administratorOf(kubelet) },
        { method: "POST" },
      );
      return `${status} ${text}`;
    };
    expect(await post("/checkpoint/default/none/app")).to.equal("404 pod does not exist");
    expect(await post("/checkpoint/default/checkpointed/none")).to.equal("404 container none does not exist");
    expect(await post("/checkpoint/default/checkpointed/app")).to.match(/^500 /);
    await pod.remove();
  });

  it("needs no control plane to be asked by whoever it signed a certificate for", async () => {
    const alone = await startKubelet({ nodeName: "alone" });
    try {
      await alone.runPod({ name: "web", containers: { app: { log: "one\n" } } });
      const where = { url: alone.url, caPem: alone.certificateAuthority.certificatePem };
      const answer = await ask(where, "/containerLogs/default/web/app", {
        certificate: administratorOf(alone),
      });
      expect(answer).to.include({ status: 200, text: "one\n" });
    } finally {
      await alone.stop();
    }
  });

  it("says where it cannot listen", async () => {
    const error = await rejectionOf(startKubelet({ port: kubelet.port }));
    expect(error).to.include({ code: "ERR_TRANSPORT" });
    expect((error as Error).message).to.contain(`cannot listen on 127.0.0.1:${kubelet.port}`);
  });

  it("listens no longer where its node cannot be registered", async () => {
    const error = await rejectionOf(startKubelet({ controlPlane: { ...controlPlane, adminToken: "wrong" } }));
    expect(error).to.include({ code: "ERR_API_STATUS" });
  });
});
