import { AnswerStatusError } from "../apis/answer-status.ts";

/**
 * A node is not dialled, because of what its Node says. kube-apiserver answers such a thing with a plain error, which is a
 * 500 without a reason.
 */
export class KubeletAddressError extends AnswerStatusError {
  /** @param told - what the caller is told. Default: all there is to say. */
  constructor(nodeName: string, why: string, told?: string, options?: ErrorOptions) {
    const message = `node ${JSON.stringify(nodeName)}: ${why}`;
    super("ERR_KUBELET_ADDRESS", { code: 500, message: told ?? message }, options);
    this.message = message;
  }
}
