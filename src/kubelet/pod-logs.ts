import type { Readable } from "node:stream";

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
  /** @throws AnswerStatusError for everything that kube-apiserver answers with a Status, in its words. */
  open(request: PodLogRequest): Promise<PodLog>;
}
