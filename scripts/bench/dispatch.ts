import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Fixture } from "./fixture.ts";
import { pinning, runPinned, startPinned } from "./pinned-process.ts";
import { type BenchOptions, median, type Row, ratio } from "./row.ts";

/** One validating webhook called through the SDK, against undici with the bytes ready. */
export async function dispatchRows(fixture: Fixture, { short }: BenchOptions): Promise<readonly Row[]> {
  writeFileSync(fixture.file("review.json"), fixture.review);
  const served = { certFile: fixture.file("tls.crt"), keyFile: fixture.file("tls.key") };
  const webhook = resolve("scripts/bench/bare-webhook.ts");
  const server = await startPinned(0, [webhook, JSON.stringify(served)], /"port":(\d+)/);
  try {
    const task = {
      port: Number(server.ready),
      caFile: fixture.file("ca.crt"),
      reviewFile: fixture.file("review.json"),
      roundMs: short ? 250 : 1_000,
      rounds: short ? 6 : 13,
    };
    const load = resolve("scripts/bench/dispatch-load.ts");
    const all = runPinned<{ bare: number; ours: number }[]>(1, [load, JSON.stringify(task)]);
    // the compiler takes the first ones
    const counted = all.slice(short ? 2 : 3);
    const reached = median(counted.map((round) => round.ours / round.bare));
    const each = (side: "bare" | "ours"): string =>
      Math.round(median(counted.map((round) => round[side]))).toString();
    return [
      {
        what: "dispatch of one validating webhook through the SDK ÷ a bare undici POST of the same bytes",
        mustReach: ">= 0.85",
        reached: ratio(reached),
        met: reached >= 0.85,
        note: `${each("ours")} and ${each("bare")}/s; ${pinning}; 8 calls at once, 2.1 KB review, in turn`,
      },
    ];
  } finally {
    await server.stop();
  }
}
