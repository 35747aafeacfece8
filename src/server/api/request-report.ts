import type { ServerResponse } from "node:http";
import { type APIRequestMessage, diagnosticsChannel } from "../../diagnostics.ts";
import { errorCodeOf, errorMessageOf } from "../../errors.ts";
import { identifyRequest } from "../parts/request-identity.ts";
import type { Arrival } from "./access-steps.ts";
import type { APIState } from "./api-state.ts";

const requests = diagnosticsChannel("countersign:apiRequest");

/** What is told of a request when it is over; filled in while it is served. */
export interface RequestReport {
  readonly arrival: Arrival;
  /** Where it was let in. */
  state?: APIState;
  /** What it was refused with, or what broke its answer off. */
  failure?: unknown;
  /** Publishes it once its answer has gone, or its client has. To be called when whoever serves it has ended. */
  publish(): void;
}

/** nginx' code for a client that did not wait. */
const clientGone = 499;
const switchingProtocols = 101;
const longestPath = 256;

/** Begins to look at a request. */
export function reportRequest(arrival: Arrival): RequestReport {
  const startedAt = performance.now();
  const { request, response } = arrival;
  const closed = new Promise<void>((resolve) => {
    response.once("close", resolve);
  });
  // taken now: a closed socket has no address
  const peer = request.socket.remoteAddress;
  const message = (): APIRequestMessage => ({
    ...identifyRequest(arrival.rawHeaders),
    httpMethod: request.method ?? "",
    path: (request.url ?? "").split("?", 1)[0]!.slice(0, longestPath),
    ...described(report),
    ...outcomeOf(response),
    ...(peer !== undefined && { peer }),
    durationMs: performance.now() - startedAt,
  });
  const report: RequestReport = {
    arrival,
    publish() {
      if (requests.hasSubscribers) void closed.then(() => requests.publish(message()));
    },
  };
  return report;
}

/** A connection that speaks another protocol has no end of an answer. */
function outcomeOf(response: ServerResponse): Pick<APIRequestMessage, "code" | "cut"> {
  const { statusCode, headersSent, writableFinished } = response;
  if (statusCode === switchingProtocols) return { code: statusCode, cut: false };
  return { code: headersSent ? statusCode : clientGone, cut: !writableFinished };
}

function described({ arrival, state, failure }: RequestReport): Partial<APIRequestMessage> {
  const { caller, user, info, permission } = arrival;
  return {
    ...(info !== undefined && attributesOf(info)),
    ...(permission !== undefined && { permission }),
    ...(caller !== undefined && { caller: caller.user.username, method: caller.method }),
    ...(user !== undefined && { user: user.username }),
    ...(state?.node !== undefined && { node: state.node }),
    ...(failure !== undefined && { refusal: errorCodeOf(failure), detail: detailOf(failure) }),
  };
}

function attributesOf({
  verb,
  group,
  resource,
  subresource,
  namespace,
  name,
}: NonNullable<Arrival["info"]>): Partial<APIRequestMessage> {
  return { verb, group, resource, subresource, namespace, name };
}

/** What is behind it says more than what the client is told. */
function detailOf(failure: unknown): string {
  const { cause } = failure instanceof Error ? failure : {};
  return cause === undefined ? errorMessageOf(failure) : errorMessageOf(cause);
}
