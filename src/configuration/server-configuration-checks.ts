import { type core, safeParse } from "zod/mini";
import { type BuiltInName, builtInParameters } from "./built-in-parameters.ts";
import { type Part, reporter, reportRepeats } from "./distinct-entries.ts";
import type { Duration } from "./duration.ts";

/**
 * What no single field can say of itself. Each check is hung on the part of the schema it judges and declares only what
 * it reads of it, so that one part's fault does not hide another's.
 */

interface IssuerPart {
  readonly name: string;
  readonly url?: string;
  readonly caFile?: string;
  readonly jwksFile?: string;
}

interface TLSPart {
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly selfSigned?: unknown;
}

interface SelfSignedPart {
  readonly caValidity: Duration;
  readonly certificateValidity: Duration;
  readonly renewBefore: Duration;
}

interface AuthenticationPart {
  readonly mode: "off" | "observe" | "enforce";
  readonly webhookTokens?: { readonly kinds: readonly string[] };
  readonly serviceAccounts?: unknown;
  readonly clientCertificates?: unknown;
  readonly tokenReview?: unknown;
}

interface WebhookPart {
  readonly path: string;
  readonly type: "validating" | "mutating";
  readonly audiences?: readonly string[];
  readonly authentication: AuthenticationPart;
}

interface ListenerPart {
  readonly host: string;
  readonly port: number;
}

interface ConfigurationPart {
  readonly listen: ListenerPart;
  readonly admin: ListenerPart;
  readonly issuers: readonly IssuerPart[];
  readonly webhooks: readonly WebhookPart[];
}

const tokenMethods = ["webhookTokens", "serviceAccounts"] as const;
const methods = [...tokenMethods, "clientCertificates"] as const;

/**
 * The path as an API server's client writes it on the wire: client-go joins request paths with Go's `path.Join`, which
 * drops a trailing slash and resolves `//`, `.` and `..` (kubernetes/client-go rest/request.go).
 */
export function checkRoutePath(part: Part<string>): void {
  const fault = routePathFault(part.value);
  if (fault !== undefined) reporter(part)([], fault);
}

function routePathFault(path: string): string | undefined {
  if (!path.startsWith("/")) return 'must begin with "/"';
  if (/[?#]/.test(path)) return "must be a path alone, without ? or #";
  if (/[^\w\-.~!$&'()*+,;=:@/]/.test(path)) return "must hold only characters that a URL needs no escape for";
  const segments = path.slice(1).split("/");
  if (path === "/" || !segments.some((segment) => ["", ".", ".."].includes(segment))) return undefined;
  return `would never be asked for: the API server requests "${cleaned(segments)}" (the audience keeps what clientConfig says, to the letter)`;
}

function cleaned(segments: readonly string[]): string {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

interface PolicyPart {
  readonly file?: string;
  readonly builtIn?: BuiltInName;
  readonly parameters?: unknown;
}

/** Exactly one source of policies, and what a built-in one has to be told. */
export function checkPolicy(part: Part<PolicyPart>): void {
  const { file, builtIn, parameters } = part.value;
  const report = reporter(part);
  if ((file === undefined) === (builtIn === undefined))
    report([], "must name exactly one of file and builtIn");
  else if (builtIn === undefined) {
    if (parameters !== undefined) report(["parameters"], "are for built-in policies: a file holds its own");
  } else for (const issue of parameterIssues(builtIn, parameters)) part.issues.push(issue);
}

function parameterIssues(builtIn: BuiltInName, parameters: unknown): core.$ZodRawIssue[] {
  const judged = safeParse(builtInParameters[builtIn], parameters ?? {});
  const found: readonly core.$ZodIssue[] = judged.error?.issues ?? [];
  return found.map((issue) => {
    const path = ["parameters", ...issue.path];
    return { ...issue, path, input: parameters, continue: true } as core.$ZodRawIssue;
  });
}

/** Exactly one way to a certificate, as a whole. */
export function checkTLS(part: Part<TLSPart>): void {
  const { certFile, keyFile, selfSigned } = part.value;
  const report = reporter(part);
  if (selfSigned !== undefined) {
    if (certFile !== undefined || keyFile !== undefined)
      report(["selfSigned"], "makes the certificate: remove certFile and keyFile, or selfSigned");
  } else if (certFile === undefined && keyFile === undefined)
    report([], "must have certFile and keyFile, or selfSigned");
  else if (certFile === undefined) report(["certFile"], "is required beside keyFile");
  else if (keyFile === undefined) report(["keyFile"], "is required beside certFile");
}

/** Lives that leave time for what has to be done in them. */
export function checkSelfSigned(part: Part<SelfSignedPart>): void {
  const { caValidity, certificateValidity, renewBefore } = part.value;
  const report = reporter(part);
  if (renewBefore.ms < 1000) report(["renewBefore"], "must be at least 1s");
  if (renewBefore.ms >= certificateValidity.ms)
    report(["renewBefore"], "must be shorter than certificateValidity");
  if (certificateValidity.ms > caValidity.ms)
    report(["certificateValidity"], "must not be longer than caValidity: nothing outlives its CA");
}

/** A mode and methods that fit together: nothing that reads as protection may be none. */
export function checkAuthentication(part: Part<AuthenticationPart>): void {
  const report = reporter(part);
  const given = methods.filter((method) => part.value[method] !== undefined);
  if (part.value.mode === "off" && given.length > 0)
    report(["mode"], `off authenticates nobody: remove ${given.join(", ")}, or use observe or enforce`);
  if (part.value.mode !== "off" && given.length === 0)
    report([], `${part.value.mode} needs at least one of ${methods.join(", ")}; mode: off lets anyone call`);
  if (part.value.tokenReview !== undefined && !tokenMethods.some((method) => given.includes(method)))
    report(
      ["tokenReview"],
      "has no token to ask about: say which are accepted, by webhookTokens or serviceAccounts",
    );
}

/** A route's own fields among themselves. */
export function checkWebhook(part: Part<WebhookPart>): void {
  const { type, audiences, authentication } = part.value;
  const report = reporter(part);
  const method = tokenMethods.find((name) => authentication[name] !== undefined);
  if (method !== undefined && audiences === undefined)
    report([], `audiences is required: authentication.${method} accepts only tokens minted for one of them`);
  const kinds = authentication.webhookTokens?.kinds ?? [];
  if (type === "mutating" && kinds.includes("ValidatingWebhookConfiguration"))
    report(
      ["authentication", "webhookTokens", "kinds"],
      "a route of type mutating may answer with a patch, which a ValidatingWebhookConfiguration's call must not",
    );
  if (type === "validating" && kinds.length > 0 && !kinds.includes("ValidatingWebhookConfiguration"))
    report(["type"], "must be mutating where only a MutatingWebhookConfiguration may call");
}

/** The three forms of an issuer: a name alone, with a url (and CA), with a url and a key file. */
export function checkIssuer(part: Part<IssuerPart>): void {
  const { url, caFile, jwksFile } = part.value;
  const report = reporter(part);
  if (jwksFile !== undefined && url === undefined)
    report(["jwksFile"], "needs url beside it: the `iss` that tokens must carry");
  if (jwksFile !== undefined && caFile !== undefined)
    report(["caFile"], "has no use beside jwksFile: nothing is fetched");
  if (jwksFile === undefined && caFile !== undefined && url === undefined)
    report(["caFile"], "has no use without url: the cluster's own CA is used");
  if (url !== undefined && jwksFile === undefined && !isFetchable(url))
    report(["url"], "must be an https URL without user, query or fragment: keys are fetched below it");
}

function isFetchable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return protocol === "https:" && username === "" && password === "" && !/[?#]/.test(url);
}

/** Routes, issuers and listeners among one another. */
export function checkConfiguration(part: Part<ConfigurationPart>): void {
  const { listen, admin, issuers, webhooks } = part.value;
  const report = reporter(part);
  const field = (list: string, name: string) => (index: number) => [list, index, name];
  reportRepeats(
    webhooks.map(({ path }) => path),
    field("webhooks", "path"),
    report,
    "is the path of another webhook already",
  );
  reportRepeats(
    issuers.map(({ name }) => name),
    field("issuers", "name"),
    report,
    "is the name of another issuer already",
  );
  reportRepeats(
    issuers.map(({ url }) => url ?? "(the cluster)"),
    (index) => ["issuers", index],
    report,
    "is the same issuer as another",
  );
  if (listen.port !== 0 && listen.port === admin.port)
    report(["admin", "port"], `must differ from listen.port: ${listen.port} serves webhooks`);
  if (issuers.length > 0) return;
  for (const [index, { authentication }] of webhooks.entries()) {
    const method = tokenMethods.find((name) => authentication[name] !== undefined);
    if (method !== undefined && authentication.tokenReview === undefined)
      report(["webhooks", index, "authentication", method], "needs an issuer: name one under issuers");
  }
}
