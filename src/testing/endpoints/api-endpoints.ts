import { answerSelfSubjectReview } from "../../authentication/self-subject-review.ts";
import { isNamespace } from "../admission/namespace-lifecycle.ts";
import type { RequestAuthentication } from "../authentication/request-authentication.ts";
import { reviewToken } from "../authentication/token-review.ts";
import {
  reviewLocalAccess,
  reviewSelfAccess,
  reviewSelfRules,
  reviewSubjectAccess,
} from "../authorization/access-review.ts";
import type { Authorizer } from "../authorization/rbac-authorizer.ts";
import type { JsonObject } from "../objects/api-object.ts";
import { isStored, type ResourceKind, type ResourceRegistry } from "../objects/resource-kind.ts";
import { decodeObject } from "../representations/body-decoder.ts";
import { assertServed, negotiate } from "../representations/content-negotiation.ts";
import { assertPathAcceptable } from "../representations/path-representation.ts";
import { type ApiAnswer, type ApiCall, created, ok, text } from "../requests/api-call.ts";
import { aggregatedType, type Discovery } from "../schema/discovery.ts";
import type { OpenApi } from "../schema/openapi.ts";
import type { ServiceAccountIssuer } from "../service-accounts/service-account-issuer.ts";
import { methodNotAllowed, resourceNotFound } from "../status/status-error.ts";
import { answerStored, type StoredServices } from "./stored-endpoints.ts";

export interface EndpointServices extends StoredServices {
  readonly registry: ResourceRegistry;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly issuer: ServiceAccountIssuer;
  readonly authorizer: Authorizer;
  readonly authentication: RequestAuthentication;
  readonly audiences: readonly string[];
  /** `https://127.0.0.1:PORT`. */
  readonly url: () => string;
}

/** Answers a request that has been authenticated and authorized. @throws StatusError */
export async function answerCall(call: ApiCall, services: EndpointServices): Promise<ApiAnswer> {
  if (!call.info.isResourceRequest) return answerPath(call, services);
  const { group, version, resource, subresource: wanted } = call.info;
  const kind = services.registry.find(group, version, resource);
  if (kind === undefined) return nobodyServes(group, services);
  const subresource = kind.subresources?.find(({ name }) => name === wanted);
  if (wanted !== "" && subresource === undefined) throw resourceNotFound();
  if (!isStored(kind)) return answerReview(call, kind, services);
  // below /namespaces there is of what has no namespace the Namespace alone
  if (call.info.namespace !== "" && !kind.namespaced && !isNamespace(kind)) throw resourceNotFound();
  return answerStored({ call, kind, ...(subresource === undefined ? {} : { subresource }) }, services);
}

/** An unknown resource of a group that is served is a Status; of one that nobody serves, a plain text. */
function nobodyServes(group: string, { registry }: EndpointServices): ApiAnswer {
  if (registry.kinds.some((kind) => kind.group === group)) throw resourceNotFound();
  return pageNotFound;
}

const pageNotFound = text(404, "404 page not found\n");

type PathAnswer = (call: ApiCall, services: EndpointServices) => ApiAnswer;

const publicFor = { "cache-control": "public, max-age=3600" };

const paths: Readonly<Record<string, PathAnswer>> = {
  "/": (_, { registry }) => ok({ paths: rootPaths(registry) }),
  "/healthz": healthy,
  "/healthz/ping": healthy,
  "/livez": healthy,
  "/livez/ping": healthy,
  "/readyz": healthy,
  "/readyz/ping": healthy,
  "/version": () => ok(version),
  "/api": (call, services) => discover(call, services, true),
  "/apis": (call, services) => discover(call, services, false),
  "/openapi/v3": (_, { openApi }) => ok(openApi.index()),
  "/openid/v1/jwks": keySet,
  "/.well-known/openid-configuration": (_, { issuer, url }) => ({
    ...ok({
      issuer: issuer.issuer,
      jwks_uri: `${url()}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: issuer.algorithms(),
    }),
    headers: publicFor,
  }),
};

/** The release whose behaviour is copied. Its build is nobody's. */
const version: JsonObject = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.0",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "",
};

function keySet(_: ApiCall, { issuer }: EndpointServices): ApiAnswer {
  return { ...ok(issuer.keySet()), headers: publicFor, contentType: "application/jwk-set+json" };
}

function answerPath(call: ApiCall, services: EndpointServices): ApiAnswer {
  const path = call.path.length > 1 ? call.path.replace(/\/$/, "") : call.path;
  const answer = Object.hasOwn(paths, path) ? paths[path] : undefined;
  const under = answer ?? answerUnder(path, services);
  if (under === undefined) {
    if (isUnderGroup(path, services)) throw resourceNotFound();
    return pageNotFound;
  }
  if (call.method !== "GET" && call.method !== "HEAD" && !isHealth(path)) throw methodNotAllowed();
  assertPathAcceptable(call, path);
  return typeof under === "function" ? under(call, services) : under;
}

/** Below a group that is served, a version that is not is answered as a resource that is not. */
function isUnderGroup(path: string, { discovery }: EndpointServices): boolean {
  const [, prefix, group = ""] = path.split("/");
  return prefix === "api" || (prefix === "apis" && discovery.group(group) !== undefined);
}

function isHealth(path: string): boolean {
  return ["healthz", "livez", "readyz"].includes(path.split("/")[1] ?? "");
}

/** The paths that hold a group: discovery and OpenAPI documents. */
function answerUnder(path: string, { discovery, openApi }: EndpointServices): ApiAnswer | undefined {
  const [, prefix, group = "", version = "", ...rest] = path.split("/");
  if (path.startsWith("/openapi/v3/")) {
    const document = openApi.document(path.slice("/openapi/v3/".length));
    return document && ok(document);
  }
  const found =
    prefix === "api" && version === ""
      ? discovery.resources("", group)
      : prefix === "apis" && rest.length === 0
        ? version === ""
          ? discovery.group(group)
          : discovery.resources(group, version)
        : undefined;
  return found && ok(found);
}

function discover(call: ApiCall, { discovery }: EndpointServices, legacy: boolean): ApiAnswer {
  if (negotiate(call, ["aggregatedDiscovery"]) !== "aggregatedDiscovery")
    return ok(legacy ? discovery.legacyVersions() : discovery.groups());
  return { ...ok(discovery.aggregated(legacy)), contentType: aggregatedType, headers: { vary: "Accept" } };
}

/** There is one process and no storage behind it: what answers is well. */
function healthy({ path, query }: ApiCall): ApiAnswer {
  const name = path.slice(1);
  return text(200, query.has("verbose") ? `[+]ping ok\n${name} check passed\n` : "ok");
}

function rootPaths({ kinds }: ResourceRegistry): readonly string[] {
  const groups = kinds.flatMap(({ group, version: served }) =>
    group === "" ? [`/api/${served}`] : [`/apis/${group}`, `/apis/${group}/${served}`],
  );
  return [...new Set([...Object.keys(paths).slice(1), ...groups])].sort();
}

/** The kinds that are asked and not stored. */
function answerReview(call: ApiCall, kind: ResourceKind, services: EndpointServices): ApiAnswer {
  const { info, user, authenticatedBy } = call;
  if (info.parts.length > 1 || (info.namespace !== "" && !kind.namespaced)) throw resourceNotFound();
  if (info.verb !== "create") throw methodNotAllowed();
  assertServed(call);
  negotiate(call);
  const review = decodeObject(call, kind);
  const { authorizer, clock } = services;
  switch (kind.kind) {
    case "TokenReview":
      return created(reviewToken(review, services));
    case "SelfSubjectReview":
    case "SelfSubjectAttributesReview":
      return {
        ...created(answerSelfSubjectReview(kind, user, clock.now()) as unknown as JsonObject),
        headers: { "countersign-authenticated-by": authenticatedBy },
      };
    case "SubjectAccessReview":
      return created(reviewSubjectAccess(review, authorizer));
    case "LocalSubjectAccessReview":
      return created(reviewLocalAccess(review, info.namespace, authorizer));
    case "SelfSubjectAccessReview":
      return created(reviewSelfAccess(review, user, authorizer));
    default:
      return created(reviewSelfRules(review, user, authorizer));
  }
}
