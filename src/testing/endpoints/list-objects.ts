import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import { apiVersionOf, type ResourceKind } from "../objects/resource-kind.ts";
import { assertListOptions, assertResourceVersion } from "../requests/request-options.ts";
import { badRequest, expired } from "../status/status-error.ts";
import { parseSelectors } from "../storage/selector.ts";
import type { ResourceRequest, ResourceServices } from "./resource-context.ts";

/** Where a list that was cut by `limit` goes on, and as of when. */
interface Continuation {
  readonly revision: number;
  readonly after: string;
}

const tooOld =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";

/** GET of a collection: selectors, `limit` and `continue`, `resourceVersion`. @throws 410 for a forgotten version */
export function listObjects({ call, kind }: ResourceRequest, { store }: ResourceServices): JsonObject {
  const { query, info } = call;
  assertListOptions(query);
  assertResourceVersion(query, store.revision());
  const selected = parseSelectors(query, kind);
  const from = continuationOf(query.get("continue"));
  const revision = from?.revision ?? exactRevision(query) ?? store.revision();
  const objects = store.listAt(kind, info.namespace, revision);
  if (objects === undefined)
    throw expired(from === undefined ? `The resourceVersion for the provided list is too old.` : tooOld);
  const rest = objects.filter((object) => from === undefined || keyOf(object) > from.after).filter(selected);
  const limit = limitOf(query);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  return listOf(kind, items, revision, rest.length - items.length);
}

/** A list as kube-apiserver answers it: items without their type, which the list says. */
export function listOf(
  kind: ResourceKind,
  items: readonly ApiObject[],
  revision: number,
  remaining: number,
): JsonObject {
  const last = items.at(-1);
  const cut = remaining > 0 && last !== undefined;
  const token: Continuation | undefined = cut ? { revision, after: keyOf(last) } : undefined;
  return {
    kind: `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    metadata: {
      resourceVersion: String(revision),
      ...(token === undefined
        ? {}
        : {
            continue: Buffer.from(JSON.stringify(token)).toString("base64url"),
            remainingItemCount: remaining,
          }),
    },
    items: items.map(({ apiVersion, kind: _, ...item }) => item as JsonObject),
  };
}

function keyOf({ metadata: { namespace = "", name } }: ApiObject): string {
  return `${namespace}/${name}`;
}

/** @throws 400 */
function limitOf(query: URLSearchParams): number {
  const text = query.get("limit") ?? "0";
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function continuationOf(token: string | null): Continuation | undefined {
  if (token === null || token === "") return undefined;
  try {
    const { revision, after } = JSON.parse(
      Buffer.from(token, "base64url").toString(),
    ) as Partial<Continuation>;
    if (typeof revision === "number" && typeof after === "string") return { revision, after };
  } catch {
    // answered below, as any other text that is no token of ours
  }
  throw badRequest("invalid continue token: continue key is not valid: it does not come from this server");
}

/** Only `resourceVersionMatch=Exact` looks back; any other version asks for one at least as new, which now is. */
function exactRevision(query: URLSearchParams): number | undefined {
  return query.get("resourceVersionMatch") === "Exact" ? Number(query.get("resourceVersion")) : undefined;
}
