import { setTimeout } from "node:timers/promises";
import type { ApiAnswer, ApiClient } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";

export interface AdmissionLoad {
  /** Answers so far. */
  readonly total: number;
  /** What came instead of the right decision, told apart by what it says. */
  readonly failures: readonly string[];
  /** Resolves once nothing is in flight any more. */
  stop(): Promise<void>;
}

export interface AdmissionLoadOptions {
  readonly api: ApiClient;
  /** Where objects are created, without being stored. */
  readonly path: string;
  /** By turns one that has to be admitted and one that has to be denied. */
  readonly admitted: object;
  readonly denied: object;
  /** Part of the denial's message. */
  readonly denial: string;
  readonly workers?: number;
  readonly pauseMs?: number;
}

/** Keeps asking for decisions, and notes every one that is late, missing or wrong: a webhook that fails open admits what it must deny. */
export function startAdmissionLoad(options: AdmissionLoadOptions): AdmissionLoad {
  const { api, path, workers = 4, pauseMs = 20 } = options;
  const failures: string[] = [];
  let total = 0;
  let stopped = false;
  const ask = async (deny: boolean): Promise<string | undefined> => {
    const answer = await api.post(`${path}?dryRun=All`, deny ? options.denied : options.admitted);
    return (deny ? isDenial(answer, options.denial) : answer.status === 201)
      ? undefined
      : `${deny ? "not denied" : "not admitted"}: ${answer.status} ${messageOf(answer)}`;
  };
  const work = async (): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const failure = await ask(turn % 2 === 1).catch((error: unknown) => String(error));
      total++;
      if (failure !== undefined) failures.push(`${new Date().toISOString()} ${failure}`);
      await setTimeout(pauseMs);
    }
  };
  const working = Promise.all(Array.from({ length: workers }, work));
  return {
    get total() {
      return total;
    },
    failures,
    async stop() {
      stopped = true;
      await working;
    },
  };
}

/** API servers hear of a configuration, and of its CA, a moment after everybody else. */
export async function untilJudged({ api, path, denied, denial }: AdmissionLoadOptions): Promise<void> {
  await poll("the policy to be asked", async () => {
    const answer = await api.post(`${path}?dryRun=All`, denied);
    return isDenial(answer, denial) || undefined;
  });
}

function isDenial(answer: ApiAnswer, denial: string): boolean {
  return answer.status >= 400 && answer.status < 500 && messageOf(answer).includes(denial);
}

function messageOf({ body, text }: ApiAnswer): string {
  return (body as { message?: string } | undefined)?.message ?? text.slice(0, 200);
}
