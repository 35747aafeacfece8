import type { Node } from "../../apis/node.ts";
import { Secret } from "../../secret.ts";
import { apiStatusOf } from "../../transport/api-status.ts";
import { createRestClient, type RestClient } from "../../transport/rest-client.ts";
import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import type { KubeletControlPlane } from "./kubelet-options.ts";
import type { PodState } from "./kubelet-pod.ts";

/** The kubelet's node and pods in a control plane. */
export interface NodeRegistration {
  registerNode(node: Node): Promise<void>;
  /** Answers the pod as it is stored. */
  createPod(manifest: ApiObject): Promise<ApiObject>;
  writeStatus(pod: PodState, status: JsonObject): Promise<void>;
  deletePod(pod: PodState): Promise<void>;
  close(): void;
}

const mergePatch = { "Content-Type": "application/merge-patch+json" };

/** @throws ERR_API_STATUS where the control plane does not take an object. */
export function createNodeRegistration({ url, caPem, adminToken }: KubeletControlPlane): NodeRegistration {
  const bearer = { token: new Secret(adminToken), requestedAt: 0, expiresAt: Number.POSITIVE_INFINITY };
  const client = createRestClient({ server: url, ca: caPem, token: { token: async () => bearer } });
  const podPath = ({ namespace, name }: PodState): string => `/api/v1/namespaces/${namespace}/pods/${name}`;
  return {
    async registerNode(node) {
      await grantReviews(client, node.metadata.name);
      const { status, ...object } = node;
      await createUnlessThere(client, "/api/v1/nodes", object);
      const path = `/api/v1/nodes/${node.metadata.name}/status`;
      await client.request({ method: "PATCH", path, body: { status }, headers: mergePatch });
    },
    async createPod(manifest) {
      const path = `/api/v1/namespaces/${manifest.metadata.namespace}/pods`;
      return (await client.request<ApiObject>({ path, body: manifest })).body;
    },
    async writeStatus(pod, status) {
      const path = `${podPath(pod)}/status`;
      await client.request({ method: "PATCH", path, body: { status }, headers: mergePatch });
    },
    async deletePod(pod) {
      const query = { gracePeriodSeconds: "0" };
      await client.request({ method: "DELETE", path: podPath(pod), query });
    },
    close: () => client.close(),
  };
}

/** What the node authorizer allows a kubelet by itself: to ask who somebody is, and what she may. */
async function grantReviews(client: RestClient, nodeName: string): Promise<void> {
  const user = `system:node:${nodeName}`;
  const apiGroup = "rbac.authorization.k8s.io";
  await createUnlessThere(client, `/apis/${apiGroup}/v1/clusterrolebindings`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: user },
    subjects: [{ kind: "User", name: user, apiGroup }],
    roleRef: { kind: "ClusterRole", name: "system:auth-delegator", apiGroup },
  });
}

async function createUnlessThere(client: RestClient, path: string, body: unknown): Promise<void> {
  await client.request({ method: "POST", path, body }).catch((error: unknown) => {
    if (apiStatusOf(error)?.code !== 409) throw error;
  });
}
