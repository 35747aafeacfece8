import { expect } from "chai";
import { CountersignError, type ErrorCode } from "../../src/errors.ts";

/** Runs what must throw an error of ours, and gives it back. */
export function codedError(run: () => unknown): CountersignError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError);
    return error as CountersignError;
  }
  return expect.fail("nothing was thrown");
}

/** Holds a call to throw this code, with this in its message. */
export function expectCode(code: ErrorCode, message: string | RegExp, run: () => unknown): void {
  const error = codedError(run);
  expect(error.code).to.equal(code);
  if (typeof message === "string") expect(error.message).to.include(message);
  else expect(error.message).to.match(message);
}
