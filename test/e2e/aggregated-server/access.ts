import {
  type Caller,
  createDelegatingAuthenticator,
  type DelegatingAuthenticator,
  presentedCredentials,
} from "countersign/authentication";
import {
  type Authorizer,
  accessAttributes,
  forbiddenStatus,
  type RequestInfo,
  requestInfo,
  unauthorizedStatus,
} from "countersign/authorization";
import type { AuthenticationConfigMap, ReviewClients } from "countersign/webhook";
import type { Context, Middleware } from "koa";

/** Who asks, and for what. */
export interface Access {
  readonly caller: Caller;
  readonly info: RequestInfo;
}

export type AccessContext = Context & { readonly state: Access };

/** As kube-apiserver's aggregation layer wants it: its users, those of the client CA, and tokens by TokenReview. */
export function createAuthenticator(
  map: AuthenticationConfigMap,
  reviews: ReviewClients,
): DelegatingAuthenticator {
  return createDelegatingAuthenticator({
    requestHeader: map.requestHeader,
    clientCA: map.clientCA,
    tokenReview: { client: reviews },
    // whoever is nobody gets to /healthz, and nowhere else: the authorizer says so
    anonymous: true,
  });
}

/** Lets through who may, without a trace of what proved it; others are answered as an API server answers them. */
export function createAccess(authenticator: DelegatingAuthenticator, authorizer: Authorizer): Middleware {
  return async (context, next) => {
    const caller = await authenticate(context, authenticator);
    if (caller === undefined) return;
    const info = requestInfo(context.req);
    const { user } = caller;
    try {
      const { decision, reason } = await authorizer.authorize(accessAttributes(user, info));
      if (decision !== "allow") {
        context.set("X-Content-Type-Options", "nosniff");
        return answer(context, forbiddenStatus(user, info, reason));
      }
    } catch (error) {
      context.status = 500;
      context.body = `Internal Server Error: ${JSON.stringify(context.originalUrl)}: ${(error as Error).message}\n`;
      return;
    }
    context.state.caller = caller;
    context.state.info = info;
    await next();
  };
}

async function authenticate(
  context: Context,
  authenticator: DelegatingAuthenticator,
): Promise<Caller | undefined> {
  try {
    const caller = await authenticator.authenticateRequest(presentedCredentials(context.req));
    const kept = authenticator.withoutCredentials(context.req.rawHeaders);
    const names = new Set(kept.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
    for (const name of Object.keys(context.req.headers))
      if (!names.has(name)) delete context.req.headers[name];
    context.req.rawHeaders = [...kept];
    return caller;
  } catch (error) {
    const impersonates = (error as { code?: string }).code === "ERR_IMPERSONATION";
    const { message } = error as Error;
    answer(
      context,
      impersonates ? { ...unauthorizedStatus, code: 403, reason: "Forbidden", message } : unauthorizedStatus,
    );
    return undefined;
  }
}

export function answer(context: Context, status: object & { readonly code: number }): void {
  context.status = status.code;
  context.body = status;
}
