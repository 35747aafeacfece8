import { runSuites } from "../rig/run-suites.ts";

/** `npm run e2e`: builds the package, then runs everything under test/e2e, one suite after the other. */
await runSuites({ config: "test/e2e/mocharc.json", build: true });
