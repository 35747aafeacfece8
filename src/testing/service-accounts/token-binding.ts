import type { WebhookClientConfig } from "../../apis/admissionregistration.ts";
import { webhookAudience } from "../../apis/audience.ts";
import { admissionReviewAPIGroups } from "../../apis/authentication.ts";
import type { Clock } from "../../clock.ts";
import { forbidden } from "../authorization/forbidden.ts";
import type { Authorizer } from "../authorization/rbac-authorizer.ts";
import {
  type ApiObject,
  isJsonObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
  stringsAt,
} from "../objects/api-object.ts";
import type { ResourceRegistry } from "../objects/resource-kind.ts";
import { badRequest, conflict, forbiddenBy } from "../status/status-error.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { serviceAccountUser } from "./service-account-user.ts";
import { isWebhookReference } from "./token-request-validation.ts";

export interface TokenBindingOptions {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** The API server's own audiences. */
  readonly audiences: readonly string[];
  /** The gate APIServerWebhookAuthenticationToken. */
  readonly webhookTokens: boolean;
}

/** What a token is bound to, as its claims name it. */
export interface TokenBinding {
  readonly claim: string;
  readonly object: ApiObject;
  readonly expirationSeconds: number;
}

const gate = "APIServerWebhookAuthenticationToken";
/** Webhook-bound tokens live ten minutes, whatever was asked for. */
const webhookTokenSeconds = 10 * 60;

/**
 * The object that a completed TokenRequest's spec asks to be bound to; undefined where it asks for none.
 * @throws 400, 403, 404, 409
 */
export function bindToken(
  spec: JsonObject,
  account: ApiObject,
  options: TokenBindingOptions,
): TokenBinding | undefined {
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
  { store, registry }: TokenBindingOptions,
): TokenBinding {
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
  options: TokenBindingOptions,
): TokenBinding {
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

function assertMayAttest(group: string, account: ApiObject, { authorizer }: TokenBindingOptions): void {
  const { namespace = "", name, uid = "" } = account.metadata;
  const user = serviceAccountUser(namespace, name, uid);
  const attributes = {
    ...{ isResourceRequest: true, path: "", verb: "attest", group: "authentication.k8s.io", version: "*" },
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

/** `/v1, Kind=Node` and `apps/v1, Kind=Deployment`, as Go prints a GroupVersionKind. */
function describeType(apiVersion: string, kindName: string): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kindName}`;
}
