import type { ReviewMessage, TokenFetchMessage } from "../diagnostics.ts";
import { subscribeAll } from "./diagnostics-subscription.ts";
import { createCounter, createGauge, createHistogram, type MetricSet } from "./metric-family.ts";

/** kubernetes/apiserver pkg/authentication/token/cache/stats.go. */
function createTokenCacheTable() {
  return {
    requests: createCounter({
      name: "authentication_token_cache_request_total",
      help: "Tokens looked up among those that are remembered, by status: hit or miss.",
      labels: ["status"],
    }),
    requestDuration: createHistogram({
      name: "authentication_token_cache_request_duration_seconds",
      help: "How long looking a token up took, asking about it included.",
      labels: ["status"],
      // Prometheus' own: upstream names none
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    fetches: createCounter({
      name: "authentication_token_cache_fetch_total",
      help: "Tokens that somebody was asked about, by status: ok or error.",
      labels: ["status"],
    }),
    activeFetches: createGauge({
      name: "authentication_token_cache_active_fetch_count",
      help: "Questions about a token that are open, and callers who wait for one, by status: in_flight or blocked.",
      labels: ["status"],
    }),
  };
}

const delegatedBuckets = [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10];

/** kubernetes/apiserver pkg/authentication/authenticatorfactory/metrics.go and pkg/authorization/authorizerfactory/metrics.go. */
function createReviewTable(kind: "authn" | "authz", what: string) {
  return {
    requests: createCounter({
      name: `apiserver_delegated_${kind}_request_total`,
      help: `${what}s asked for, by the HTTP status of the answer or <error>.`,
      labels: ["code"],
    }),
    duration: createHistogram({
      name: `apiserver_delegated_${kind}_request_duration_seconds`,
      help: `How long a ${what} took, by the HTTP status of the answer or <error>.`,
      labels: ["code"],
      buckets: delegatedBuckets,
    }),
  };
}

/** kubernetes/apiserver pkg/authentication/request/x509/x509.go: 30 minutes to a year. */
function createExpirationHistogram() {
  const [hour, day] = [3600, 86_400];
  return createHistogram({
    name: "apiserver_client_certificate_expiration_seconds",
    help: "How long the client certificates that requests come with are valid yet.",
    buckets: [
      ...[0, hour / 2, hour, 2 * hour, 6 * hour, 12 * hour],
      ...[day, 2 * day, 4 * day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day],
    ],
  });
}

/**
 * Counts, from now on, how a server that leaves it to a cluster to say who its users are, and what they may do, asks it:
 * under the names kube-apiserver's library has for it.
 */
export function createDelegationMetrics(): MetricSet {
  const cache = createTokenCacheTable();
  const reviews = {
    TokenReview: createReviewTable("authn", "TokenReview"),
    SubjectAccessReview: createReviewTable("authz", "SubjectAccessReview"),
  };
  const expiration = createExpirationHistogram();
  const open = { in_flight: 0, blocked: 0 };
  const close = subscribeAll({
    "countersign:tokenCache"({ outcome, durationMs }) {
      cache.requests.inc(outcome);
      cache.requestDuration.observe(durationMs / 1000, outcome);
    },
    "countersign:tokenFetch"(message) {
      if (message.event === "ended") cache.fetches.inc(message.outcome);
      const { status, by } = fetchChange(message);
      open[status] += by;
      cache.activeFetches.set(open[status], status);
    },
    "countersign:review"({ review, code, durationMs }: ReviewMessage) {
      reviews[review].requests.inc(code);
      reviews[review].duration.observe(durationMs / 1000, code);
    },
    "countersign:clientCertificate": ({ remainingMs }) => expiration.observe(remainingMs / 1000),
  });
  const families = [
    ...Object.values(cache),
    ...Object.values(reviews.TokenReview),
    ...Object.values(reviews.SubjectAccessReview),
    expiration,
  ];
  return { families, close };
}

function fetchChange({ event }: TokenFetchMessage) {
  return {
    status: event === "started" || event === "ended" ? ("in_flight" as const) : ("blocked" as const),
    by: event === "started" || event === "blocked" ? 1 : -1,
  };
}
