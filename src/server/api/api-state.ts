import type { ParameterizedContext } from "koa";
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

export type APIContext = ParameterizedContext<APIState>;
