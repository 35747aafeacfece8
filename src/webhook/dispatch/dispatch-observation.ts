import { type DispatchMessage, diagnosticsChannel } from "../../diagnostics.ts";

const channel = diagnosticsChannel("countersign:dispatch");

/** Tells how long a dispatch took and whether the request goes on. */
export function observed<T>(
  plugin: DispatchMessage["plugin"],
  operation: string,
  dispatch: () => Promise<T>,
): Promise<T> {
  return channel.hasSubscribers ? observe(plugin, operation, dispatch) : dispatch();
}

async function observe<T>(
  plugin: DispatchMessage["plugin"],
  operation: string,
  dispatch: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let rejected = true;
  try {
    const result = await dispatch();
    rejected = false;
    return result;
  } finally {
    channel.publish({ plugin, operation, rejected, durationMs: performance.now() - startedAt });
  }
}
