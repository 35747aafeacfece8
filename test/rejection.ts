import { expect } from "chai";
import { CountersignError } from "../src/errors.ts";

/** The coded error a promise is rejected with; anything else fails the test. */
export async function rejectionOf(work: Promise<unknown>): Promise<CountersignError> {
  const outcome = await work.then(
    () => expect.fail("was expected to be rejected"),
    (error: unknown) => error,
  );
  if (outcome instanceof CountersignError) return outcome;
  throw outcome;
}
