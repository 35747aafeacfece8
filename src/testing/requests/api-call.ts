import type { IncomingHttpHeaders } from "node:http";
import type { UserInfo } from "../../apis/authentication.ts";
import type { RequestInfo } from "../../authorization/request-attributes.ts";
import type { JsonObject } from "../objects/api-object.ts";

/** A request whose caller is authenticated and authorized. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What an answer depends on. None of those that say who the client is, or wants to be, gets this far. */
  readonly headers: Pick<IncomingHttpHeaders, "accept" | "content-type">;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  /** How whoever sent it proved who it is, before any impersonation. */
  readonly authenticatedBy: string;
  readonly body: Buffer;
  /** Aborted when the client has gone or the control plane stops. */
  readonly signal: AbortSignal;
  /** Fields that this control plane was told not to know. */
  readonly unservedFields: ReadonlySet<string>;
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void;
}

/** A JSON object, a text, or a stream of JSON lines. */
export type ApiAnswer = JsonAnswer | TextAnswer | StreamAnswer;

export interface JsonAnswer {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default application/json. */
  readonly contentType?: string;
}

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

export interface StreamAnswer {
  readonly status: 200;
  /** Writes until it resolves or the signal is aborted. */
  readonly stream: (write: (line: JsonObject) => void, signal: AbortSignal) => Promise<void>;
}

export function ok(body: JsonObject): JsonAnswer {
  return { status: 200, body };
}

export function created(body: JsonObject): JsonAnswer {
  return { status: 201, body };
}

export function text(status: number, body: string): TextAnswer {
  return { status, text: body };
}

/** `?dryRun=All`: everything but the storing. */
export function isDryRun(query: URLSearchParams): boolean {
  return query.getAll("dryRun").includes("All");
}
