import type { FlagTable, FlagValues } from "./flags.ts";

/** How the cluster is reached, in every command that asks one; without them as kubectl finds it. */
export const clusterFlags = {
  kubeconfig: { type: "string", value: "FILE", summary: "the cluster that is asked; default: as kubectl" },
  context: { type: "string", value: "NAME", summary: "a context of the kubeconfig" },
} as const satisfies FlagTable;

export type ClusterFlags = FlagValues<typeof clusterFlags>;
