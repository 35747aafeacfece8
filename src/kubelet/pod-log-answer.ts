import { AnswerStatusError } from "../apis/answer-status.ts";

/** Of an answer that is no log this much is read, as kube-apiserver does (pkg/registry/generic/rest/response_checker.go). */
export const maxRefusalBytes = 50_000;

/** What a kubelet answered instead of a log. */
export interface RefusedLog {
  readonly pod: string;
  readonly nodeName: string;
  /** Where it was asked for, as it stands in Go's message. */
  readonly url: string;
  readonly status: number;
  /** Whether the answer names another place. */
  readonly hasLocation: boolean;
  /** At most {@link maxRefusalBytes} of it. */
  readonly text: string;
}

/** Whether what follows is the log. */
export function isLog(status: number): boolean {
  return status >= 200 && status <= 206;
}

interface Wording {
  readonly reason: string;
  readonly message: string;
}

/** apimachinery's NewGenericServerResponse, for the verb that kube-apiserver's checker gives it: none. */
const wordings: Readonly<Record<number, Wording>> = {
  404: { reason: "NotFound", message: "the server could not find the requested resource" },
  405: {
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
  },
  409: { reason: "Conflict", message: "the server reported a conflict" },
  422: {
    reason: "Invalid",
    message: "the server rejected our request due to an error in our request",
  },
  429: {
    reason: "TooManyRequests",
    message: "the server has received too many requests and has asked us to try again later",
  },
  503: {
    reason: "ServiceUnavailable",
    message: "the server is currently unable to handle the request",
  },
  504: {
    reason: "Timeout",
    message:
      "the server was unable to return a response in the time allotted, but may still be processing the request",
  },
};

/**
 * What the caller is told of it: kube-apiserver's words, but for two. A 401 is the gateway's own, which kubectl would take
 * for the caller's; and a status that is no failure is told as one.
 */
export function podLogRefusal(refused: RefusedLog): AnswerStatusError {
  const { status, text, url, nodeName, hasLocation } = refused;
  if (status >= 300 && status < 400 && hasLocation)
    return new AnswerStatusError("ERR_KUBELET_ANSWER", {
      code: 500,
      message: `Get ${JSON.stringify(url)}: redirects forbidden`,
    });
  if (status === 500) return internalError(text);
  if (status === 401)
    return internalError(
      `the kubelet of node ${JSON.stringify(nodeName)} does not accept this server's client certificate (401): ${text.trim()}`,
    );
  if (status === 400)
    return new AnswerStatusError("ERR_KUBELET_ANSWER", { code: 400, reason: "BadRequest", message: text });
  return generic(refused, wordingOf(status, text));
}

function wordingOf(status: number, text: string): Wording {
  // who is trying to do what, or what is acceptable, stands in the kubelet's own words
  if (status === 403) return { reason: "Forbidden", message: text };
  if (status === 406) return { reason: "NotAcceptable", message: acceptable(text) };
  if (status === 415) return { reason: "UnsupportedMediaType", message: text };
  const wording = wordings[status];
  if (wording !== undefined) return wording;
  if (status < 500) return { reason: "", message: unexplained(status) };
  const quoted = JSON.stringify(text);
  return {
    reason: "InternalError",
    message: `an error on the server (${quoted}) has prevented the request from succeeding`,
  };
}

function acceptable(text: string): string {
  return text === "" || text === "unknown"
    ? "the server was unable to respond with a content type that the client supports"
    : text;
}

function unexplained(status: number): string {
  return `the server responded with the status code ${status} but did not return more information`;
}

function generic({ pod, status }: RefusedLog, { reason, message }: Wording): AnswerStatusError {
  const isFailure = status >= 400 && status < 600;
  return new AnswerStatusError("ERR_KUBELET_ANSWER", {
    code: isFailure ? status : 500,
    ...(reason !== "" && { reason }),
    message: `${message} ( pods/log ${pod})`,
    details: { name: pod, kind: "pods/log" },
  });
}

function internalError(text: string): AnswerStatusError {
  return new AnswerStatusError("ERR_KUBELET_ANSWER", {
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${text}`,
    details: { causes: [{ message: text }] },
  });
}
