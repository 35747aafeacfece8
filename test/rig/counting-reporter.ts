import { appendFileSync } from "node:fs";
import Mocha from "mocha";

/**
 * The spec reporter, which also appends
 * - `{passed, failed, skipped}` as one line of JSON to the file named by COUNTERSIGN_TEST_COUNTS, so that several runs can be added
 *   up. A failed hook counts as a failure, as in mocha itself;
 * - each failed test, by its whole title and with its error, to the file named by COUNTERSIGN_TEST_FAILURES, so that it can be told
 *   at the end of a long output.
 */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      append(
        "COUNTERSIGN_TEST_COUNTS",
        `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`,
      );
      append("COUNTERSIGN_TEST_FAILURES", this.failures.map(failureText).join(""));
    });
  }
}

function append(variable: string, text: string): void {
  const file = process.env[variable];
  if (file !== undefined && file !== "") appendFileSync(file, text);
}

function failureText(test: Mocha.Test): string {
  const { err } = test;
  return `${test.titlePath().join(" › ")}\n${shortened(err?.stack ?? err?.message ?? "no error was given")}\n\n`;
}

/** What went wrong stands at one end: in an assertion's first lines, or in the last ones of what a process printed. */
function shortened(text: string): string {
  const ends = 1500;
  return text.length <= 2 * ends ? text : `${text.slice(0, ends)}\n[…]\n${text.slice(-ends)}`;
}

export { CountingReporter as "module.exports" };
