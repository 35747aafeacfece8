import type { ApiCall } from "../requests/api-call.ts";
import { notAcceptable } from "../status/status-error.ts";
import type { IncludeObject } from "./table.ts";

/** What of the forms served here a client would have. */
export type Representation = "object" | "table" | "aggregatedDiscovery";

const json = ["application/json", "application/*", "*/*"];

/**
 * The first entry of `Accept` that can be served. Protobuf is understood and not written: every client that asks for it
 * offers JSON as well.
 * @throws 406
 */
export function negotiate({ headers }: ApiCall): Representation {
  const accept = headers.accept ?? "*/*";
  for (const entry of accept.split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    if (!json.includes(type.toLowerCase())) continue;
    const as = new Map(parameters.map((parameter) => parameter.split("=") as [string, string])).get("as");
    if (as === undefined) return "object";
    if (as === "Table" && parameters.includes("v=v1")) return "table";
    if (as === "APIGroupDiscoveryList" && parameters.includes("v=v2")) return "aggregatedDiscovery";
  }
  throw notAcceptable(["application/json"]);
}

/** Whether a client takes this one type. */
export function accepts({ headers }: ApiCall, type: string): boolean {
  const ranges = [type, `${type.split("/")[0]}/*`, "*/*"];
  return (headers.accept ?? "*/*")
    .split(",")
    .some((entry) => ranges.includes(entry.split(";")[0]!.trim().toLowerCase()));
}

export function includeObjectOf({ query }: ApiCall): IncludeObject {
  const value = query.get("includeObject");
  return value === "None" || value === "Object" ? value : "Metadata";
}
