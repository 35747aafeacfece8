/**
 * Joins concurrent calls for one key into one piece of work. A caller that gives up rejects alone; the work goes on for
 * the others and for the next.
 */
export interface SingleFlight<T> {
  do(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Promise<T>>();
  return {
    do(key, work, signal) {
      let flight = flights.get(key);
      if (flight === undefined) {
        flight = work().finally(() => flights.delete(key));
        // every caller may have given up by the time it fails
        flight.catch(() => undefined);
        flights.set(key, flight);
      }
      return signal === undefined ? flight : abandonable(flight, signal);
    },
  };
}

function abandonable<T>(flight: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    flight.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
