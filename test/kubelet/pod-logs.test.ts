import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import type { AnswerStatusError } from "../../src/apis/answer-status.ts";
import type { Pod } from "../../src/apis/node.ts";
import {
  diagnosticsChannel,
  type PodLogsMessage,
  type PodLogsTLSFailureMessage,
} from "../../src/diagnostics.ts";
import {
  createKubeletClient,
  type KubeletClient,
  type KubeletClientOptions,
} from "../../src/kubelet/kubelet-client.ts";
import { createNodeSource } from "../../src/kubelet/node-source.ts";
import { createPodLogs, type PodLogRequest, type PodLogsOptions } from "../../src/kubelet/pod-logs.ts";
import { createPodReader } from "../../src/kubelet/pod-reader.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { notFound, type SmallAPIServer, startSmallAPIServer } from "./api-server.ts";
import {
  clientOptions,
  type KubeletServer,
  nodeAt,
  servingCertificate,
  startKubeletServer,
} from "./kubelet-server.ts";

const expired = servingCertificate({ notBefore: Date.now() - 7_200_000, notAfter: Date.now() - 3_600_000 });

describe("pods' logs", () => {
  let api: SmallAPIServer;
  let kubelet: KubeletServer;
  let client: KubeletClient | undefined;
  const usages: PodLogsMessage[] = [];
  const failures: PodLogsTLSFailureMessage[] = [];
  const onUsage = (message: unknown): void => void usages.push(message as PodLogsMessage);
  const onFailure = (message: unknown): void => void failures.push(message as PodLogsTLSFailureMessage);

  before(() => {
    diagnosticsChannel("countersign:podLogs").subscribe(onUsage);
    diagnosticsChannel("countersign:podLogsTLSFailure").subscribe(onFailure);
  });
  after(() => {
    diagnosticsChannel("countersign:podLogs").unsubscribe(onUsage);
    diagnosticsChannel("countersign:podLogsTLSFailure").unsubscribe(onFailure);
  });
  beforeEach(async () => {
    usages.length = 0;
    failures.length = 0;
    [api, kubelet] = await Promise.all([startSmallAPIServer(), startKubeletServer()]);
    api.objects.set("/api/v1/nodes/n1", nodeAt(kubelet.port));
    setPod({ nodeName: "n1", containers: [{ name: "app" }] });
    kubelet.handle = (_request, response) =>
      void response.writeHead(200, { "Content-Type": "text/plain" }).end("a line\n");
  });
  afterEach(async () => {
    client?.close();
    await Promise.all([api.close(), kubelet.close()]);
  });

  function setPod(spec: NonNullable<Pod["spec"]>): void {
    const metadata = { namespace: "shop", name: "web" };
    api.objects.set("/api/v1/namespaces/shop/pods/web", { apiVersion: "v1", kind: "Pod", metadata, spec });
  }
  interface Setting {
    readonly client?: Partial<KubeletClientOptions>;
    readonly logs?: Partial<PodLogsOptions>;
    readonly request?: Partial<PodLogRequest>;
  }
  function open(query = "", setting: Setting = {}) {
    client = createKubeletClient({ ...clientOptions(kubelet.port), ...setting.client });
    const logs = createPodLogs({
      kubelets: client,
      pods: createPodReader({ client: api.client }),
      nodes: createNodeSource({ client: api.client }),
      ...setting.logs,
    });
    return logs.open({
      ...{ namespace: "shop", pod: "web", query: new URLSearchParams(query) },
      ...setting.request,
    });
  }
  const refusalOf = async (query = "", setting: Setting = {}): Promise<AnswerStatusError["answer"]> =>
    ((await rejectionOf(open(query, setting))) as AnswerStatusError).answer;

  describe("are read", () => {
    it("from the container's kubelet, with what is forwarded and nothing else", async () => {
      const log = await open("container=app&tailLines=5&insecureSkipTLSVerifyBackend=false&pretty=true");
      expect(await text(log.body as Readable)).to.equal("a line\n");
      expect({ follow: log.follow, insecure: log.insecure }).to.deep.equal({
        follow: false,
        insecure: false,
      });
      const [request] = kubelet.requests;
      expect(`${request?.method} ${request?.url}`).to.equal("GET /containerLogs/shop/web/app?tailLines=5");
      expect(request?.rawHeaders).to.deep.equal([
        ...["Host", `127.0.0.1:${kubelet.port}`, "User-Agent", "countersign", "Accept", "*/*"],
        ...["Connection", "keep-alive"],
      ]);
    });

    it("line by line where they are followed", async () => {
      let write: ((line: string) => void) | undefined;
      kubelet.handle = (_request, response) => {
        write = (line) => response.write(line);
        write("one\n");
      };
      const { body, follow } = await open("follow=true");
      expect(follow).to.equal(true);
      const [first] = await once(body!, "data");
      write?.("two\n");
      const [second] = await once(body!, "data");
      expect([String(first), String(second)]).to.deep.equal(["one\n", "two\n"]);
      body?.destroy();
      await poll("the connection's end", () => kubelet.connections[0]?.destroyed || undefined);
    });

    it("not at all where the pod runs nowhere yet", async () => {
      setPod({ containers: [{ name: "app" }] });
      expect(await open("follow=1")).to.deep.equal({ body: undefined, follow: true, insecure: false });
      expect(api.paths).to.deep.equal(["/api/v1/namespaces/shop/pods/web"]);
    });

    it("at the node that the pod names, which whoever cares is told before it is dialled", async () => {
      const told: string[] = [];
      const onNode = (name: string): void => {
        told.push(name);
        throw new Error("not this one");
      };
      const outcome = open("nodeName=n2", { request: { onNode } });
      expect(
        await outcome.then(
          () => "",
          (error: Error) => error.message,
        ),
      ).to.equal("not this one");
      expect(told).to.deep.equal(["n1"]);
      expect(kubelet.connections).to.have.length(0);
    });
  });

  describe("from a kubelet whose certificate has expired", () => {
    beforeEach(() => kubelet.serve(expired));

    it("are not read without the flag: 500 without a reason, in Go's words, with a hint", async () => {
      const answer = await refusalOf("container=app&tailLines=1");
      expect(answer).to.include({ code: 500 }).and.not.to.have.property("reason");
      const url = `https://127.0.0.1:${kubelet.port}/containerLogs/shop/web/app?tailLines=1`;
      const begin = `Get "${url}": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time `;
      expect(answer.message.slice(0, begin.length)).to.equal(begin);
      expect(answer.message).to.contain("--insecure-skip-tls-verify-backend");
      expect(kubelet.requests).to.have.length(0);
    });

    it("are told without a hint where the flag is of no use", async () => {
      expect((await refusalOf("", { logs: { suggestInsecure: false } })).message).not.to.contain(
        "--insecure",
      );
    });

    it("are read with the flag, which the kubelet never sees", async () => {
      const { body, insecure } = await open("insecureSkipTLSVerifyBackend&container=app");
      expect(await text(body as Readable)).to.equal("a line\n");
      expect(insecure).to.equal(true);
      expect(kubelet.requests[0]?.url).to.equal("/containerLogs/shop/web/app");
    });

    it("are counted as TLS failures only where they were not read", async () => {
      await (await open("insecureSkipTLSVerifyBackend=true")).body?.resume();
      expect(failures).to.deep.equal([]);
      await refusalOf();
      expect(failures.map(({ node }) => node)).to.deep.equal(["n1"]);
      expect(failures[0]?.detail).to.contain("x509:");
    });
  });

  it("are read from another node's kubelet with the flag alone", async () => {
    kubelet.serve(servingCertificate({ nodeName: "n2" }));
    // no hint: whoever shows it is not the one that was asked for
    expect((await refusalOf()).message).to.match(/not "system:node:n1"$/);
    expect(failures).to.have.length(1);
    const { body } = await open("insecureSkipTLSVerifyBackend=1");
    expect(await text(body as Readable)).to.equal("a line\n");
  });

  describe("are counted by their flag", () => {
    const counted = (): unknown[] => usages.map(({ usage }) => usage);
    it("whatever becomes of them", async () => {
      await (await open()).body?.resume();
      await refusalOf("insecureSkipTLSVerifyBackend=true&tailLines=-1");
      await refusalOf("", { request: { pod: "missing" } });
      expect(counted()).to.deep.equal(["enforce_tls", "skip_tls_allowed", "enforce_tls"]);
      expect(usages[0]).to.deep.include({ namespace: "shop", pod: "web" });
    });

    it("but not where the query cannot be read at all", async () => {
      await refusalOf("tailLines=x");
      expect(counted()).to.deep.equal([]);
    });
  });

  describe("are refused as kube-apiserver refuses them", () => {
    it("in its order: query, validation, pod, container, node", async () => {
      const missing = { request: { pod: "missing" } };
      expect(await refusalOf("tailLines=x&limitBytes=0", missing)).to.include({ code: 400 });
      expect(await refusalOf("limitBytes=0&container=x", missing)).to.include({ code: 422 });
      expect(await refusalOf("container=x", missing)).to.deep.equal(notFound("pods", "missing"));
      setPod({ nodeName: "n9", containers: [{ name: "app" }] });
      expect(await refusalOf("container=x")).to.include({
        code: 400,
        message: "container x is not valid for pod web",
      });
      expect(await refusalOf()).to.deep.equal(notFound("nodes", "n9"));
    });

    it("where the node has no usable address: 500 without a reason", async () => {
      api.objects.set("/api/v1/nodes/n1", { ...nodeAt(1), status: {} });
      const answer = await refusalOf();
      expect(answer.message).to.contain("no preferred addresses found; known addresses: []");
      expect(answer).to.include({ code: 500 }).and.not.to.have.property("reason");
    });

    it("where the kubelet cannot be reached: 500 without a reason", async () => {
      const { port } = kubelet;
      await kubelet.close();
      const answer = await refusalOf();
      kubelet = await startKubeletServer();
      expect(answer).to.include({
        code: 500,
        message: `Get "https://127.0.0.1:${port}/containerLogs/shop/web/app": dial tcp 127.0.0.1:${port}: connect: connection refused`,
      });
      expect(answer).not.to.have.property("reason");
      expect(failures).to.deep.equal([]);
    });

    it("where the kubelet answers with something else", async () => {
      kubelet.handle = (_request, response) => void response.writeHead(403).end("Forbidden (user=gateway)");
      expect(await refusalOf()).to.include({
        code: 403,
        message: "Forbidden (user=gateway) ( pods/log web)",
      });
      kubelet.handle = (_request, response) => void response.writeHead(401).end("Unauthorized");
      expect(await refusalOf()).to.include({ code: 500, reason: "InternalError" });
    });

    it("where the kubelet sends them on: nobody goes there", async () => {
      const location = `https://127.0.0.1:${kubelet.port}/elsewhere`;
      kubelet.handle = (_request, response) => void response.writeHead(302, { location }).end();
      expect((await refusalOf()).message).to.match(/^Get "https:\/\/.*": redirects forbidden$/);
      expect((await refusalOf("insecureSkipTLSVerifyBackend=1")).message).to.contain("redirects forbidden");
      expect(kubelet.requests.map(({ url }) => url)).to.not.include("/elsewhere");
    });

    it("with 50 000 bytes of what the kubelet says, however much more it has to say", async () => {
      kubelet.handle = (_request, response) => {
        response.writeHead(500);
        const more = (): void => {
          while (response.writable && response.write("x".repeat(10_000)));
          response.once("drain", more);
        };
        more();
      };
      const { message } = await refusalOf();
      expect(message).to.equal(`Internal error occurred: ${"x".repeat(50_000)}`);
      await poll("the connection's end", () => kubelet.connections[0]?.destroyed || undefined);
    });

    it("with what the kubelet had said where it breaks off", async () => {
      kubelet.handle = (_request, response) => {
        response.writeHead(400, { "Content-Length": "100" });
        response.write("too la", () => response.destroy());
      };
      expect(await refusalOf()).to.include({ code: 400, message: "too la" });
    });
  });

  it("end with whoever asked, while a refusal is being read too", async () => {
    const controller = new AbortController();
    kubelet.handle = (_request, response) => {
      response.writeHead(400);
      response.write("begun", () => controller.abort(new Error("gone")));
    };
    const outcome = open("", { request: { signal: controller.signal } });
    expect(
      await outcome.then(
        () => "",
        (error: Error) => error.message,
      ),
    ).to.equal("gone");
    await poll("the connection's end", () => kubelet.connections[0]?.destroyed || undefined);
  });

  it("end with whoever asked once a refusal has begun, which is told to nobody then", async () => {
    kubelet.handle = (_request, response) => void response.writeHead(400).write("begun");
    const controller = new AbortController();
    client = createKubeletClient(clientOptions(kubelet.port));
    const { exchange, ...others } = client;
    const kubelets: KubeletClient = {
      ...others,
      async exchange(request) {
        const answer = await exchange(request);
        setImmediate(() => controller.abort(new Error("gone")));
        return answer;
      },
    };
    const outcome = open("", { logs: { kubelets }, request: { signal: controller.signal } });
    expect(await outcome.catch((error: Error) => error.message)).to.equal("gone");
    await poll("the connection's end", () => kubelet.connections[0]?.destroyed || undefined);
  });
});
