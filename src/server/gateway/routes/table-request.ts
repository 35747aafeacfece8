import type { RestRequest } from "../../../transport/rest-client.ts";

/** What has an API server answer with what `kubectl get` prints. */
export type TableRequest = Pick<RestRequest, "query" | "headers">;

/** The kinds that have no table come as they are, as from an API server. */
const headers = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const wanted = ["as=Table", "v=v1", "g=meta.k8s.io"];
const objectForms = ["None", "Metadata", "Object"];

/**
 * How the API server is asked for a `meta.k8s.io/v1 Table`, where the caller would rather have one than the object (the first
 * JSON of its `Accept` says so); undefined where it would not. `includeObject` says how much of each object is in its row.
 */
export function tableRequest(accept: string, asked: URLSearchParams): TableRequest | undefined {
  const entries = accept.split(",").map((entry) => entry.split(";").map((part) => part.trim()));
  const [, ...parameters] = entries.find(([type]) => type?.toLowerCase() === "application/json") ?? [];
  if (!wanted.every((parameter) => parameters.includes(parameter))) return undefined;
  const includeObject = asked.get("includeObject") ?? "";
  return { headers, query: objectForms.includes(includeObject) ? { includeObject } : {} };
}
