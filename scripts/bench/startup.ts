import { setTimeout as pause } from "node:timers/promises";
import type { Fixture } from "./fixture.ts";
import type { PinnedProcess } from "./pinned-process.ts";
import { type BenchOptions, median, type Row, ratio } from "./row.ts";
import { startBareKoa, startServe } from "./servers.ts";

/** Time for the heap to settle before idle memory is read. */
const idleMs = 1_000;

/** Process start to ready, and what it then holds, against bare Koa with the same certificate. */
export async function startupRows(fixture: Fixture, { short }: BenchOptions): Promise<readonly Row[]> {
  const rounds: { readyRatio: number; memoryRatio: number; ours: Sample; bare: Sample }[] = [];
  for (let round = 0; round < (short ? 3 : 9); round += 1) {
    const bare = await sample(await startBareKoa(fixture));
    const ours = await sample(await startServe(fixture.configurations.reading));
    rounds.push({
      bare,
      ours,
      readyRatio: ours.readyMs / bare.readyMs,
      memoryRatio: ours.memory / bare.memory,
    });
  }
  const counted = rounds.slice(1);
  const ready = median(counted.map((round) => round.readyRatio));
  const memory = median(counted.map((round) => round.memoryRatio));
  const middle = (side: "ours" | "bare", figure: keyof Sample): number =>
    median(counted.map((round) => round[side][figure]));
  return [
    {
      what: "serve ÷ bare Koa + router: process start to ready",
      mustReach: "<= 1.8",
      reached: ratio(ready),
      met: ready <= 1.8,
      note: `${middle("ours", "readyMs").toFixed(0)} and ${middle("bare", "readyMs").toFixed(0)} ms`,
    },
    {
      what: "serve ÷ bare Koa + router: resident memory, idle",
      mustReach: "<= 1.4",
      reached: ratio(memory),
      met: memory <= 1.4,
      note: `${megabytes(middle("ours", "memory"))} and ${megabytes(middle("bare", "memory"))} MB`,
    },
  ];
}

interface Sample {
  readonly readyMs: number;
  readonly memory: number;
}

async function sample(server: PinnedProcess): Promise<Sample> {
  await pause(idleMs);
  const memory = server.residentBytes();
  await server.stop();
  return { readyMs: server.readyMs, memory };
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
