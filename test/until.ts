import { poll } from "./rig/poll.ts";

/** Waits for something to become true, looking often; fails after five seconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = "the condition",
): Promise<void> {
  await poll(what, async () => (await condition()) || undefined, { timeoutMs: 5000, intervalMs: 5 });
}
