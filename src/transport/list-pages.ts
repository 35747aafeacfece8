import { CountersignError } from "../errors.ts";
import { apiStatusOf } from "./api-status.ts";
import type { RestClient } from "./rest-client.ts";

/** An object may take 1.5 MiB in etcd: a page of such ones is 150 MiB, one of a hundred with ten webhooks each 3 MiB. */
const pageSize = 100;
const maxPageBytes = 64 * 1024 * 1024;
const timeoutMs = 30_000;

/** An object as far as it has to be known to be kept. */
export interface ListedObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export interface ObjectList {
  readonly items: readonly ListedObject[];
  /** What a watch goes on from. */
  readonly resourceVersion: string;
}

interface Page extends ObjectList {
  readonly continueToken: string;
}

/**
 * A whole collection as it is now, page by page. Where the API server forgets a page's version meanwhile, once more and
 * all at once. `selection` is of the query: a selector of either kind.
 * @throws ERR_API_STATUS, ERR_TRANSPORT or ERR_TRANSPORT_TIMEOUT.
 */
export async function listPages(
  client: Pick<RestClient, "request" | "server">,
  path: string,
  signal?: AbortSignal,
  selection: Readonly<Record<string, string>> = {},
): Promise<ObjectList> {
  const items: ListedObject[] = [];
  const limit = String(pageSize);
  let page = await fetchPage(client, path, { ...selection, limit }, signal);
  while (page.continueToken !== "") {
    items.push(...page.items);
    const query = { ...selection, limit, continue: page.continueToken };
    try {
      page = await fetchPage(client, path, query, signal);
    } catch (error) {
      if (apiStatusOf(error)?.code !== 410) throw error;
      return fetchPage(client, path, selection, signal);
    }
  }
  return { items: [...items, ...page.items], resourceVersion: page.resourceVersion };
}

async function fetchPage(
  client: Pick<RestClient, "request" | "server">,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const { body } = await client.request<unknown>({
    path,
    query,
    signal,
    timeoutMs,
    maxResponseBytes: maxPageBytes,
  });
  const { metadata, items } = isObject(body) ? body : {};
  const { resourceVersion, continue: continueToken = "" } = isObject(metadata) ? metadata : {};
  // Go writes an empty list as null in places
  const listed = items ?? [];
  if (
    typeof resourceVersion !== "string" ||
    typeof continueToken !== "string" ||
    !Array.isArray(listed) ||
    !listed.every(isListedObject)
  )
    throw new CountersignError("ERR_TRANSPORT", `${client.server}${path}: the answer is not a list`);
  return { items: listed, resourceVersion, continueToken };
}

/** Whether it is an object with a name. */
export function isListedObject(value: unknown): value is ListedObject {
  return isObject(value) && isObject(value.metadata) && typeof value.metadata.name === "string";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
