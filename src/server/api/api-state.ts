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
}

export type APIContext = ParameterizedContext<APIState>;
