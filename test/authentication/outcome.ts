import type { Caller } from "../../src/authentication/authenticator.ts";
import { CountersignError } from "../../src/errors.ts";
import type { MaybePromise } from "../../src/maybe-promise.ts";

/** What became of a credential: the caller, or the coded error. Anything else that is thrown is a fault and goes on. */
export type Outcome = Caller | CountersignError | undefined;

export async function outcomeOf(work: () => MaybePromise<Caller | undefined>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CountersignError) return error;
    throw error;
  }
}

/** `accepted`, `no opinion` or the error's code. */
export async function verdictOf(work: () => MaybePromise<Caller | undefined>): Promise<string> {
  const outcome = await outcomeOf(work);
  if (outcome instanceof CountersignError) return outcome.code;
  return outcome === undefined ? "no opinion" : "accepted";
}
