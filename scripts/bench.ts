import { execFileSync } from "node:child_process";
import { acquisitionRows, startCluster } from "./bench/acquisition.ts";
import { agentRows } from "./bench/agent.ts";
import { authorizationRows } from "./bench/authorization.ts";
import { dispatchRows } from "./bench/dispatch.ts";
import { createFixture } from "./bench/fixture.ts";
import { gatewayRows } from "./bench/gateway.ts";
import { matchingRows } from "./bench/matching.ts";
import { pluginRows } from "./bench/plugin.ts";
import type { BenchOptions, Row } from "./bench/row.ts";
import { startupRows } from "./bench/startup.ts";
import { throughputRows } from "./bench/throughput.ts";
import { verificationRows } from "./bench/verification.ts";

/** Measures the figures of the README, all sides in one run. `--short` takes a tenth of the time. */
const options: BenchOptions = { short: process.argv.includes("--short") };

execFileSync(process.execPath, ["scripts/build.ts"], { stdio: "inherit" });
const fixture = createFixture();
const cluster = await startCluster();
const rows: Row[] = [];
try {
  rows.push(
    ...(await verificationRows(fixture, options)),
    ...(await authorizationRows(options)),
    ...(await acquisitionRows(cluster, options)),
    ...(await matchingRows(options)),
    ...(await dispatchRows(fixture, options)),
    ...(await pluginRows(cluster, options)),
    ...(await agentRows(cluster, options)),
    ...(await startupRows(fixture, options)),
    ...(await throughputRows(fixture, options)),
    ...(await gatewayRows(cluster, options)),
  );
} finally {
  await cluster.stop();
  fixture.remove();
}
console.log(`\nNode ${process.versions.node}${options.short ? ", short run: rough figures" : ""}\n`);
console.log("| what | must reach | reached | how |\n|---|---|---|---|");
for (const { what, mustReach, reached, met, note } of rows)
  console.log(`| ${what} | ${mustReach} | ${reached}${met ? "" : " (short of it)"} | ${note} |`);
