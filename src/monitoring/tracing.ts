import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { diagnosticsChannel } from "../diagnostics.ts";
import type { Log } from "./log.ts";
import { publishSpans } from "./spans.ts";

/** What a collector is given at most, for one batch and for all that is left when the program ends. */
const exportTimeoutMs = 3_000;

export interface TracingOptions {
  /** The collector's base URL; OTLP/HTTP is spoken at `/v1/traces` below it. */
  readonly endpoint: string;
  /** Of the requests whose caller has not decided, how many are traced: 0 to 1. */
  readonly samplingRatio: number;
  /** `service.name`, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says another. */
  readonly serviceName: string;
  readonly log: Pick<Log, "write">;
}

export interface Tracing {
  /** Sends what is left, for three seconds at most, and makes no more spans. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Makes spans of what is published on the diagnostics channels and sends them to a collector. This file alone loads
 * OpenTelemetry's SDK: whoever wants traces imports it when it is wanted. The exporter heeds OpenTelemetry's environment,
 * `OTEL_EXPORTER_OTLP_HEADERS` among it: a collector's credential stands in no configuration file.
 */
export function startTracing({ endpoint, samplingRatio, serviceName, log }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
    timeoutMillis: exportTimeoutMs,
  });
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplingRatio) }),
    resource: resourceFromAttributes({ "service.name": serviceName }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reporting(exporter, log),
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
  const unsubscribe = publishSpans(provider.getTracer("countersign"));
  return {
    async stop() {
      unsubscribe();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, exportTimeoutMs);
      // what it failed at was reported by the exporter
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

type ExportResult = Parameters<Parameters<SpanExporter["export"]>[1]>[0];

const traces = diagnosticsChannel("countersign:traces");

/** Publishes what becomes of every batch, and says in the log when that changes. */
function reporting(exporter: OTLPTraceExporter, log: Pick<Log, "write">): SpanExporter {
  let failing = false;
  const report = (spans: number, { code, error }: ExportResult): void => {
    const failed = code !== 0;
    traces.publish({
      outcome: failed ? "failed" : "exported",
      spans,
      ...(error !== undefined && { detail: error.message }),
    });
    if (failed && !failing) log.write("warn", "traces cannot be sent", { detail: error?.message });
    if (!failed && failing) log.write("info", "traces are sent again");
    failing = failed;
  };
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        report(spans.length, result);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
