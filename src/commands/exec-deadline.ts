import { CountersignError } from "../errors.ts";

/** client-go waits without a limit of its own: 2 s, less what starting (50 to 150 ms) and leaving Node take. */
export const deadlineMs = 1_750;

/** The work, or ERR_TRANSPORT_TIMEOUT as the signal's reason once the credential plugin's time is up. */
export async function withinDeadline<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = new CountersignError(
    "ERR_TRANSPORT_TIMEOUT",
    `no token could be had within ${deadlineMs / 1000} s: can whoever is asked be reached from here?`,
  );
  const timer = setTimeout(() => controller.abort(late), deadlineMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
