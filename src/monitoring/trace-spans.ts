import { type Counter, createCounter } from "./metric-family.ts";

/** What became of spans, in every program that makes some. */
export function createTraceSpans(): Counter {
  return createCounter({
    name: "countersign_trace_spans_total",
    help: "Spans sent to the collector of traces, exported or failed.",
    labels: ["outcome"],
  });
}
