import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
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
  const authority = createCertificateAuthority({ commonName: "capturing-webhook-ca" });
  const pair = authority.issue({
    commonName: "webhook",
    dnsNames: ["localhost", ...names],
    ipAddresses: ["127.0.0.1"],
  });
  const kept = new Map<string, WebhookCall[]>();
  const answers = new Map<string, AnswerWebhook>();
  const server = createServer({ cert: pair.certificatePem, key: pair.keyPem }, (request, response) => {
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
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.certificatePem).toString("base64"),
    calls: (path) => kept.get(path) ?? [],
    answer: (path, answer) => void answers.set(path, answer),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
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
  return { method, url, httpVersion, rawHeaders, headers, text, review: JSON.parse(text) as ReviewOnTheWire };
}

async function reply(response: ServerResponse, call: WebhookCall, answer: AnswerWebhook): Promise<void> {
  const { status = 200, headers = {}, body } = await answer(call);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
