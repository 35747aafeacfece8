import type { ServerResponse } from "node:http";
import { jsonText } from "../objects/api-object.ts";
import type { ApiAnswer } from "../requests/api-call.ts";
import type { StatusError } from "../status/status-error.ts";

const noCache = { "cache-control": "no-cache, private" };

/** Writes an answer with kube-apiserver's headers; resolves when it is written, a stream's when it has ended. */
export async function writeAnswer(
  response: ServerResponse,
  answer: ApiAnswer,
  warnings: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if ("text" in answer) return writeText(response, answer.status, answer.text);
  if ("stream" in answer) {
    response.writeHead(200, { ...noCache, "content-type": "application/json" });
    response.flushHeaders();
    await answer.stream((line) => response.write(`${jsonText(line)}\n`), signal);
    response.end();
    return;
  }
  const { status, body, headers = {}, contentType = "application/json" } = answer;
  writeJson(response, status, body, { ...noCache, ...headers, "content-type": contentType }, warnings);
}

export function writeStatus(
  response: ServerResponse,
  { status }: StatusError,
  warnings: readonly string[],
): void {
  // kube-apiserver's own refusals of a whole request say so, its handlers' errors do not
  const sniff = status.code === 403 ? { "x-content-type-options": "nosniff" } : {};
  writeJson(
    response,
    status.code,
    status,
    { ...noCache, ...sniff, "content-type": "application/json" },
    warnings,
  );
}

function writeJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  warnings: readonly string[],
): void {
  const bytes = Buffer.from(`${jsonText(body)}\n`);
  const warning = warnings.map((text) => `299 - ${quoted(text)}`);
  const sized: Record<string, string | number | string[]> = { ...headers, "content-length": bytes.length };
  response.writeHead(status, warning.length === 0 ? sized : { ...sized, warning });
  response.end(bytes);
}

/** RFC 7234 5.5: a quoted string, without what a header cannot hold. */
function quoted(text: string): string {
  const printable = text.replace(/[^\t\x20-\x7e]/g, "?").replace(/[\\"]/g, "\\$&");
  return `"${printable}"`;
}

function writeText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...noCache,
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}
