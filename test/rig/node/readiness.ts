import { createApiClient } from "../api-client.ts";
import { poll } from "../poll.ts";
import { addresses } from "./addresses.ts";

interface Reached {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
}

/** kube-apiserver answers and is complete. */
export async function untilReady(cluster: Reached): Promise<void> {
  await untilAnswered(cluster, "kube-apiserver to be ready", "/readyz", () => true);
}

/** The node takes pods, and the namespace `default` has what a pod needs. */
export async function untilNodeReady(cluster: Reached): Promise<void> {
  const { node } = addresses;
  await untilAnswered(cluster, "the node to be ready", `/api/v1/nodes/${node}`, (body) => {
    const conditions = (body as { status?: { conditions?: { type: string; status: string }[] } }).status
      ?.conditions;
    return conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  });
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await untilAnswered(cluster, "the default ServiceAccount", account, () => true);
}

async function untilAnswered(
  { url, caPem, adminToken }: Reached,
  what: string,
  path: string,
  accept: (body: unknown) => boolean,
): Promise<void> {
  const client = createApiClient({ url, caPem, token: adminToken });
  try {
    await poll(
      what,
      async () => {
        const { status, body } = await client.get(path);
        return status === 200 && accept(body) ? true : undefined;
      },
      { timeoutMs: 120_000 },
    );
  } finally {
    client.close();
  }
}
