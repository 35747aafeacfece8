import { appendFileSync } from "node:fs";
import Mocha from "mocha";

/**
 * The spec reporter, which also appends `{passed, failed, skipped}` as one line of JSON to the file named by
 * COUNTERSIGN_TEST_COUNTS, so that several runs can be added up. A failed hook counts as a failure, as in mocha itself.
 */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env.COUNTERSIGN_TEST_COUNTS;
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      if (file === undefined || file === "") return;
      const { passes, failures, pending } = this.stats;
      appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
    });
  }
}

export { CountingReporter as "module.exports" };
