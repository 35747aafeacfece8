import { X509Certificate } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import {
  createDelegatingAuthenticator,
  type DelegatingAuthenticator,
  type DelegatingAuthenticatorOptions,
} from "../../../src/authentication/delegating.ts";
import type { Authorizer } from "../../../src/authorization/authorizer.ts";
import { createDelegatingAuthorizer } from "../../../src/authorization/delegating.ts";
import { listen } from "../../../src/monitoring/listen.ts";
import { Secret } from "../../../src/secret.ts";
import { createSecureListener } from "../../../src/server/listener/secure-listener.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import {
  createRestClient,
  type RestClient,
  type RestClientOptions,
} from "../../../src/transport/rest-client.ts";
import { createReviewClients } from "../../../src/transport/review-clients.ts";

/** A control plane, and all that a server needs of it that leaves to it who its callers are and what they may. */
export interface CallerRig {
  readonly controlPlane: ControlPlane;
  /** The administrator. */
  readonly cluster: RestClient;
  /** The same control plane, by another token. */
  clusterAs(token: string): RestClient;
  /** A front proxy's; `front-proxy-client` is believed. */
  readonly proxyAuthority: CertificateAuthority;
  /** Front proxy, client certificates, tokens; no one is anonymous but by `options`. */
  authenticator(options?: Partial<DelegatingAuthenticatorOptions>): DelegatingAuthenticator;
  /** Asks the control plane, remembering nothing. */
  readonly authorizer: Authorizer;
  /** A certificate of the control plane's own CA. */
  certificateOf(commonName: string, ...organizations: readonly string[]): IssuedCertificate;
  /** A ClusterRole of these rules, bound to a user or, by `group:NAME`, to a group. */
  grant(subject: string, ...rules: readonly object[]): Promise<void>;
  /** A token of a ServiceAccount in `default`, which is made. */
  tokenOf(serviceAccount: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startCallers(): Promise<CallerRig> {
  const controlPlane = await startControlPlane();
  const accessAs = (token: string): RestClientOptions => ({
    server: controlPlane.url,
    ca: controlPlane.caPem,
    token: {
      token: async () => ({
        token: new Secret(token),
        requestedAt: 0,
        expiresAt: Number.MAX_SAFE_INTEGER,
      }),
    },
  });
  const access = accessAs(controlPlane.adminToken);
  const cluster = createRestClient(access);
  const reviews = createReviewClients(access);
  const proxyAuthority = createCertificateAuthority({ commonName: "front-proxy-ca" });
  const clientCA = [new X509Certificate(controlPlane.caPem)];
  const requestHeader = {
    ca: [new X509Certificate(proxyAuthority.certificatePem)],
    allowedNames: ["front-proxy-client"],
    usernameHeaders: ["X-Remote-User"],
    uidHeaders: ["X-Remote-Uid"],
    groupHeaders: ["X-Remote-Group"],
    extraHeaderPrefixes: ["X-Remote-Extra-"],
  };
  let grants = 0;
  return {
    ...{ controlPlane, cluster, proxyAuthority },
    clusterAs: (token) => createRestClient(accessAs(token)),
    authenticator: (options) =>
      createDelegatingAuthenticator({
        requestHeader: () => requestHeader,
        clientCA: () => clientCA,
        tokenReview: { client: reviews },
        ...options,
      }),
    authorizer: createDelegatingAuthorizer({ client: reviews, allowTTLMs: 0, denyTTLMs: 0 }),
    certificateOf: (commonName, ...organization) =>
      controlPlane.certificateAuthority.issue({ commonName, organization }),
    grant: (subject, ...rules) => grant(cluster, `grant-${grants++}`, subject, rules),
    async tokenOf(serviceAccount) {
      const path = "/api/v1/namespaces/default/serviceaccounts";
      await cluster.send({ path, body: { metadata: { name: serviceAccount } } });
      const { body } = await cluster.request<{ status: { token: string } }>({
        path: `${path}/${serviceAccount}/token`,
        body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
      });
      return body.status.token;
    },
    async stop() {
      await reviews.close();
      cluster.close();
      await controlPlane.stop();
    },
  };
}

async function grant(
  cluster: RestClient,
  name: string,
  subject: string,
  rules: readonly object[],
): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  const path = (resource: string): string => `/apis/${apiGroup}/v1/${resource}`;
  const [kind, subjectName] = subject.startsWith("group:") ? ["Group", subject.slice(6)] : ["User", subject];
  await cluster.request({ path: path("clusterroles"), body: { metadata: { name }, rules } });
  await cluster.request({
    path: path("clusterrolebindings"),
    body: {
      metadata: { name },
      roleRef: { apiGroup, kind: "ClusterRole", name },
      subjects: [{ apiGroup, kind, name: subjectName }],
    },
  });
}

/** An HTTPS server of the rig's. */
export interface ServedRig {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves as the gateway's listener does, with a certificate of the control plane's CA. */
export async function serveCallers(
  { controlPlane, proxyAuthority }: Pick<CallerRig, "controlPlane" | "proxyAuthority">,
  handler: RequestListener,
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<ServedRig> {
  const pair = controlPlane.certificateAuthority.issue({
    commonName: "localhost",
    ipAddresses: ["127.0.0.1"],
  });
  const server = createSecureListener({
    tls: {
      keyPair: {
        certificate: pair.certificatePem,
        key: new Secret(pair.keyPem),
        notBefore: 0,
        notAfter: Number.MAX_SAFE_INTEGER,
      },
      clientCAs: [{ pem: controlPlane.caPem }, { pem: proxyAuthority.certificatePem }],
      minVersion: "TLSv1.2",
    },
    handler,
    requestTimeoutMs: 30_000,
    maxHeaderBytes: 64 * 1024,
  });
  if (upgrade !== undefined) server.on("upgrade", upgrade);
  const port = await listen(server, { host: "127.0.0.1", port: 0 });
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Asking {
  readonly method?: string;
  readonly certificate?: IssuedCertificate | undefined;
  readonly token?: string | undefined;
  /** Names and values in turn, or by name. */
  readonly headers?: readonly string[] | Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** One request on a connection of its own. The path goes on the wire as it is. */
export async function ask(url: string, caPem: string, path: string, asking: Asking = {}): Promise<Answered> {
  const response = await begin(url, caPem, path, asking);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  const { statusCode: status = 0, headers } = response;
  return {
    ...{ status, headers, text },
    get json() {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    },
  };
}

/** The same, to be read by whoever asked. */
export function begin(
  url: string,
  caPem: string,
  path: string,
  { method = "GET", certificate, token, headers = {}, body }: Asking = {},
): Promise<IncomingMessage> {
  const { host, hostname, port } = new URL(url);
  const named = Array.isArray(headers)
    ? headers
    : Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  const sent = ["Host", host, ...named, ...(token === undefined ? [] : ["Authorization", `Bearer ${token}`])];
  // without it node:http would send an empty chunked body
  if (body !== undefined || !["GET", "HEAD"].includes(method))
    sent.push("Content-Length", String(Buffer.byteLength(body ?? "")));
  return new Promise((resolve, reject) => {
    httpsRequest({
      ...{ hostname, port, method, path, ca: caPem, agent: false, headers: sent },
      ...(certificate !== undefined && { cert: certificate.certificatePem, key: certificate.keyPem }),
    })
      .once("error", reject)
      .once("response", resolve)
      .end(body);
  });
}
