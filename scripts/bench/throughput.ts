import type { Fixture } from "./fixture.ts";
import { pinning } from "./pinned-process.ts";
import { type BenchOptions, median, type Row, ratio } from "./row.ts";
import { load, startBareKoa, startServe } from "./servers.ts";

/** Authenticated requests against bare Koa, in turn, so that a machine that slows down slows both. */
export async function throughputRows(fixture: Fixture, options: BenchOptions): Promise<readonly Row[]> {
  return [
    await throughputRow(fixture, options, "reading", "a policy that reads the object"),
    await throughputRow(fixture, options, "blind", "a policy that does not"),
  ];
}

async function throughputRow(
  fixture: Fixture,
  { short }: BenchOptions,
  policy: keyof Fixture["configurations"],
  words: string,
): Promise<Row> {
  const [bare, ours] = await Promise.all([startBareKoa(fixture), startServe(fixture.configurations[policy])]);
  const rounds: { bare: number; ours: number }[] = [];
  try {
    for (let round = 0; round < (short ? 2 : 6); round += 1)
      rounds.push({
        bare: load(fixture, bare, "anonymous.http", short ? 1_000 : 3_000).perSecond,
        ours: load(fixture, ours, "authenticated.http", short ? 1_000 : 3_000).perSecond,
      });
  } finally {
    await Promise.all([bare.stop(), ours.stop()]);
  }
  const counted = rounds.slice(1);
  const reached = median(counted.map((round) => round.ours / round.bare));
  const each = (side: "bare" | "ours"): string =>
    Math.round(median(counted.map((round) => round[side]))).toString();
  return {
    what: `authenticated requests/s, everything on, ${words} ÷ bare Koa + router`,
    mustReach: ">= 0.95",
    reached: ratio(reached),
    met: reached >= 0.95,
    note: `${each("ours")} and ${each("bare")}/s; ${pinning}; 8 connections, 2.1 KB review, 1.1 KB token`,
  };
}
