import { subscribeAll } from "./diagnostics-subscription.ts";
import { createCounter, createHistogram, type MetricSet } from "./metric-family.ts";

/** Counts, from now on, tokens that are asked for and looked up: KEP-6060 names these three, and leaves their labels open. */
export function createTokenRequestMetrics(): MetricSet {
  const requests = createCounter({
    name: "apiserver_webhook_authentication_token_request_total",
    help: "Requests for webhook-bound tokens, by result: success or failure.",
    labels: ["result"],
  });
  const duration = createHistogram({
    name: "apiserver_webhook_authentication_token_request_duration_seconds",
    help: "How long requests for webhook-bound tokens took.",
    labels: ["result"],
    // an API server signs in milliseconds; an admission request waits 2 s for a token at most
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  });
  const lookups = createCounter({
    name: "apiserver_webhook_authentication_token_create_calls_total",
    help: "Look-ups of a token for a call of a webhook, by result: hit or miss of those held.",
    labels: ["result"],
  });
  const close = subscribeAll({
    "countersign:token": ({ apiGroup, outcome, durationMs }) => {
      // without a group it is no webhook-bound one
      if (apiGroup === undefined) return;
      const result = outcome === "minted" ? "success" : "failure";
      requests.inc(result);
      duration.observe(durationMs / 1000, result);
    },
    "countersign:tokenLookup": ({ outcome }) => lookups.inc(outcome),
  });
  return { families: [requests, duration, lookups], close };
}
