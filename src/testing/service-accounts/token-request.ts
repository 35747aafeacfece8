import { randomUUID } from "node:crypto";
import type { WebhookClientConfig } from "../../apis/admissionregistration.ts";
import { webhookAudience } from "../../apis/audience.ts";
import { admissionReviewAPIGroups } from "../../apis/authentication.ts";
import type { Clock } from "../../clock.ts";
import { forbidden } from "../authorization/forbidden.ts";
import type { Authorizer } from "../authorization/rbac-authorizer.ts";
import {
  type ApiObject,
  defined,
  formatTime,
  isJsonObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
  stringsAt,
  withMetadata,
} from "../objects/api-object.ts";
import type { ResourceRegistry } from "../objects/resource-kind.ts";
import { invalid, invalidObject } from "../status/field-error.ts";
import { badRequest, conflict, forbiddenBy } from "../status/status-error.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { ServiceAccountIssuer } from "./service-account-issuer.ts";
import { serviceAccountUser } from "./service-account-user.ts";
import { isWebhookReference, validateTokenRequest } from "./token-request-validation.ts";

export interface TokenRequestOptions {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly authorizer: Authorizer;
  readonly issuer: ServiceAccountIssuer;
  readonly clock: Clock;
  /** The API server's own audiences. */
  readonly audiences: readonly string[];
  /** The gate APIServerWebhookAuthenticationToken. */
  readonly webhookTokens: boolean;
  readonly onMinted: () => void;
}

/** POST serviceaccounts/NAME/token. `admit` is validating admission, which stands in the middle of the checks. */
export type TokenRequestHandler = (
  namespace: string,
  name: string,
  request: ApiObject,
  admit: (request: ApiObject) => Promise<void>,
) => Promise<ApiObject>;

/** What a token is bound to, as its claims name it. */
interface Binding {
  readonly claim: string;
  readonly object: ApiObject;
  readonly expirationSeconds: number;
}

const kind = { group: "authentication.k8s.io", resource: "TokenRequest" };
const gate = "APIServerWebhookAuthenticationToken";
/** Webhook-bound tokens live ten minutes, whatever was asked for. */
const webhookTokenSeconds = 10 * 60;
const defaultSeconds = 60 * 60;

/**
 * Mints tokens with kube-apiserver's checks in kube-apiserver's order (k8s.io/kubernetes
 * pkg/registry/core/serviceaccount/storage/token.go, 1.37): names, ServiceAccount, uid, static validation, admission,
 * gate, audience, `attest`, and only then the webhook configuration, so that nothing can be probed for.
 */
export function createTokenRequestHandler(options: TokenRequestOptions): TokenRequestHandler {
  const { store, registry, clock, issuer } = options;
  const accounts = registry.find("", "v1", "serviceaccounts")!;
  return async (namespace, name, request, admit) => {
    assertNamed(request, namespace, name);
    const account = store.require(accounts, namespace, name);
    const completed = complete(request, account, options);
    const faults = validateTokenRequest(objectAt(completed, "spec"));
    if (faults.length > 0) throw invalidObject(kind, "", faults);
    await admit(completed);
    const spec = objectAt(completed, "spec");
    const binding = bind(spec, account, options);
    const seconds = binding?.expirationSeconds ?? Number(spec.expirationSeconds);
    options.onMinted();
    const now = clock.now();
    const token = issuer.sign(claimsOf(account, spec, binding, seconds, Math.floor(now / 1000)));
    const expirationTimestamp = formatTime(now + seconds * 1000);
    return {
      ...completed,
      spec: { ...spec, expirationSeconds: seconds },
      status: { token, expirationTimestamp },
    };
  };
}

function assertNamed({ metadata }: ApiObject, namespace: string, name: string): void {
  const given: Partial<ApiObject["metadata"]> = metadata;
  if (given.namespace && given.namespace !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  if (given.name && given.name !== name)
    throw invalidObject(kind, name, [
      invalid("metadata.name", given.name, "must match the service account name if specified"),
    ]);
}

function complete(
  request: ApiObject,
  account: ApiObject,
  { audiences, clock }: TokenRequestOptions,
): ApiObject {
  const { name, namespace = "", uid = "" } = account.metadata;
  const asked = request.metadata.uid || uid;
  if (asked !== uid) {
    const reason = `the UID in the token request (${asked}) does not match the UID of the service account (${uid})`;
    throw conflict(kind, name, reason);
  }
  const spec = objectAt(request, "spec");
  const wanted = listAt(spec, "audiences").length === 0 ? audiences : listAt(spec, "audiences");
  const expirationSeconds = spec.expirationSeconds ?? defaultSeconds;
  const creationTimestamp = formatTime(clock.now());
  const { metadata } = withMetadata(request, { name, namespace, uid, creationTimestamp });
  return {
    ...request,
    metadata,
    spec: { boundObjectRef: null, ...spec, audiences: wanted, expirationSeconds },
    status: { token: "", expirationTimestamp: null },
  };
}

function bind(spec: JsonObject, account: ApiObject, options: TokenRequestOptions): Binding | undefined {
  const reference = objectAt(spec, "boundObjectRef");
  if (!isJsonObject(spec.boundObjectRef)) return undefined;
  const binding = isWebhookReference(reference)
    ? bindToConfiguration(spec, reference, account, options)
    : bindToObject(spec, reference, account, options);
  const { uid } = binding.object.metadata;
  const asked = stringAt(reference, "uid") ?? "";
  if (asked !== "" && asked !== uid) {
    const reason = `the UID in the bound object reference (${asked}) does not match the UID in record. The object might have been deleted and then recreated`;
    const [group = ""] = (stringAt(reference, "apiVersion") ?? "").split("/").slice(0, -1);
    throw conflict(
      { group, resource: stringAt(reference, "kind") ?? "" },
      binding.object.metadata.name,
      reason,
    );
  }
  return binding;
}

/** Pods and Secrets; Nodes are not served here. */
function bindToObject(
  spec: JsonObject,
  reference: JsonObject,
  account: ApiObject,
  { store, registry }: TokenRequestOptions,
): Binding {
  const kindName = stringAt(reference, "kind") ?? "";
  const apiVersion = stringAt(reference, "apiVersion") ?? "";
  const found = registry.findKind(apiVersion, kindName);
  if (found === undefined || apiVersion !== "v1" || !["Pod", "Secret"].includes(kindName))
    throw badRequest(`cannot bind token to object of type ${describeType(apiVersion, kindName)}`);
  const object = store.require(found, account.metadata.namespace ?? "", stringAt(reference, "name") ?? "");
  if (kindName === "Pod" && objectAt(object, "spec").serviceAccountName !== account.metadata.name)
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`,
    );
  return { claim: kindName.toLowerCase(), object, expirationSeconds: Number(spec.expirationSeconds) };
}

function bindToConfiguration(
  spec: JsonObject,
  reference: JsonObject,
  account: ApiObject,
  options: TokenRequestOptions,
): Binding {
  const kindName = stringAt(reference, "kind") ?? "";
  const apiVersion = stringAt(reference, "apiVersion") ?? "";
  if (!options.webhookTokens)
    throw badRequest(
      `cannot bind token to object of type ${describeType(apiVersion, kindName)} (feature gate ${gate} is disabled)`,
    );
  const [audience = ""] = stringsAt(spec, "audiences");
  if (options.audiences.includes(audience))
    throw badRequest("api server audiences are invalid for webhook token requests");
  const [group = ""] = stringsAt(objectAt(spec, "attestations"), admissionReviewAPIGroups);
  assertMayAttest(group, account, options);
  const found = options.registry.findKind(apiVersion, kindName)!;
  const object = options.store.get(found, "", stringAt(reference, "name") ?? "");
  if (object === undefined || isPastDeletion(object, options.clock) || !serves(object, audience, group))
    throw forbiddenBy(
      { group: "", resource: "serviceaccounts/token" },
      account.metadata.name,
      "token request denied",
    );
  return { claim: kindName.toLowerCase(), object, expirationSeconds: webhookTokenSeconds };
}

function assertMayAttest(group: string, account: ApiObject, { authorizer }: TokenRequestOptions): void {
  const { namespace = "", name, uid = "" } = account.metadata;
  const user = serviceAccountUser(namespace, name, uid);
  const attributes = {
    ...{ isResourceRequest: true, path: "", verb: "attest", group: kind.group, version: "*" },
    ...{ namespace: "", resource: admissionReviewAPIGroups, subresource: "", name: group },
  };
  const { allowed, reason } = authorizer.authorize(user, attributes);
  if (!allowed) throw forbidden(user, attributes, reason);
}

function isPastDeletion({ metadata: { deletionTimestamp } }: ApiObject, clock: Clock): boolean {
  return deletionTimestamp !== undefined && clock.now() > Date.parse(deletionTimestamp);
}

/** Whether one webhook fits both: an audience of one and a group of another must not meet. `*` is checked for neither. */
function serves(configuration: ApiObject, audience: string, group: string): boolean {
  if (group === "*") return true;
  return listAt(configuration, "webhooks")
    .filter(isJsonObject)
    .some((webhook) => {
      const groups = listAt(webhook, "rules")
        .filter(isJsonObject)
        .flatMap((rule) => stringsAt(rule, "apiGroups"));
      const named = groups.includes("*") || groups.includes(group);
      return (
        named &&
        webhookAudience(objectAt(webhook, "clientConfig") as unknown as WebhookClientConfig) === audience
      );
    });
}

function claimsOf(
  account: ApiObject,
  spec: JsonObject,
  binding: Binding | undefined,
  seconds: number,
  now: number,
): Parameters<ServiceAccountIssuer["sign"]>[0] {
  const { namespace = "", name, uid } = account.metadata;
  const bound = binding?.object.metadata;
  return {
    aud: stringsAt(spec, "audiences"),
    exp: now + seconds,
    iat: now,
    jti: randomUUID(),
    "kubernetes.io": defined({
      attestations:
        binding && isWebhookReference(objectAt(spec, "boundObjectRef")) ? spec.attestations : undefined,
      namespace,
      ...(binding && bound ? { [binding.claim]: { name: bound.name, uid: bound.uid } } : {}),
      serviceaccount: { name, uid },
    }),
    nbf: now,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
}

/** `/v1, Kind=Node` and `apps/v1, Kind=Deployment`, as Go prints a GroupVersionKind. */
function describeType(apiVersion: string, kindName: string): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kindName}`;
}
