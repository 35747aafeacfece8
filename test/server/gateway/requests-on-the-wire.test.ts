import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { expect } from "chai";
import { createDelegatingAuthenticator } from "../../../src/authentication/delegating.ts";
import type { Authorizer } from "../../../src/authorization/authorizer.ts";
import { createImpersonation } from "../../../src/authorization/impersonation.ts";
import { createKubeletAuthorizer } from "../../../src/authorization/kubelet-authorization.ts";
import { parseCABundle } from "../../../src/certificates/ca-bundle.ts";
import { createKubeletClient, type KubeletClient } from "../../../src/kubelet/kubelet-client.ts";
import { type InteractiveEndpoint, nodeEndpoint } from "../../../src/kubelet/node-endpoint.ts";
import { Secret } from "../../../src/secret.ts";
import { createGatewayApplication } from "../../../src/server/gateway/gateway-application.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import {
  createRandom,
  generateGrants,
  generateTarget,
  granting,
  methods,
  modes,
} from "../../authorization/generated-requests.ts";
import { allowsEveryReading, kubeletPathOf, readingsOf } from "../../authorization/kubelet-oracle.ts";

const authority = createCertificateAuthority({ commonName: "ca" });
const requestsToMake = 3_000;
const atOnce = 16;
const interactive: readonly InteractiveEndpoint[] = ["exec", "attach", "portForward", "run"];

/** What came over the wire, by the `User-Agent` that the gateway hands on. */
interface Received {
  readonly method: string;
  readonly url: string;
}

interface RecordingKubelet {
  readonly port: number;
  readonly received: ReadonlyMap<string, readonly Received[]>;
  close(): Promise<void>;
}

/** Serves everything there is, to whomever: whatever is kept from it is kept by the gateway. */
async function startRecordingKubelet(): Promise<RecordingKubelet> {
  const { certificatePem, keyPem } = authority.issue({
    commonName: "system:node:n1",
    organization: "system:nodes",
    ipAddresses: ["127.0.0.1"],
  });
  const received = new Map<string, Received[]>();
  const server = createSecureServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    const { method = "", url = "", headers } = request;
    const run = headers["user-agent"] ?? "";
    received.set(run, [...(received.get(run) ?? []), { method, url }]);
    response.end("ok");
  });
  return { port: await listening(server), received, close: () => closed(server) };
}

function kubeletClient(port: number): KubeletClient {
  const { certificatePem, keyPem } = authority.issue({ commonName: "gateway" });
  const identity = {
    certificate: certificatePem,
    key: new Secret(keyPem),
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
  };
  const ca = parseCABundle(authority.certificatePem, "ca.crt");
  return createKubeletClient({
    clientCertificate: () => identity,
    ca: () => ca,
    addressRanges: ["127.0.0.0/8"],
    ports: [port],
    // n2 is the same kubelet: a request for it that gets through is to be seen
    nodeNames: "ignore",
  });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  const done = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await done;
}

/** The bytes as they are, on a connection of their own. Gives the status; 0 where there was none. */
function exchange(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () =>
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString("latin1"))?.[1] ?? 0)),
    );
  });
}

describe("gateway: 3 000 generated requests over the wire", () => {
  const random = createRandom(1295);
  const holders = Array.from({ length: 20 }, () => generateGrants(random));
  const statuses = new Map<number, number>();
  const faults: string[] = [];
  const counts = { sent: 0, run: 0, refused: 0 };

  const authorizer: Authorizer = {
    authorize: (attributes, options) =>
      granting(holders[Number(attributes.user.username)]!).authorize(attributes, options),
  };
  const authenticator = createDelegatingAuthenticator({
    tokenReview: {
      client: {
        createTokenReview: async (review) => ({
          ...review,
          status: { authenticated: true, user: { username: review.spec.token } },
        }),
      },
    },
  });

  async function startGateways(kubelets: KubeletClient, kubeletPort: number) {
    const elsewhere = async (): Promise<never> => {
      faults.push("asked for something else than a kubelet");
      throw new Error("elsewhere");
    };
    const servers = modes.map((mode) => {
      const application = createGatewayApplication({
        ...{ authorizer, authenticator, kubelets, interactive },
        impersonation: createImpersonation({ authorizer }),
        kubeletAuthorizer: createKubeletAuthorizer({ authorizer, mode }),
        insecureBackend: "allow",
        cluster: { request: elsewhere, stream: elsewhere },
        nodes: {
          node: async (name) => ({
            apiVersion: "v1",
            kind: "Node",
            metadata: { name },
            status: {
              addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
              daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
            },
          }),
        },
        podLogs: { open: elsewhere },
        selfSubjectReviews: {},
        health: {},
      });
      const server = createServer(application.handle);
      server.on("upgrade", application.upgrade);
      return server;
    });
    return { servers, ports: await Promise.all(servers.map(listening)) };
  }

  async function make(run: number, ports: readonly number[], kubelet: RecordingKubelet): Promise<void> {
    const [method, target, at] = [random.pick(methods), generateTarget(random), random.below(modes.length)];
    const holder = random.below(holders.length);
    const head = [
      `${method} ${target} HTTP/1.1`,
      ...["Host: gateway", "Connection: close", `User-Agent: run-${run}`, `Authorization: Bearer ${holder}`],
    ];
    const status = await exchange(ports[at]!, Buffer.from(`${head.join("\r\n")}\r\n\r\n`));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    judge(status, kubelet.received.get(`run-${run}`) ?? [], () => {
      const path = kubeletPathOf(target.split("?")[0]!);
      const allowed = allowsEveryReading(holders[holder]!, modes[at]!, method, target);
      return { shown: JSON.stringify([modes[at], method, target, status]), method, target, path, allowed };
    });
  }

  function judge(
    status: number,
    received: readonly Received[],
    describeRequest: () => {
      readonly shown: string;
      readonly method: string;
      readonly target: string;
      readonly path: string | undefined;
      readonly allowed: boolean;
    },
  ): void {
    const { shown, method, target, path, allowed } = describeRequest();
    const endpoint = path === undefined ? undefined : nodeEndpoint(method, path);
    // without an upgrade nothing but `run` of these is answered
    const served = endpoint !== undefined && [undefined, "run"].includes(endpoint.interactive);
    if (received.length > 1) faults.push(`sent more than once: ${shown}`);
    if (received.length > 0 && !(allowed && served)) faults.push(`sent, but not allowed: ${shown}`);
    if (received.length === 0 && allowed && served && readingsOf(target).size === 1)
      faults.push(`allowed, but not sent: ${shown}`);
    if ((status === 200) !== received.length > 0) faults.push(`${status}: ${shown}`);
    for (const one of received) {
      const query = target.includes("?") ? target.slice(target.indexOf("?")) : "";
      if (one.method !== method || one.url !== `${path}${query}`)
        faults.push(`sent something else, ${one.method} ${one.url}: ${shown}`);
      counts.sent += 1;
      if (one.url.startsWith("/run/")) counts.run += 1;
    }
    if (received.length === 0 && status === 403) counts.refused += 1;
  }

  before(async function () {
    this.timeout(120_000);
    const kubelet = await startRecordingKubelet();
    const kubelets = kubeletClient(kubelet.port);
    const { servers, ports } = await startGateways(kubelets, kubelet.port);
    try {
      for (let run = 0; run < requestsToMake; run += atOnce)
        await Promise.all(Array.from({ length: atOnce }, (_, index) => make(run + index, ports, kubelet)));
    } finally {
      await Promise.all(servers.map(closed));
      kubelets.close();
      await kubelet.close();
    }
  });

  it("the kubelet receives what the table allows and serves, to the byte, and nothing else", () => {
    expect(faults.slice(0, 5)).to.deep.equal([]);
  });

  it("enough of them were sent, and refused in each way", () => {
    expect(counts.sent).to.be.greaterThan(100);
    expect(counts.run).to.be.greaterThan(3);
    expect(counts.refused).to.be.greaterThan(300);
    for (const status of [400, 404]) expect(statuses.get(status), String(status)).to.be.greaterThan(100);
  });

  it("none of them met a fault of the gateway's own", () => {
    expect([...statuses.keys()].filter((status) => status >= 500)).to.deep.equal([]);
  });
});
