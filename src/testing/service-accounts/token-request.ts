import { randomUUID } from "node:crypto";
import { formatTime } from "../../apis/time.ts";
import {
  type ApiObject,
  defined,
  type JsonObject,
  listAt,
  objectAt,
  stringsAt,
  withMetadata,
} from "../objects/api-object.ts";
import { invalid, invalidObject } from "../status/field-error.ts";
import { badRequest, conflict } from "../status/status-error.ts";
import type { ServiceAccountIssuer } from "./service-account-issuer.ts";
import { bindToken, type TokenBinding, type TokenBindingOptions } from "./token-binding.ts";
import { isWebhookReference, validateTokenRequest } from "./token-request-validation.ts";

export interface TokenRequestOptions extends TokenBindingOptions {
  readonly issuer: ServiceAccountIssuer;
  readonly onMinted: () => void;
}

/** POST serviceaccounts/NAME/token. `admit` is validating admission, which stands in the middle of the checks. */
export type TokenRequestHandler = (
  namespace: string,
  name: string,
  request: ApiObject,
  admit: (request: ApiObject) => Promise<void>,
) => Promise<ApiObject>;

const kind = { group: "authentication.k8s.io", resource: "TokenRequest" };
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
    const binding = bindToken(spec, account, options);
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

function claimsOf(
  account: ApiObject,
  spec: JsonObject,
  binding: TokenBinding | undefined,
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
