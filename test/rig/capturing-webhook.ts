import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";

export interface WebhookCall {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in turn, as they stood on the wire. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly review: ReviewOnTheWire;
  /** The common name of the certificate that came with it; one is asked for and any is taken. */
  readonly certificateName: string | undefined;
}

export interface ReviewOnTheWire {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: Readonly<Record<string, unknown>> & { readonly uid: string };
}

export interface WebhookAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a string as it is. */
  readonly body: unknown;
}

export type AnswerWebhook = (call: WebhookCall) => WebhookAnswer | Promise<WebhookAnswer>;

export interface CapturingWebhook {
  readonly port: number;
  /** Base64 of the PEM, as `clientConfig.caBundle` wants it. */
  readonly caBundle: string;
  /** From now on another authority's certificate; whoever is connected is sent away. Gives the new `caBundle`. */
  rotate(): string;
  /** The calls that reached this path, oldest first. */
  calls(path: string): readonly WebhookCall[];
  /** What is answered on this path from now on. Without it: allowed, in the version that asked. */
  answer(path: string, answer: AnswerWebhook): void;
  close(): Promise<void>;
}

export interface CapturingWebhookOptions {
  /** What the certificate is good for besides localhost and 127.0.0.1. */
  readonly names?: readonly string[];
}

/** A webhook over real TLS that authenticates nobody, keeps what it was sent and answers what the test says. */
export async function startCapturingWebhook({
  names = [],
}: CapturingWebhookOptions = {}): Promise<CapturingWebhook> {
  let identity = newIdentity(names);
  const kept = new Map<string, WebhookCall[]>();
  const answers = new Map<string, AnswerWebhook>();
  const { cert, key } = identity;
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.once("end", () => {
        const call = callOf(request, Buffer.concat(chunks).toString());
        const path = call.url.split("?")[0]!;
        kept.set(path, [...(kept.get(path) ?? []), call]);
        void reply(
          response,
          call,
          answers.get(path) ?? (() => ({ body: reviewAnswer(call, { allowed: true }) })),
        );
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get caBundle() {
      return identity.caBundle;
    },
    rotate() {
      identity = newIdentity(names);
      server.setSecureContext({ cert: identity.cert, key: identity.key });
      server.closeAllConnections();
      return identity.caBundle;
    },
    calls: (path) => kept.get(path) ?? [],
    answer: (path, answer) => void answers.set(path, answer),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function newIdentity(names: readonly string[]): { cert: string; key: string; caBundle: string } {
  const authority = createCertificateAuthority({ commonName: "capturing-webhook-ca" });
  const pair = authority.issue({
    commonName: "webhook",
    dnsNames: ["localhost", ...names],
    ipAddresses: ["127.0.0.1"],
  });
  const caBundle = Buffer.from(authority.certificatePem).toString("base64");
  return { cert: pair.certificatePem, key: pair.keyPem, caBundle };
}

/** A review that answers this call, in its version, with its uid; `response` says the rest. */
export function reviewAnswer({ review }: WebhookCall, response: Readonly<Record<string, unknown>>): unknown {
  return {
    apiVersion: review.apiVersion,
    kind: "AdmissionReview",
    response: { uid: review.request.uid, ...response },
  };
}

function callOf(request: IncomingMessage, text: string): WebhookCall {
  const { method = "", url = "", httpVersion, rawHeaders, headers } = request;
  const certificate = (request.socket as TLSSocket).getPeerCertificate();
  return {
    ...{ method, url, httpVersion, rawHeaders, headers, text },
    review: JSON.parse(text) as ReviewOnTheWire,
    certificateName: certificate.subject?.CN as string | undefined,
  };
}

async function reply(response: ServerResponse, call: WebhookCall, answer: AnswerWebhook): Promise<void> {
  const { status = 200, headers = {}, body } = await answer(call);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
