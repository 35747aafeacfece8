import type { request as httpRequest, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { Agent, type AgentOptions, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { Policy } from "../../../src/admission/policy.ts";
import {
  createWebhookCallerAuthenticator,
  type WebhookCallerOptions,
} from "../../../src/authentication/webhook-callers.ts";
import { parseCABundle } from "../../../src/certificates/ca-bundle.ts";
import type { KeyPair } from "../../../src/certificates/key-pair.ts";
import { diagnosticsChannel, type RefusalMessage, type RequestMessage } from "../../../src/diagnostics.ts";
import { Secret } from "../../../src/secret.ts";
import { createSecureListener } from "../../../src/server/listener/secure-listener.ts";
import {
  type AdmissionRoute,
  type AdmissionRouteOptions,
  createAdmissionRoute,
} from "../../../src/server/review/admission-route.ts";
import { createKoaApplication } from "../../../src/server/review/koa-application.ts";
import type { ListenerState } from "../../../src/server/review/serve-review.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { bodyOf, reviewOf } from "../../admission/deployment-review.ts";
import { audience, issuerOf, stoppedClock } from "../../authentication/minting.ts";

export const authority = createCertificateAuthority();
const serving = authority.issue({
  commonName: "localhost",
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
});
const yearMs = 365 * 24 * 3_600_000;

export const keyPair: KeyPair = {
  certificate: serving.certificatePem,
  key: new Secret(serving.keyPem),
  notBefore: Date.now() - yearMs,
  notAfter: Date.now() + yearMs,
};

export const path = "/validate/pods";

export const allowAll: Policy = {
  name: "allow-all",
  match: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }],
  validate: () => true,
};

export const denyAll: Policy = { ...allowAll, name: "deny-all", validate: () => false };

/** A route as the product has it, authenticating bound tokens minted by `minting.ts`. */
export function createRoute(
  options: Partial<AdmissionRouteOptions> & { readonly callers?: Partial<WebhookCallerOptions> } = {},
): AdmissionRoute {
  const { callers, ...more } = options;
  const clock = stoppedClock();
  return createAdmissionRoute({
    path,
    policies: () => [allowAll],
    clock,
    authenticator: createWebhookCallerAuthenticator({
      audiences: [audience],
      issuers: [issuerOf()],
      webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] },
      clock,
      ...callers,
    }),
    ...more,
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed, where it is JSON. */
  readonly body: AnswerBody;
}

export interface AnswerBody {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly response?: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string; readonly reason?: string };
  };
}

export interface PostOptions {
  readonly path?: string;
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly agent?: Agent;
  /** Called instead of sending `body`. */
  readonly send?: (request: ReturnType<typeof httpRequest>) => void;
}

export interface WebhookRig {
  readonly port: number;
  readonly agent: (options?: AgentOptions) => Agent;
  post(options?: PostOptions): Promise<Answer>;
  close(): Promise<void>;
}

/** The product's own listener on a free loopback port. */
export async function startWebhook(
  routes: readonly AdmissionRoute[] = [createRoute()],
  options: { readonly listener?: ListenerState; readonly clientCAs?: readonly string[] } = {},
): Promise<WebhookRig> {
  const { listener = { draining: false, inFlight: 0 } } = options;
  const handler = createKoaApplication({ routes, listener }).callback();
  const clientCAs = (options.clientCAs ?? []).map((pem) => parseCABundle(pem, "client-ca"));
  const server = createSecureListener({
    tls: { keyPair, clientCAs, minVersion: "TLSv1.2" },
    handler,
    requestTimeoutMs: 60_000,
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const { port } = server.address() as AddressInfo;
  const agents: Agent[] = [];
  const agent = (more: AgentOptions = {}): Agent => {
    const made = new Agent({ ca: authority.certificatePem, keepAlive: true, maxCachedSessions: 0, ...more });
    agents.push(made);
    return made;
  };
  const shared = agent();
  return {
    port,
    agent,
    post: (post = {}) => send(port, { agent: shared, ...post }),
    close: () =>
      new Promise((resolve) => {
        for (const made of agents) made.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(port: number, options: PostOptions): Promise<Answer> {
  const { token, headers, body = bodyOf(reviewOf()), method = "POST" } = options;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        port,
        method,
        path: options.path ?? `${path}?timeout=10s`,
        agent: options.agent,
        headers: {
          "Content-Type": "application/json",
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...(options.send === undefined && { "Content-Length": Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            body: text.startsWith("{") ? (JSON.parse(text) as AnswerBody) : {},
          }),
        );
      },
    );
    request.on("error", reject);
    if (options.send === undefined) request.end(body);
    else options.send(request);
  });
}

export interface Recorder {
  readonly requests: RequestMessage[];
  readonly refusals: RefusalMessage[];
  stop(): void;
}

/** What is published while it listens. */
export function record(): Recorder {
  const requests: RequestMessage[] = [];
  const refusals: RefusalMessage[] = [];
  const onRequest = (message: unknown): void => void requests.push(message as RequestMessage);
  const onRefusal = (message: unknown): void => void refusals.push(message as RefusalMessage);
  diagnosticsChannel("countersign:request").subscribe(onRequest);
  diagnosticsChannel("countersign:refusal").subscribe(onRefusal);
  return {
    requests,
    refusals,
    stop() {
      diagnosticsChannel("countersign:request").unsubscribe(onRequest);
      diagnosticsChannel("countersign:refusal").unsubscribe(onRefusal);
    },
  };
}
