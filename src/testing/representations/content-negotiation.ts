import type { ApiCall } from "../requests/api-call.ts";
import { noRepresentation, notAcceptable } from "../status/status-error.ts";
import type { IncludeObject } from "./table.ts";

/** What an object can be answered as beside itself: the parameters by which `Accept` asks for it. */
const forms = {
  table: { as: "Table", v: "v1", g: "meta.k8s.io" },
  aggregatedDiscovery: { as: "APIGroupDiscoveryList", v: "v2", g: "apidiscovery.k8s.io" },
} as const;

/** What of the forms served here a client would have. */
export type Representation = "object" | keyof typeof forms;

const json = "application/json";

/**
 * Whether a path has what `Accept` names, as upstream's router asks before any handler: the type itself or any, letter by
 * letter; neither parameters nor `application/*` count (emicklei/go-restful).
 * @throws 406
 */
export function assertServed({ headers }: ApiCall, type: string = json): void {
  const taken = (headers.accept || "*/*").split(",").map((entry) => entry.split(";", 1)[0]!.trim());
  if (!taken.includes(type) && !taken.includes("*/*")) throw noRepresentation([type]);
}

const ranges = [json, "application/*", "*/*"];

/**
 * The form that suits `Accept` best, of the object itself and what else is `served`; as k8s.io/apiserver
 * pkg/endpoints/handlers/negotiation chooses. Protobuf is understood and not written: every client that asks for it offers
 * JSON as well.
 * @throws 406
 */
export function negotiate(
  { headers }: ApiCall,
  served: readonly (keyof typeof forms)[] = [],
): Representation {
  for (const { type, parameters } of entriesOf(headers.accept || "*/*")) {
    if (!ranges.includes(type)) continue;
    if (!parameters.get("as")) return "object";
    const found = served.find((form) =>
      Object.entries(forms[form]).every(([name, value]) => parameters.get(name) === value),
    );
    if (found !== undefined) return found;
  }
  throw notAcceptable([json]);
}

interface Entry {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Sorted as upstream sorts them, one after the other: an entry passes those before it that it precedes. */
function entriesOf(accept: string): readonly Entry[] {
  const sorted: Entry[] = [];
  for (const entry of accept.split(",").map(entryOf)) {
    let at = sorted.length;
    while (at > 0 && precedes(entry, sorted[at - 1]!)) at -= 1;
    sorted.splice(at, 0, entry);
  }
  return sorted;
}

function precedes(one: Entry, other: Entry): boolean {
  return qualityOf(one) > qualityOf(other) || wildness(one) < wildness(other);
}

function entryOf(text: string): Entry {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  return {
    type: type === "*" ? "*/*" : type,
    parameters: new Map(parameters.map((parameter) => parameter.split("=", 2) as [string, string])),
  };
}

function qualityOf({ parameters }: Entry): number {
  const quality = Number(parameters.get("q") ?? 1);
  return Number.isNaN(quality) ? 1 : quality;
}

function wildness({ type }: Entry): number {
  return type.split("*").length;
}

export function includeObjectOf({ query }: ApiCall): IncludeObject {
  const value = query.get("includeObject");
  return value === "None" || value === "Object" ? value : "Metadata";
}
