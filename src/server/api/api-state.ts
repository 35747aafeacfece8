import type { IncomingMessage, ServerResponse } from "node:http";
import type { UserInfo } from "../../apis/authentication.ts";
import type { Caller } from "../../authentication/authenticator.ts";
import type { RequestInfo } from "../../authorization/request-attributes.ts";

/** What is known of a request that was let in. */
export interface APIState {
  /** Whose connection and credential it is. */
  readonly caller: Caller;
  /** As whom it is made: the caller, or whom it impersonates. */
  readonly user: UserInfo;
  readonly info: RequestInfo;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The node that is reached for it, set by whoever does so: for the log. */
  node?: string;
}

/** As much of Koa's context as is used here; every Koa context is one, and no types of Koa are needed for it. */
export interface APIContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly state: APIState;
  readonly method: string;
  status: number;
  body: unknown;
  /** False where the response is written past Koa. */
  respond?: boolean | undefined;
  get(name: string): string;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  vary(name: string): void;
}

/** Koa middleware: `new Koa().use(middleware)`. */
export type APIMiddleware = (context: APIContext, next: () => Promise<unknown>) => Promise<unknown>;
