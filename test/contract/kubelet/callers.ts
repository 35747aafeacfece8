import { expect } from "chai";
import { poll } from "../../rig/poll.ts";
import type { Credentials } from "./kubelet-request.ts";
import type { KubeletContract } from "./kubelet-target.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";

/** A ServiceAccount with a token, and what it is called. */
export interface ServiceAccountCaller extends Credentials {
  readonly username: string;
  readonly token: string;
}

export interface Grant {
  readonly subresource: string;
  /** Default: get alone. */
  readonly verbs?: readonly string[];
  /** Default: every node. */
  readonly nodeName?: string;
}

/** May do everything: a client certificate of group system:masters. */
export function administrator({ target }: KubeletContract): Credentials {
  return { certificate: target().issue({ commonName: "administrator", organization: "system:masters" }) };
}

export async function createCaller(
  { target, unique }: KubeletContract,
  grants: readonly Grant[],
): Promise<ServiceAccountCaller> {
  const { api } = target();
  const name = unique("kubelet-caller");
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  const created = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await api.post(path, body);
    expect(answer.status, answer.text).to.equal(201);
    return answer.body;
  };
  await created(accounts, { metadata: { name } });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const issued = await created(`${accounts}/${name}/token`, request);
  const username = `system:serviceaccount:default:${name}`;
  const { token } = (issued as { readonly status: { readonly token: string } }).status;
  if (grants.length === 0) return { username, token };
  const rules = grants.map(({ subresource, verbs = ["get"], nodeName }) => ({
    apiGroups: [""],
    resources: [`nodes/${subresource}`],
    verbs,
    ...(nodeName !== undefined && { resourceNames: [nodeName] }),
  }));
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  const subjects = [{ kind: "ServiceAccount", name, namespace: "default" }];
  await created(`${rbac}/clusterroles`, { metadata: { name }, rules });
  await created(`${rbac}/clusterrolebindings`, { metadata: { name }, roleRef, subjects });
  await untilGranted(api, username, grants);
  return { username, token };
}

/** Authorizers learn of a binding by a watch. */
async function untilGranted(
  api: ReturnType<KubeletContract["target"]>["api"],
  user: string,
  grants: readonly Grant[],
): Promise<void> {
  const [{ subresource, verbs = ["get"], nodeName = "any" } = { subresource: "" }] = grants;
  const resourceAttributes = { resource: "nodes", subresource, verb: verbs[0], name: nodeName };
  await poll("the grant to be known", async () => {
    const { body } = await api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user, resourceAttributes },
    });
    return (body as { readonly status: { readonly allowed: boolean } }).status.allowed || undefined;
  });
}
