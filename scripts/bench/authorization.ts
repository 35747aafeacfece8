import type { AccessAttributes, Authorizer } from "../../src/authorization/authorizer.ts";
import { createDelegatingAuthorizer } from "../../src/authorization/delegating.ts";
import { createKubeletAuthorizer } from "../../src/authorization/kubelet-authorization.ts";
import { type BenchOptions, median, microseconds, nanosecondsEach, type Row } from "./row.ts";

/** As an API server describes a pod that presents its token. */
const user = {
  username: "system:serviceaccount:monitoring:prometheus",
  uid: "5f0c9b7e-8a3d-4f1e-9d52-0f5a8f1c2b3d",
  groups: ["system:serviceaccounts", "system:serviceaccounts:monitoring", "system:authenticated"],
  extra: {
    "authentication.kubernetes.io/credential-id": ["JTI=3b7d7ce4-6a2f-4e07-8c4f-6f1f1f0f2a11"],
    "authentication.kubernetes.io/node-name": ["node-1.example.com"],
    "authentication.kubernetes.io/node-uid": ["0d9f3a52-64d8-4c5b-9a2e-1b7f0c4d5e6f"],
    "authentication.kubernetes.io/pod-name": ["prometheus-0"],
    "authentication.kubernetes.io/pod-uid": ["9c1e5d7a-2b4f-4a6c-8e0d-3f5a7b9c1d2e"],
  },
};
const log: AccessAttributes = {
  user,
  resource: {
    ...{ namespace: "shop", verb: "get", group: "", version: "v1", resource: "pods" },
    ...{ subresource: "log", name: "web-5d4f8c7b9-x2x4z" },
  },
};
const metrics = { nodeName: "node-1.example.com", method: "GET", path: "/metrics/cadvisor" };

/** One question whose answer is known already: of an API server's path, and of a kubelet's. */
export async function authorizationRows({ short }: BenchOptions): Promise<readonly Row[]> {
  const times = short ? 20_000 : 200_000;
  const authorizer = knowing(10_000);
  await authorizer.authorize(log);
  if (authorizer.authorize(log) instanceof Promise) throw new Error("the decision is not remembered");
  const decision = nanosecondsEach(() => authorizer.authorize(log), times);
  const kubelet = createKubeletAuthorizer({ authorizer, mode: "fineGrained" });
  const ofKubelet = await nanosecondsAwaited(() => kubelet.authorize(user, metrics), times);
  return [
    {
      what: "cached authorization decision: a ServiceAccount with five extra keys, get pods/log",
      mustReach: "<= 5 µs",
      reached: microseconds(decision),
      met: decision <= 5_000,
      note: "groups, open paths, the whole question as the cache's key, look-up in a full cache; no promise",
    },
    {
      what: "cached authorization of a kubelet's path, from method and path to the decision",
      mustReach: "<= 5 µs",
      reached: microseconds(ofKubelet),
      met: ofKubelet <= 5_000,
      note: "path check, node subresource, and the same decision; awaited",
    },
  ];
}

/** Delegated authorization whose cache is full of others' answers. */
function knowing(others: number): Authorizer {
  const authorizer = createDelegatingAuthorizer({
    client: { createSubjectAccessReview: async (review) => ({ ...review, status: { allowed: true } }) },
    allowTTLMs: 3_600_000,
  });
  for (let index = 0; index < others; index += 1)
    void authorizer.authorize({ ...log, user: { username: `user-${index}` } });
  return authorizer;
}

async function nanosecondsAwaited(operation: () => Promise<unknown>, times: number): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const begin = process.hrtime.bigint();
    for (let count = 0; count < times; count += 1) await operation();
    rounds.push(Number(process.hrtime.bigint() - begin) / times);
  }
  return median(rounds.slice(1));
}
