import type { IncomingMessage, ServerResponse } from "node:http";
import { AnswerStatusError } from "../../apis/answer-status.ts";
import type { UserInfo } from "../../apis/authentication.ts";
import type { Caller } from "../../authentication/authenticator.ts";
import type { DelegatingAuthenticator } from "../../authentication/delegating.ts";
import { bearerTokenWarnings } from "../../authentication/lenient-bearer-token.ts";
import { presentedCredentials } from "../../authentication/presented-credentials.ts";
import { unauthorizedStatus } from "../../authorization/access-status.ts";
import type { Impersonation } from "../../authorization/impersonation.ts";
import { type RequestInfo, requestInfo } from "../../authorization/request-attributes.ts";
import { assertPathTarget, assertPlainPath } from "../../authorization/request-path.ts";
import { errorCodeOf } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { RequestAuthorizer } from "./request-authorizer.ts";

/** Who is asked about a request. */
export interface AccessRules {
  readonly authenticator: DelegatingAuthenticator;
  readonly impersonation: Impersonation;
  readonly authorizer: RequestAuthorizer;
  /** Every path that can be read in two ways is refused before anybody is asked about it; else those alone that Koa reads so. */
  readonly plainPaths: boolean;
}

/** A request on its way in: what is known of it, as one step after the other finds it out. */
export interface Arrival {
  readonly rules: AccessRules;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As they came: for impersonation, which stands behind the step that strips them from the request. */
  readonly rawHeaders: readonly string[];
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
  caller: Caller | undefined;
  user: UserInfo | undefined;
  info: RequestInfo | undefined;
  /** What gave leave, where it is another permission than `info` names. */
  permission: string | undefined;
}

/** One thing that has to be found out, or done, before a request is let in. A throw refuses it. */
export interface AccessStep {
  readonly name: string;
  run(arrival: Arrival): MaybePromise<void>;
}

/** Kubernetes/apiserver's order (pkg/server/config.go, DefaultBuildHandlerChain), behind a look at the path. */
export const accessSteps: readonly AccessStep[] = [
  { name: "plain path", run: requirePlainPath },
  { name: "authenticate", run: authenticate },
  { name: "warn", run: passWarnings },
  { name: "strip credentials", run: stripCredentials },
  { name: "impersonate", run: impersonate },
  { name: "request info", run: readInfo },
  { name: "authorize", run: authorize },
];

function requirePlainPath({ rules, request }: Arrival): void {
  const { url = "" } = request;
  if (rules.plainPaths) assertPlainPath(url);
  else assertPathTarget(url);
}

/** One answer for every way of not being known: the reason is for the log. */
async function authenticate(arrival: Arrival): Promise<void> {
  const { rules, request, warn } = arrival;
  const presented = presentedCredentials(request);
  try {
    arrival.caller = await rules.authenticator.authenticateRequest(presented, { impersonation: "handled" });
  } catch (cause) {
    for (const warning of bearerTokenWarnings(presented.authorization)) warn(warning);
    throw new AnswerStatusError(errorCodeOf(cause), unauthorizedStatus, { cause });
  }
}

function passWarnings({ caller, warn }: Arrival): void {
  for (const warning of caller?.warnings ?? []) warn(warning);
}

/** What comes behind sees nothing that was not verified, and nothing that it could replay, in whatever form it looks. */
function stripCredentials({ rules, request }: Arrival): void {
  const kept = rules.authenticator.withoutCredentials(request.rawHeaders);
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < kept.length; index += 2) {
    const name = kept[index]!.toLowerCase();
    const others = values.get(name);
    // thousands may have one name: none is copied for the next
    if (others === undefined) values.set(name, [kept[index + 1]!]);
    else others.push(kept[index + 1]!);
  }
  for (const form of [request.headers, request.headersDistinct])
    for (const name of Object.keys(form)) if (!values.has(name)) delete form[name];
  // of this one only the protocol that carries a token is taken out
  const protocols = values.get(webSocketProtocol);
  if (protocols !== undefined) {
    request.headers[webSocketProtocol] = protocols.join(", ");
    request.headersDistinct[webSocketProtocol] = protocols;
  }
  request.rawHeaders = [...kept];
}

const webSocketProtocol = "sec-websocket-protocol";

async function impersonate(arrival: Arrival): Promise<void> {
  const { rules, rawHeaders, signal } = arrival;
  arrival.user = await rules.impersonation.impersonate(known(arrival.caller).user, rawHeaders, { signal });
}

function readInfo(arrival: Arrival): void {
  arrival.info = requestInfo(arrival.request);
}

async function authorize(arrival: Arrival): Promise<void> {
  const { rules, request, signal } = arrival;
  const { method = "GET", url = "/" } = request;
  const [user, info] = [known(arrival.user), known(arrival.info)];
  arrival.permission = await rules.authorizer.assertAuthorized({ method, url, user, info }, { signal });
}

/** What an earlier step has found out. @throws where it has not: nothing is let in by an omission. */
export function known<T>(found: T | undefined): T {
  if (found === undefined) throw new TypeError("an access step was left out");
  return found;
}
