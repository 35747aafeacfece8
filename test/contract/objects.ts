import { expect } from "chai";
import type { ApiAnswer } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import type { Contract } from "./target.ts";

export const paths = {
  namespaces: "/api/v1/namespaces",
  authentication: "/apis/authentication.k8s.io/v1",
  authorization: "/apis/authorization.k8s.io/v1",
  rbac: "/apis/rbac.authorization.k8s.io/v1",
  admission: "/apis/admissionregistration.k8s.io/v1",
  validating: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  mutating: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
};

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Metadata;
}

/** The answer's object, after making sure that the request went well. */
export function object<T = StoredObject>(answer: ApiAnswer, status = 201): T {
  expect(answer.status, answer.text).to.equal(status);
  return answer.body as T;
}

export async function createNamespace(
  { admin, unique }: Contract,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = unique("contract");
  object(await admin().post(paths.namespaces, { metadata: { name, labels } }));
  return name;
}

export interface ServiceAccountOnTarget {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly username: string;
  readonly tokenPath: string;
}

export async function createServiceAccount(
  contract: Contract,
  inNamespace?: string,
): Promise<ServiceAccountOnTarget> {
  const namespace = inNamespace ?? (await createNamespace(contract));
  const name = contract.unique("hook");
  const path = `${paths.namespaces}/${namespace}/serviceaccounts`;
  const { metadata } = object(await contract.admin().post(path, { metadata: { name } }));
  return {
    name,
    namespace,
    uid: metadata.uid,
    username: `system:serviceaccount:${namespace}:${name}`,
    tokenPath: `${path}/${name}/token`,
  };
}

export interface WebhookEntry {
  readonly clientConfig: unknown;
  readonly [field: string]: unknown;
}

export type ConfigurationKind = "validating" | "mutating";

/** A configuration whose webhooks get what v1 demands, and match nothing unless they say so. */
export async function createConfiguration(
  contract: Contract,
  kind: ConfigurationKind,
  webhooks: readonly WebhookEntry[],
): Promise<StoredObject> {
  const name = contract.unique(kind);
  const complete = webhooks.map((webhook, index) => ({
    name: `hook-${index}.contract.example.com`,
    rules: [rule("apps", "nothing")],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...webhook,
  }));
  return object(await contract.admin().post(paths[kind], { metadata: { name }, webhooks: complete }));
}

export const rule = (apiGroup: string, ...resources: readonly string[]) => ({
  apiGroups: [apiGroup],
  apiVersions: ["*"],
  operations: ["*"],
  resources,
});

/** What binds a token to this configuration. */
export const boundTo = ({ kind, apiVersion, metadata }: StoredObject, withUID = false) => ({
  kind,
  apiVersion,
  name: metadata.name,
  ...(withUID ? { uid: metadata.uid } : {}),
});

export const attesting = (...groups: readonly string[]) => ({ admissionReviewAPIGroups: groups });

/** Lets a ServiceAccount attest these groups, and waits until the authorizer knows. */
export async function grantAttest(
  contract: Contract,
  account: ServiceAccountOnTarget,
  ...groups: readonly string[]
): Promise<string> {
  const rules = [
    {
      apiGroups: ["authentication.k8s.io"],
      resources: ["admissionReviewAPIGroups"],
      resourceNames: groups,
      verbs: ["attest"],
    },
  ];
  return grant(contract, account, rules, {
    group: "authentication.k8s.io",
    resource: "admissionReviewAPIGroups",
    verb: "attest",
    name: groups[0]!,
  });
}

/** A ClusterRole with these rules, bound to the ServiceAccount; done when `probe` is allowed. Returns the role's name. */
export async function grant(
  contract: Contract,
  account: ServiceAccountOnTarget,
  rules: readonly unknown[],
  probe: Readonly<Record<string, string>>,
): Promise<string> {
  const name = contract.unique("grant");
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  const subjects = [{ kind: "ServiceAccount", name: account.name, namespace: account.namespace }];
  object(await contract.admin().post(`${paths.rbac}/clusterroles`, { metadata: { name }, rules }));
  object(
    await contract
      .admin()
      .post(`${paths.rbac}/clusterrolebindings`, { metadata: { name }, roleRef, subjects }),
  );
  await poll("the grant to be known", async () =>
    (await isAllowed(contract, account.username, probe)) ? true : undefined,
  );
  return name;
}

export async function isAllowed(
  { admin }: Contract,
  user: string,
  resourceAttributes: unknown,
): Promise<boolean> {
  const answer = await admin().post(`${paths.authorization}/subjectaccessreviews`, {
    spec: { user, resourceAttributes },
  });
  return object<{ status: { allowed: boolean } }>(answer).status.allowed;
}

export interface IssuedToken {
  readonly spec: {
    readonly expirationSeconds: number;
    readonly audiences: readonly string[];
    readonly attestations?: unknown;
  };
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

export async function requestToken(
  { admin }: Contract,
  account: ServiceAccountOnTarget,
  spec: unknown,
): Promise<ApiAnswer> {
  return admin().post(account.tokenPath, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec,
  });
}

export interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly nbf: number;
  readonly sub: string;
  readonly [claim: string]: unknown;
}

export function partsOf(token: string): {
  header: Readonly<Record<string, unknown>>;
  claims: Claims;
  signed: string;
  signature: Buffer;
} {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  return {
    header: decoded(header) as Record<string, unknown>,
    claims: decoded(claims) as Claims,
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

/** The Status that an API server refuses with. */
export interface Failure {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: unknown;
}

export function expectFailure(answer: ApiAnswer, { code, reason, message, details }: Failure): void {
  expect(answer.headers["content-type"]).to.equal("application/json");
  expect(answer.body).to.deep.equal({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
  expect(answer.status).to.equal(code);
}
