import { unknownFormat } from "../../apis/body-faults.ts";
import type { Status, StatusDetails } from "../../apis/meta.ts";

/** An answer that is not the object asked for. Thrown anywhere in a handler, written as a Status by the listener. */
export class StatusError extends Error {
  readonly status: Status & { readonly code: number };

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message);
    this.name = "StatusError";
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** A resource by group and plural name, as error messages print it: `deployments.apps`, `pods`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

// The messages below are those of k8s.io/apimachinery pkg/api/errors, 1.37, compared with a running server.

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

/** A refusal that does not come from an authorizer: admission, or a token request that is denied. */
export function forbiddenBy(resource: GroupResource, name: string, reason: string): StatusError {
  return new StatusError(
    403,
    "Forbidden",
    `${qualifiedName(resource)} ${JSON.stringify(name)} is forbidden: ${reason}`,
    detailsOf(resource, name),
  );
}

export function notFound(resource: GroupResource, name: string): StatusError {
  const message = `${qualifiedName(resource)} ${JSON.stringify(name)} not found`;
  return new StatusError(404, "NotFound", message, detailsOf(resource, name));
}

/** No such path among the resources served. */
export function resourceNotFound(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return new StatusError(405, "MethodNotAllowed", message, {});
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(", ")}`;
  return new StatusError(406, "NotAcceptable", message);
}

/** The same from the paths that are no API: k8s.io/kubernetes pkg/routes, 1.37. */
export function noRepresentation(available: readonly string[]): StatusError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`;
  return new StatusError(406, "NotAcceptable", message, {});
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const message = `${qualifiedName(resource)} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function conflict(resource: GroupResource, name: string, reason: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} ${JSON.stringify(name)}: ${reason}`;
  return new StatusError(409, "Conflict", message, detailsOf(resource, name));
}

/** The resource version asked for has been forgotten. */
export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

/** A resource version that is still to come: kube-apiserver waits a while for it first. */
export function tooLargeVersion(asked: string, current: number): StatusError {
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return new StatusError(504, "Timeout", message, { causes, retryAfterSeconds: 1 });
}

export function tooLarge(limit: number): StatusError {
  return new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(415, "UnsupportedMediaType", unknownFormat(accepted));
}

/** PATCH has a content type for each way to patch; one that is not served is answered by the router upstream. */
export function patchTypeNotServed(): StatusError {
  return new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

export function unprocessable(): StatusError {
  return new StatusError(
    422,
    "Invalid",
    "the server rejected our request due to an error in our request",
    {},
  );
}

export function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

export function qualifiedName({ group, resource }: GroupResource): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** What a Status says of the object it is about. */
export function detailsOf({ group, resource }: GroupResource, name: string): StatusDetails {
  return { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource };
}
