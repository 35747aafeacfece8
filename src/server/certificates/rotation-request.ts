import { CountersignError } from "../../errors.ts";
import type { StoredSecret } from "../../transport/secret-client.ts";

/** The annotation of the Secret by which an operator has the CA replaced before its time. */
export const rotateAfterAnnotation = "countersign.dev/rotate-after";

/** What an operator asked for. */
export interface RotationRequest {
  /** No CA made before is to be used from then on: epoch milliseconds, a whole second as certificates have it. */
  readonly rotateAfter?: number;
  /** Why it cannot be read: whoever asks for a rotation must not believe that it took place. */
  readonly problem?: CountersignError;
}

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function rotationRequestOf(secret: StoredSecret | undefined): RotationRequest {
  const written = secret?.object.metadata.annotations?.[rotateAfterAnnotation];
  if (written === undefined) return {};
  const instant = instantPattern.test(written) ? Date.parse(written) : Number.NaN;
  if (!Number.isNaN(instant)) return { rotateAfter: Math.floor(instant / 1000) * 1000 };
  const problem = `annotation ${rotateAfterAnnotation}: ${JSON.stringify(written)} is no instant like 2030-01-31T12:00:00Z`;
  return { problem: new CountersignError("ERR_CERTIFICATE_INVALID", problem) };
}
