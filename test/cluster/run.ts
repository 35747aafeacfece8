import { runSuites } from "../rig/run-suites.ts";
import { whyNoNode } from "./requirements.ts";

/**
 * `npm run e2e:cluster`: builds the package, then runs everything under test/cluster on a node of its own. Where no node can run,
 * every suite is named as skipped and nothing is built.
 */
await runSuites({ config: "test/cluster/mocharc.json", build: whyNoNode() === undefined });
