import { AnswerStatusError } from "../apis/answer-status.ts";
import type { StatusCause } from "../apis/meta.ts";
import type { PodLogOptions } from "./pod-log-options.ts";

/**
 * Refuses what kube-apiserver's ValidatePodLogOptions does, all at once, in its words and order. `stream` needs the gate
 * PodLogsQuerySplitStreams, which is off by default there and does not exist here.
 * @throws AnswerStatusError: ERR_LOG_OPTIONS (422) with a cause for each fault: kubectl prints these, and nothing of the message.
 */
export function assertPodLogOptions(pod: string, options: PodLogOptions): void {
  const causes = faults(options);
  if (causes.length === 0) return;
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  throw new AnswerStatusError("ERR_LOG_OPTIONS", {
    code: 422,
    reason: "Invalid",
    message: `PodLogOptions ${JSON.stringify(pod)} is invalid: ${all}`,
    details: { name: pod, kind: "PodLogOptions", causes },
  });
}

function faults({ tailLines, limitBytes, sinceSeconds, sinceTime, stream }: PodLogOptions): StatusCause[] {
  const found: StatusCause[] = [];
  if (tailLines !== undefined && tailLines < 0n)
    found.push(invalid("tailLines", tailLines, "must be greater than or equal to 0"));
  if (limitBytes !== undefined && limitBytes < 1n)
    found.push(invalid("limitBytes", limitBytes, "must be greater than 0"));
  // Go's path of a field that has no name
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    found.push(forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  else if (sinceSeconds !== undefined && sinceSeconds < 1n)
    found.push(invalid("sinceSeconds", sinceSeconds, "must be greater than 0"));
  if (stream !== undefined) found.push(forbidden("stream", "may not be specified"));
  return found;
}

function invalid(field: string, value: bigint, rule: string): StatusCause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${value}: ${rule}`, field };
}

function forbidden(field: string, rule: string): StatusCause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${rule}`, field };
}
