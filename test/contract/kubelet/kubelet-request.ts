import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { IssuedCertificate } from "../../../src/testing/certificates/certificate-authority.ts";
import type { KubeletTarget } from "./kubelet-target.ts";

/** Who asks. */
export interface Credentials {
  readonly token?: string;
  readonly certificate?: IssuedCertificate;
  /** As it stands in the header, for what is no bearer token. */
  readonly authorization?: string;
  /** Sent beside it. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface KubeletResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A log that goes on. */
export interface FollowedLog {
  readonly status: number;
  readonly text: string;
  readonly ended: boolean;
  close(): void;
}

/** One request on a connection of its own; the path goes on the wire as it stands. */
export async function ask(
  target: Pick<KubeletTarget, "url" | "caPem">,
  path: string,
  credentials: Credentials,
  { method = "GET", body }: { readonly method?: string; readonly body?: string } = {},
): Promise<KubeletResponse> {
  const response = await send(target, path, credentials, method, body);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** Reads on while the kubelet writes. Close it. */
export async function follow(
  target: Pick<KubeletTarget, "url" | "caPem">,
  path: string,
  credentials: Credentials,
): Promise<FollowedLog> {
  const response = await send(target, path, credentials, "GET");
  const state = { status: response.statusCode ?? 0, text: "", ended: false };
  response.setEncoding("utf8").on("data", (chunk: string) => {
    state.text += chunk;
  });
  response.on("end", () => {
    state.ended = true;
  });
  response.on("error", () => undefined);
  return Object.assign(state, { close: () => response.destroy() });
}

function send(
  { url, caPem }: Pick<KubeletTarget, "url" | "caPem">,
  path: string,
  credentials: Credentials,
  method: string,
  body?: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const options: RequestOptions = { agent: false, ca: caPem, ...{ hostname, port, path, method } };
    const request = httpsRequest({ ...options, ...credentialOptions(credentials) }, resolve);
    request.once("error", reject).end(body);
  });
}

function credentialOptions({ token, certificate, authorization, headers }: Credentials): RequestOptions {
  const header = token === undefined ? authorization : `Bearer ${token}`;
  return {
    headers: { ...headers, ...(header !== undefined && { authorization: header }) },
    ...(certificate !== undefined && { cert: certificate.certificatePem, key: certificate.keyPem }),
  };
}
