import type { ErrorCode } from "../errors.ts";
import { errorCodes } from "../errors.ts";
import { Denial, type Policy } from "./policy.ts";
import { type DenialDetails, denialCode } from "./response.ts";

/** Why a policy does not let a request pass. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What the user is told. Names the policy; nothing of its insides unless the policy said so itself. */
  readonly denial: DenialDetails;
  /** For the log. */
  readonly detail?: string;
}

/** What a policy's verdict means: undefined lets the request pass, and only `true` means that. */
export function readVerdict(policy: Policy, verdict: unknown): Refusal | undefined {
  if (verdict === true) return undefined;
  if (verdict === false) return denied({ message: `policy ${policy.name} denied the request` });
  if (verdict instanceof Denial) return readDenial(verdict);
  return noVerdict(policy, `validate answered with ${describe(verdict)}`);
}

/** A denial in a policy's own words. */
export function readDenial({ message, code, reason }: Denial): Refusal {
  const details = { message: String(message), code: denialCode(code) };
  return denied(typeof reason === "string" ? { ...details, reason } : details);
}

function denied(denial: DenialDetails): Refusal {
  return { code: "ERR_POLICY_DENIED", denial };
}

export function noVerdict(policy: Policy, detail: string): Refusal {
  return refusal("ERR_POLICY_NO_VERDICT", `policy ${policy.name} gave no verdict`, detail);
}

export function policyThrew(policy: Policy, error: unknown): Refusal {
  return refusal("ERR_POLICY_THREW", `policy ${policy.name} failed`, describeError(error));
}

export function policyLate(policy: Policy): Refusal {
  return refusal(
    "ERR_POLICY_DEADLINE",
    `policy ${policy.name} did not answer in time`,
    "the deadline has passed",
  );
}

export function refusal(code: ErrorCode, message: string, detail: string): Refusal {
  const { status, reason } = errorCodes[code];
  return { code, denial: { message, code: status, reason }, detail };
}

/** What kind of thing it is; not what it holds, which may be the object under review. */
export function describe(value: unknown): string {
  if (value === undefined) return "undefined: a return is missing";
  if (value === null || typeof value === "number") return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : `threw ${describe(error)}`;
}
