import type { Readable } from "node:stream";
import { AnswerStatusError } from "../apis/answer-status.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { beginningOf } from "./answer-beginning.ts";
import type { KubeletAnswer, KubeletClient, KubeletExchange } from "./kubelet-client.ts";
import { KubeletConnectionError } from "./kubelet-connection-error.ts";
import type { NodeSource } from "./node-source.ts";
import { isLog, maxRefusalBytes, podLogRefusal } from "./pod-log-answer.ts";
import { podLogLocation } from "./pod-log-location.ts";
import { decodePodLogOptions } from "./pod-log-options.ts";
import { assertPodLogOptions } from "./pod-log-validation.ts";
import type { PodReader } from "./pod-reader.ts";

/** Which log is asked for. */
export interface PodLogRequest {
  readonly namespace: string;
  readonly pod: string;
  /** PodLogOptions as they came. */
  readonly query: URLSearchParams;
  readonly signal?: AbortSignal | undefined;
  /** Told where the pod runs before anybody is dialled; what it throws ends the request. */
  readonly onNode?: ((nodeName: string) => void) | undefined;
}

/** A log that has begun. */
export interface PodLog {
  /** Undefined where the pod runs nowhere yet: 204. */
  readonly body: Readable | undefined;
  /** Every piece is to be handed on as it comes. */
  readonly follow: boolean;
  /** The kubelet's certificate was not looked at. */
  readonly insecure: boolean;
}

/** Reads pods' logs from the kubelets they run on. */
export interface PodLogs {
  /**
   * @throws AnswerStatusError with the Status that kube-apiserver answers, in its words, as `answer`. By `code`:
   * ERR_REQUEST_INVALID (400) for an option that cannot be read and a container that is not the pod's or not named,
   * ERR_LOG_OPTIONS (422), what {@link PodReader.pod} and {@link NodeSource.node} throw, ERR_KUBELET_ADDRESS,
   * ERR_KUBELET_CERTIFICATE and ERR_KUBELET_UNREACHABLE (500), and ERR_KUBELET_ANSWER with the kubelet's own status, or 500.
   * The signal's reason where it was aborted.
   */
  open(request: PodLogRequest): Promise<PodLog>;
}

/** What a log is read with. */
export interface PodLogsOptions {
  readonly kubelets: KubeletClient;
  readonly pods: PodReader;
  readonly nodes: NodeSource;
  /** Whether the failure of a certificate, another node's aside, tells of the flag of kubectl. Default true. */
  readonly suggestInsecure?: boolean | undefined;
}

const usageChannel = diagnosticsChannel("countersign:podLogs");
const failureChannel = diagnosticsChannel("countersign:podLogsTLSFailure");

const insecureHint =
  " (kubectl logs --insecure-skip-tls-verify-backend reads it without knowing who answers)";

/**
 * `pods/log` as kube-apiserver serves it: KEP-1295's flag included. Who may read, and who may leave out the verification,
 * has been decided before.
 */
export function createPodLogs(options: PodLogsOptions): PodLogs {
  const { kubelets, pods, nodes } = options;
  return {
    async open({ namespace, pod: name, query, signal, onNode }) {
      const asked = decodePodLogOptions(query);
      const { follow, insecureSkipTLSVerifyBackend: insecure } = asked;
      // counted whatever becomes of it, as upstream
      usageChannel.publish({ namespace, pod: name, usage: insecure ? "skip_tls_allowed" : "enforce_tls" });
      assertPodLogOptions(name, asked);
      const { nodeName, path } = podLogLocation(await pods.pod(namespace, name, { signal }), asked);
      if (nodeName === undefined) return { body: undefined, follow, insecure: false };
      onNode?.(nodeName);
      const node = await nodes.node(nodeName, { signal });
      const transport = insecure ? "insecure" : "verified";
      const request = { node, transport, method: "GET", path, headers: ourHeaders, signal } as const;
      const answer = await kubelets.exchange(request).catch((error) => {
        throw failure(error, request, options);
      });
      if (!isLog(answer.status)) throw await refusal(request, name, answer);
      return { body: answer.body, follow, insecure };
    },
  };
}

/** Nothing of the caller's: an encoding that it asked for would hold back what is followed. */
const ourHeaders = ["User-Agent", "countersign", "Accept", "*/*"];

/** Go's error as it stands: a plain one, which is a 500 without a reason. */
function failure(error: unknown, { node, path }: KubeletExchange, options: PodLogsOptions): unknown {
  if (!(error instanceof KubeletConnectionError)) return error;
  const { code, goText, origin, isAnotherNode } = error;
  const isCertificate = code === "ERR_KUBELET_CERTIFICATE";
  if (isCertificate) failureChannel.publish({ node: node.metadata.name, detail: error.message });
  const suggests = isCertificate && !isAnotherNode && options.suggestInsecure !== false;
  const hint = suggests ? insecureHint : "";
  const message = `Get ${JSON.stringify(`${origin}${path}`)}: ${goText}${hint}`;
  return new AnswerStatusError(code, { code: 500, message }, { cause: error });
}

async function refusal(
  { node, path, signal }: KubeletExchange,
  pod: string,
  { status, origin, body }: KubeletAnswer,
): Promise<AnswerStatusError> {
  const text = await beginningOf(body, { maxBytes: maxRefusalBytes });
  signal?.throwIfAborted();
  return podLogRefusal({
    ...{ pod, nodeName: node.metadata.name, url: `${origin}${path}`, status },
    hasLocation: body.headers.location !== undefined,
    text,
  });
}
