import { createExpiringCache } from "../cache/expiring-cache.ts";
import { createSingleFlight } from "../cache/single-flight.ts";
import type { Clock } from "../clock.ts";
import type { ResolveHost } from "./kubelet-dial.ts";

/** For so long a name that could not be looked up is not asked for anew. */
const failureMs = 5_000;
const maxFailures = 1024;

export interface HostLookupOptions {
  readonly resolve: ResolveHost;
  readonly clock: Clock;
}

/**
 * Asks a resolver no more than it takes: libuv looks up two names at once in a whole process, so that callers who wait for
 * a silent name server would keep all others from theirs.
 */
export interface HostLookup {
  /**
   * Whoever asks for a name that is being looked up is given what comes of that, and nobody's leaving ends it. A failure
   * stands for 5 s; addresses are never remembered.
   * @throws what the resolver does.
   */
  readonly resolve: ResolveHost;
  close(): void;
}

export function createHostLookup({ resolve, clock }: HostLookupOptions): HostLookup {
  const flights = createSingleFlight<readonly string[]>();
  const failures = createExpiringCache<{ readonly reason: unknown }>({ maxEntries: maxFailures, clock });
  async function lookUp(host: string): Promise<readonly string[]> {
    const failed = failures.get(host);
    if (failed !== undefined) throw failed.reason;
    try {
      return await resolve(host);
    } catch (reason) {
      failures.set(host, { reason }, clock.now() + failureMs);
      throw reason;
    }
  }
  return {
    resolve: (host) => flights.do(host, () => lookUp(host)),
    close: () => failures.close(),
  };
}
