import type { Tracing, TracingOptions } from "./tracing.ts";

export interface OpenTracingOptions extends Pick<TracingOptions, "serviceName" | "log"> {
  /** As a configuration file has it. */
  readonly tracing: Pick<TracingOptions, "endpoint" | "samplingRatio"> | undefined;
}

/** Begins to trace where that is configured. Elsewhere nothing of OpenTelemetry's SDK is loaded. */
export async function openTracing({ tracing, ...options }: OpenTracingOptions): Promise<Tracing> {
  if (tracing === undefined) return { stop: async () => undefined };
  const { startTracing } = await import("./tracing.ts");
  return startTracing({ ...tracing, ...options });
}
