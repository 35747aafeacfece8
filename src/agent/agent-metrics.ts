import { subscribeAll } from "../monitoring/diagnostics-subscription.ts";
import {
  createCounter,
  createObservedGauge,
  createObservedGauges,
  type MetricFamily,
} from "../monitoring/metric-family.ts";
import { createMetricsRenderer, type MetricsRenderer } from "../monitoring/metrics-renderer.ts";
import { countReload, createReloadTable } from "../monitoring/reload-metrics.ts";
import { createTokenRequestMetrics } from "../monitoring/token-request-metrics.ts";
import { createTraceSpans } from "../monitoring/trace-spans.ts";
import type { EndpointState } from "./endpoint-state.ts";

export interface AgentMetrics {
  readonly families: readonly MetricFamily[];
  readonly render: MetricsRenderer;
  /** A question of the plugin's, by what it was told. */
  countAnswer(code: string): void;
  countWrite(host: string, outcome: string): void;
  close(): void;
}

export interface AgentMetricsOptions {
  readonly states: () => readonly EndpointState[];
  readonly synced: () => boolean;
}

/** What an agent counts, and what it holds when it is asked. */
export function createAgentMetrics({ states, synced }: AgentMetricsOptions): AgentMetrics {
  const tokenRequests = createTokenRequestMetrics();
  const answers = createCounter({
    name: "countersign_agent_answers_total",
    help: "Questions of the credential plugin answered, by the error code it was told; empty for a token.",
    labels: ["code"],
  });
  const writes = createCounter({
    name: "countersign_agent_token_file_writes_total",
    help: "Token files written, by what: token, placeholder, or failed.",
    labels: ["host", "outcome"],
  });
  const reloads = createReloadTable();
  const traceSpans = createTraceSpans();
  const unsubscribe = subscribeAll({
    "countersign:reload": (message) => countReload(reloads, message),
    "countersign:traces": ({ outcome, spans }) => traceSpans.add(spans, outcome),
  });
  const own = [answers, writes, ...stateFamilies(states, synced), ...Object.values(reloads), traceSpans];
  const families = [...tokenRequests.families, ...own];
  return {
    families,
    render: createMetricsRenderer(families),
    countAnswer: (code) => answers.inc(code),
    countWrite: (host, outcome) => writes.inc(host, outcome),
    close() {
      unsubscribe();
      tokenRequests.close();
    },
  };
}

function stateFamilies(states: () => readonly EndpointState[], synced: () => boolean): MetricFamily[] {
  return [
    createObservedGauges(
      {
        name: "countersign_agent_token_expiry_timestamp_seconds",
        help: "When the token held for a host and port expires.",
        labels: ["host"],
      },
      () =>
        states().flatMap(({ hostPort, token }) =>
          token === undefined ? [] : [{ labels: [hostPort], value: token.expiresAt / 1000 }],
        ),
    ),
    createObservedGauges(
      {
        name: "countersign_agent_token_missing",
        help: "1 for a host and port without a token, with the error code that says why.",
        labels: ["host", "code"],
      },
      () =>
        states().flatMap(({ hostPort, failure }) =>
          failure === undefined ? [] : [{ labels: [hostPort, failure.code], value: 1 }],
        ),
    ),
    createObservedGauges(
      {
        name: "countersign_agent_token_request_intercepted",
        help: "1 for a webhook that is called, or may be, for the request for its own token: it can keep that token from being minted.",
        labels: ["host", "webhook"],
      },
      () => states().flatMap(interceptions),
    ),
    createObservedGauge(
      {
        name: "countersign_agent_configurations_synced",
        help: "1 once the cluster's webhook configurations have been read.",
      },
      () => (synced() ? 1 : 0),
    ),
  ];
}

function interceptions({ hostPort, interceptor }: EndpointState) {
  return interceptor === undefined ? [] : [{ labels: [hostPort, interceptor.webhook.name], value: 1 }];
}
