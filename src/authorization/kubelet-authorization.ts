import { type AnswerStatus, answerStatus } from "../apis/answer-status.ts";
import type { UserInfo } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import { forbiddenStatus, sanitized } from "./access-status.ts";
import type { AccessAttributes, AccessDecision, Authorizer } from "./authorizer.ts";
import { type KubeletAnalog, kubeletAnalog } from "./kubelet-analog.ts";
import type { KubeletAuthorizer, KubeletDecision, KubeletRequest } from "./kubelet-authorizer.ts";
import { isKubeletSubpath, kubeletVerb, nodeSubresources } from "./node-subresources.ts";
import type { RequestAttributes } from "./request-attributes.ts";
import { assertPlainPath } from "./request-path.ts";

/**
 * - `fineGrained`: as kubelets since KEP-2862: one of the path's node subresources, the finer first.
 * - `coarse`: as kubelets before it: `nodes/proxy`, but stats, metrics, log, checkpoint, statusz and flagz as ever.
 * - `analog`: the three rules of KEP-2862's first draft together: a node subresource as `fineGrained`, and what the
 *   request would be at an API server (`kubeletAnalog`). A holder of `nodes/proxy` alone is refused.
 */
export type KubeletAuthorizationMode = "fineGrained" | "coarse" | "analog";

/** Who is asked, and what about. */
export interface KubeletAuthorizerOptions {
  /**
   * Who is asked about node subresources, and in mode `analog` about pods and paths: one without `alwaysAllowPaths`, which
   * are a server's own and not its kubelets'.
   */
  readonly authorizer: Authorizer;
  readonly mode: KubeletAuthorizationMode;
}

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
}

/** These give a shell or a connection into a pod, so whoever may only read nodes must not have them by a GET. */
const interactivePaths: readonly string[] = ["/exec", "/attach", "/portForward", "/run"];

/**
 * Authorizes a request of a kubelet as kubelets do: a subresource of the node by its path, a verb by its method. The first
 * that is allowed is enough, denied or not; a failure ends it at once. Other than at a kubelet, exec, attach, portForward and
 * run are `create` whatever the method, HEAD is `get`, an unknown method is refused, and so is a path that `assertPlainPath` does
 * not let through. Source: kubernetes/kubernetes pkg/kubelet/server/server.go (InstallAuthFilter) and auth.go.
 * @returns an authorizer that throws ERR_REQUEST_PATH, ERR_REQUEST_INVALID without a node, and whatever the authorizer throws.
 */
export function createKubeletAuthorizer({ authorizer, mode }: KubeletAuthorizerOptions): KubeletAuthorizer {
  return {
    async authorize(user, request, options = {}) {
      assertOneRequest(request);
      const node = await authorizeNode(authorizer, mode, user, request, options);
      if (node.decision === "refuse" || mode !== "analog") return node;
      return (await refuseAnalog(authorizer, user, request, options)) ?? node;
    },
  };
}

function assertOneRequest({ nodeName, path }: KubeletRequest): void {
  if (nodeName === "") throw new CountersignError("ERR_REQUEST_INVALID", "a node has to be named");
  assertPlainPath(path);
  if (path.includes("?"))
    throw new CountersignError("ERR_REQUEST_PATH", "a kubelet's path is authorized without its query");
}

async function authorizeNode(
  authorizer: Authorizer,
  mode: KubeletAuthorizationMode,
  user: UserInfo,
  request: KubeletRequest,
  options: AskOptions,
): Promise<KubeletDecision> {
  const verb = verbOf(request);
  if (verb === undefined) return refuse([], undetermined(request));
  const candidates = nodeSubresources(request.path, mode !== "coarse");
  const reasons = new Set<string>();
  for (const subresource of candidates) {
    const resource = {
      verb,
      group: "",
      version: "v1",
      resource: "nodes",
      subresource,
      name: request.nodeName,
    };
    const { decision, reason } = await ask(authorizer, { user, resource }, options);
    if (decision === "allow") return { decision, subresource };
    if (reason !== "") reasons.add(reason);
  }
  return refuse(candidates, nodeForbidden(user, verb, request.nodeName, candidates, [...reasons]));
}

async function refuseAnalog(
  authorizer: Authorizer,
  user: UserInfo,
  request: KubeletRequest,
  options: AskOptions,
): Promise<KubeletDecision | undefined> {
  const analog = kubeletAnalog(request);
  if (analog === undefined) return refuse([], withoutAnalog(user, request));
  const { decision, reason } = await ask(authorizer, { user, ...analog }, options);
  if (decision === "allow") return undefined;
  const attributes = requestAttributes(analog);
  const { resource, subresource, path, isResourceRequest } = attributes;
  const missing = isResourceRequest ? [resource, subresource].filter(Boolean).join("/") : path;
  return refuse([missing], forbiddenStatus(user, attributes, reason));
}

/** A denial that comes with an error is no answer at a kubelet: it looks at the error first. */
async function ask(
  authorizer: Authorizer,
  attributes: AccessAttributes,
  options: AskOptions,
): Promise<AccessDecision> {
  const answer = authorizer.authorize(attributes, options);
  const decision = answer instanceof Promise ? await answer : answer;
  if (decision.error !== undefined) throw decision.error;
  return decision;
}

function verbOf({ method, path }: KubeletRequest): string | undefined {
  const verb = kubeletVerb(method);
  const isInteractive = interactivePaths.some((base) => isKubeletSubpath(path, base));
  return verb !== undefined && isInteractive ? "create" : verb;
}

function refuse(candidates: readonly string[], status: AnswerStatus): KubeletDecision {
  return { decision: "refuse", candidates, status };
}

function undetermined({ nodeName, method }: KubeletRequest): AnswerStatus {
  return nodeStatus(nodeName, `HTTP method ${JSON.stringify(method)} is none that can be authorized`);
}

function nodeForbidden(
  user: UserInfo,
  verb: string,
  nodeName: string,
  candidates: readonly string[],
  reasons: readonly string[],
): AnswerStatus {
  const resources = candidates.map((candidate) => JSON.stringify(`nodes/${candidate}`)).join(" or ");
  const who = `User ${JSON.stringify(user.username)}`;
  const suffix = reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
  return nodeStatus(
    nodeName,
    `${who} cannot ${verb} resource ${resources} in API group "" at the cluster scope`,
    suffix,
  );
}

function withoutAnalog(user: UserInfo, { nodeName, method, path }: KubeletRequest): AnswerStatus {
  const who = `User ${JSON.stringify(user.username)}`;
  return nodeStatus(
    nodeName,
    `${who} cannot ${method.toLowerCase()} path ${JSON.stringify(path)} of a kubelet: authorization mode analog knows nothing in the API that is like it`,
  );
}

function nodeStatus(nodeName: string, sentence: string, suffix = ""): AnswerStatus {
  return answerStatus({
    code: 403,
    reason: "Forbidden",
    message: `nodes ${JSON.stringify(nodeName)} is forbidden: ${sanitized(sentence)}${suffix}`,
    details: { name: nodeName, kind: "nodes" },
  });
}

function requestAttributes(analog: KubeletAnalog): RequestAttributes {
  const empty = { path: "", group: "", version: "", namespace: "", resource: "", subresource: "", name: "" };
  return "resource" in analog
    ? { isResourceRequest: true, verb: "", ...empty, ...analog.resource }
    : { isResourceRequest: false, verb: "", ...empty, ...analog.nonResource };
}
