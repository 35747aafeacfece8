import { encodeLossless } from "../../admission/json-encoder.ts";
import type { JSONValue } from "../../admission/json-value.ts";
import { impersonationHeaders } from "../../transport/rest-client.ts";
import type { Bearer } from "./bearer.ts";
import type { ClientConfig } from "./client-config.ts";
import type { WebhookAddress } from "./webhook-address.ts";

/** What kube-apiserver sends, in aggregated servers too. */
const userAgent = "kube-apiserver-admission";

/** Names, spelling and order are what Go puts on the wire; the connection adds its own, and the length. */
export function requestHeaders(address: WebhookAddress, config: ClientConfig, { header }: Bearer): string[] {
  const headers = ["Host", address.host, "User-Agent", userAgent, "Accept", "application/json, */*"];
  if (header !== undefined) headers.push("Authorization", header);
  headers.push("Content-Type", "application/json");
  if (config.impersonate !== undefined) headers.push(...impersonationHeaders(config.impersonate));
  return headers;
}

/** The webhook is told how long its caller waits, in whole seconds rounded up, as client-go tells it. */
export function timedPath({ path }: WebhookAddress, timeoutMs: number): string {
  return `${path}?timeout=${Math.ceil(timeoutMs / 1000)}s`;
}

/** Only the slower encoder knows bigints, and few reviews have one. */
export function encodeReview(review: JSONValue): Buffer {
  try {
    return Buffer.from(JSON.stringify(review));
  } catch {
    return Buffer.from(encodeLossless(review));
  }
}

/** A request as it goes out, fit to be shown: nothing of it is secret. */
export interface ShownRequest {
  readonly method: "POST";
  readonly url: string;
  /** In the order they are sent; of Authorization only the scheme. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function showRequest(address: WebhookAddress, path: string, headers: readonly string[]): ShownRequest {
  const pairs = headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name, headers[index + 1]!] as const] : [],
  );
  return {
    method: "POST",
    url: `https://${address.host}${path}`,
    headers: pairs.map(([name, value]) => [name, name === "Authorization" ? redacted(value) : value]),
  };
}

function redacted(authorization: string): string {
  return `${authorization.split(" ", 1)[0]} [redacted]`;
}
