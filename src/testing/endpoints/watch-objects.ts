import { type ApiObject, type JsonObject, withMetadata } from "../objects/api-object.ts";
import { apiVersionOf } from "../objects/resource-kind.ts";
import type { StreamAnswer } from "../requests/api-call.ts";
import { assertListOptions } from "../requests/request-options.ts";
import { badRequest, expired } from "../status/status-error.ts";
import { parseSelectors, type Selector } from "../storage/selector.ts";
import type { StoreEvent } from "../storage/watch-history.ts";
import type { ResourceRequest, ResourceServices } from "./resource-context.ts";

/** An object in the form the client accepts: itself, or a Table of one row. */
type Presenter = (object: ApiObject, first: boolean) => JsonObject;

/** The time a watch lives where the client does not say: half an hour to an hour upstream. */
const defaultTimeoutMs = 30 * 60_000;

/**
 * GET with `watch=true`. From `resourceVersion` on; from now, after an ADDED for each object, where it is absent or `0`;
 * with `sendInitialEvents`, objects first and then a bookmark that says so. A version that has been forgotten is an ERROR
 * event of code 410, as kube-apiserver's watch cache answers.
 */
export function watchObjects(
  request: ResourceRequest,
  services: ResourceServices,
  present: Presenter,
): StreamAnswer {
  const { call, kind } = request;
  const { query } = call;
  assertListOptions(query);
  assertNumber(query);
  const selected = parseSelectors(query, kind);
  const inNamespace: Selector = ({ metadata }) =>
    call.info.namespace === "" || !kind.namespaced || metadata.namespace === call.info.namespace;
  const wanted: Selector = (object) => inNamespace(object) && selected(object);
  const timeoutMs = Number(query.get("timeoutSeconds") ?? 0) * 1000 || defaultTimeoutMs;
  return {
    status: 200,
    async stream(write, signal) {
      let first = true;
      const send = (type: string, object: ApiObject): void => {
        write({ type, object: present(object, first) });
        first = false;
      };
      const begun = begin(request, services, wanted, send);
      if (!begun) return write({ type: "ERROR", object: tooOld(query, services) });
      const stop = services.store.history.subscribe((event) => forward(event, request, wanted, send));
      await ended(signal, timeoutMs);
      stop();
    },
  };
}

/** What is sent before the first change from now on. False where the version is forgotten. */
function begin(
  request: ResourceRequest,
  { store }: ResourceServices,
  wanted: Selector,
  send: (type: string, object: ApiObject) => void,
): boolean {
  const { call, kind } = request;
  const { query } = call;
  const version = query.get("resourceVersion") ?? "";
  const initial = query.get("sendInitialEvents");
  if (initial === "true" || (initial === null && (version === "" || version === "0"))) {
    for (const object of store.list(kind, call.info.namespace).filter(wanted)) send("ADDED", object);
    if (initial === "true" && query.get("allowWatchBookmarks") === "true")
      send("BOOKMARK", bookmark(request, store.revision()));
    return true;
  }
  if (version === "" || version === "0") return true;
  const missed = store.history.since(Number(version));
  for (const event of missed ?? []) forward(event, request, wanted, send);
  return missed !== undefined;
}

function forward(
  event: StoreEvent,
  { kind }: ResourceRequest,
  wanted: Selector,
  send: (type: string, object: ApiObject) => void,
): void {
  if (event.kind !== kind) return;
  const { type, object, previous } = event;
  const is = type !== "DELETED" && wanted(object);
  const was = previous !== undefined && wanted(previous);
  if (is) send(was ? "MODIFIED" : "ADDED", object);
  else if (was) send("DELETED", withMetadata(previous, { resourceVersion: String(event.revision) }));
}

function bookmark({ kind }: ResourceRequest, revision: number): ApiObject {
  const annotations = { "k8s.io/initial-events-end": "true" };
  const metadata = { resourceVersion: String(revision), annotations } as unknown as ApiObject["metadata"];
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
}

function assertNumber(query: URLSearchParams): void {
  const version = query.get("resourceVersion") ?? "";
  if (version !== "" && !/^\d+$/.test(version))
    throw badRequest(`invalid resource version: ${JSON.stringify(version)}`);
}

function tooOld(query: URLSearchParams, { store }: ResourceServices): JsonObject {
  const { status } = expired(
    `too old resource version: ${query.get("resourceVersion")} (${store.revision()})`,
  );
  return status as unknown as JsonObject;
}

/** Resolves when the client goes, the control plane stops, or the time is over. */
function ended(signal: AbortSignal, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    timer.unref();
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
