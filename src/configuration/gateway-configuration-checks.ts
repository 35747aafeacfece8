import { parseCIDR } from "../apis/cidr.ts";
import { type Part, reporter } from "./distinct-entries.ts";

/**
 * What no single field can say of itself. Each check is hung on the part of the schema it judges and declares only what
 * it reads of it, so that one part's fault does not hide another's.
 */

interface RequestHeaderPart {
  readonly fromConfigMap?: boolean;
  readonly caFile?: string;
}

interface ReviewAudiencesPart {
  readonly audiences: readonly string[];
  readonly implicitAudiences: readonly string[];
}

interface AnonymousPart {
  readonly enabled: boolean;
  readonly conditions?: unknown;
}

interface AuthenticationPart {
  readonly clientCAFile?: string;
  readonly clientCAFromConfigMap: boolean;
  readonly requestHeader?: { readonly caFile?: string; readonly allowedNames?: readonly string[] };
  readonly tokenReview?: unknown;
  readonly anonymous: boolean | AnonymousPart;
}

interface AuthorizationPart {
  readonly mode: "Webhook" | "AlwaysAllow";
  readonly insecureBackend: "allow" | "authorize" | "deny";
}

interface ListenerPart {
  readonly port: number;
}

interface GatewayPart {
  readonly listen: ListenerPart;
  readonly admin: ListenerPart;
}

/** One source of what a front proxy is: the cluster's ConfigMap, or these fields. */
export function checkRequestHeader(part: Part<RequestHeaderPart>): void {
  const { fromConfigMap = false, caFile, ...others } = part.value;
  const report = reporter(part);
  if (!fromConfigMap && caFile === undefined)
    report([], "must have fromConfigMap: true, or caFile and what goes with it");
  if (!fromConfigMap) return;
  for (const field of Object.keys(caFile === undefined ? others : { caFile, ...others }))
    report([field], "is in the ConfigMap: remove it, or fromConfigMap");
}

/** An empty `status.audiences` means the API server's own: it stands only for audiences that are asked for. */
export function checkReviewAudiences(part: Part<ReviewAudiencesPart>): void {
  const { audiences, implicitAudiences } = part.value;
  const report = reporter(part);
  for (const [index, audience] of implicitAudiences.entries())
    if (!audiences.includes(audience))
      report(
        ["implicitAudiences", index],
        "is not among audiences, so no token is ever asked for by that name",
      );
}

/** As AnonymousAuthConfig is validated. */
export function checkAnonymous(part: Part<AnonymousPart>): void {
  const { enabled, conditions } = part.value;
  if (!enabled && conditions !== undefined)
    reporter(part)(["enabled"], "should be set to true when conditions are defined");
}

/** Somebody can be authenticated, and nobody is taken for somebody else. */
export function checkAuthenticationMethods(part: Part<AuthenticationPart>): void {
  const { clientCAFile, clientCAFromConfigMap, requestHeader, tokenReview, anonymous } = part.value;
  const report = reporter(part);
  if (clientCAFile !== undefined && clientCAFromConfigMap)
    report(["clientCAFromConfigMap"], "has no use beside clientCAFile: remove one of them");
  const letsAnonymous = typeof anonymous === "boolean" ? anonymous : anonymous.enabled;
  const methods = [clientCAFile, clientCAFromConfigMap || undefined, requestHeader, tokenReview];
  if (methods.every((method) => method === undefined) && !letsAnonymous)
    report(
      [],
      "authenticates nobody: give clientCAFile, clientCAFromConfigMap, requestHeader or tokenReview",
    );
  if (requestHeader?.caFile === undefined || requestHeader.caFile !== clientCAFile) return;
  if ((requestHeader.allowedNames ?? []).length === 0)
    report(
      ["requestHeader", "allowedNames"],
      "is needed where caFile is clientCAFile too: every user with a certificate could say to be any other",
    );
}

/** A permission that is asked for is one that somebody is asked about. */
export function checkAuthorization(part: Part<AuthorizationPart>): void {
  const { mode, insecureBackend } = part.value;
  if (mode === "AlwaysAllow" && insecureBackend === "authorize")
    reporter(part)(
      ["insecureBackend"],
      "authorize asks nobody with mode AlwaysAllow: use deny, or mode Webhook",
    );
}

/** What anonymous requests are compared with, to the letter. */
export function checkExactPath(part: Part<string>): void {
  if (!part.value.startsWith("/") || /[?#]/.test(part.value))
    reporter(part)([], 'must be a path alone that begins with "/", compared to the letter');
}

/** A path, or a prefix that ends in `*`. */
export function checkAllowedPath(part: Part<string>): void {
  const report = reporter(part);
  if (!part.value.startsWith("/")) report([], 'must begin with "/"');
  else if (part.value.slice(0, -1).includes("*")) report([], "may have * at its end alone");
}

/** A CIDR. */
export function checkAddressRange(part: Part<string>): void {
  if (parseCIDR(part.value) === undefined) reporter(part)([], "must be a CIDR, as 10.0.0.0/8 or fd00::/8");
}

/** Listeners among one another. */
export function checkGateway(part: Part<GatewayPart>): void {
  const { listen, admin } = part.value;
  if (listen.port !== 0 && listen.port === admin.port)
    reporter(part)(["admin", "port"], `must differ from listen.port: ${listen.port} serves callers`);
}
