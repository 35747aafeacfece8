import { expect } from "chai";
import { diagnosticsChannel } from "../../src/diagnostics.ts";
import { createDelegationMetrics } from "../../src/monitoring/delegation-metrics.ts";
import type { MetricSet } from "../../src/monitoring/metric-family.ts";
import { valuesOf } from "./metric-values.ts";

const cache = diagnosticsChannel("countersign:tokenCache");
const fetches = diagnosticsChannel("countersign:tokenFetch");
const reviews = diagnosticsChannel("countersign:review");
const certificates = diagnosticsChannel("countersign:clientCertificate");

describe("delegation metrics", () => {
  let metrics: MetricSet;
  beforeEach(() => {
    metrics = createDelegationMetrics();
  });
  afterEach(() => metrics.close());

  it("have upstream's names and labels", () => {
    expect(metrics.families.map(({ name, labels }) => `${name} ${labels.join()}`)).to.deep.equal([
      "authentication_token_cache_request_total status",
      "authentication_token_cache_request_duration_seconds status",
      "authentication_token_cache_fetch_total status",
      "authentication_token_cache_active_fetch_count status",
      "apiserver_delegated_authn_request_total code",
      "apiserver_delegated_authn_request_duration_seconds code",
      "apiserver_delegated_authz_request_total code",
      "apiserver_delegated_authz_request_duration_seconds code",
      "apiserver_client_certificate_expiration_seconds ",
    ]);
  });

  it("tell a token that is remembered from one that is not", () => {
    cache.publish({ outcome: "hit", durationMs: 1 });
    cache.publish({ outcome: "hit", durationMs: 1 });
    cache.publish({ outcome: "miss", durationMs: 7_000 });
    expect(valuesOf(metrics, "authentication_token_cache_request_total")).to.deep.equal({
      "status=hit": 2,
      "status=miss": 1,
    });
    const buckets = valuesOf(metrics, "authentication_token_cache_request_duration_seconds_bucket");
    expect([buckets["status=miss,le=5"], buckets["status=miss,le=10"]]).to.deep.equal([0, 1]);
  });

  it("know what is asked about now, and who waits for it", () => {
    fetches.publish({ event: "started" });
    fetches.publish({ event: "blocked" });
    fetches.publish({ event: "blocked" });
    expect(valuesOf(metrics, "authentication_token_cache_active_fetch_count")).to.deep.equal({
      "status=in_flight": 1,
      "status=blocked": 2,
    });
    fetches.publish({ event: "unblocked" });
    fetches.publish({ event: "unblocked" });
    fetches.publish({ event: "ended", outcome: "error" });
    expect(valuesOf(metrics, "authentication_token_cache_active_fetch_count")).to.deep.equal({
      "status=in_flight": 0,
      "status=blocked": 0,
    });
    expect(valuesOf(metrics, "authentication_token_cache_fetch_total")).to.deep.equal({ "status=error": 1 });
  });

  it("tell who a user is from what they may do", () => {
    const server = "https://10.0.0.1";
    reviews.publish({ review: "TokenReview", server, code: "201", durationMs: 600 });
    reviews.publish({ review: "SubjectAccessReview", server, code: "<error>", durationMs: 20 });
    expect(valuesOf(metrics, "apiserver_delegated_authn_request_total")).to.deep.equal({ "code=201": 1 });
    expect(valuesOf(metrics, "apiserver_delegated_authz_request_total")).to.deep.equal({
      "code=<error>": 1,
    });
    const buckets = valuesOf(metrics, "apiserver_delegated_authn_request_duration_seconds_bucket");
    expect([buckets["code=201,le=0.5"], buckets["code=201,le=0.7"]]).to.deep.equal([0, 1]);
  });

  it("sort certificates by how long they are valid yet, also those that are not", () => {
    certificates.publish({ remainingMs: -1 });
    certificates.publish({ remainingMs: 86_400_000 });
    const buckets = valuesOf(metrics, "apiserver_client_certificate_expiration_seconds_bucket");
    expect(Object.keys(buckets)).to.have.length(15);
    expect([buckets["le=0"], buckets["le=43200"], buckets["le=86400"]]).to.deep.equal([1, 1, 2]);
  });

  it("count nothing once they are closed", () => {
    metrics.close();
    cache.publish({ outcome: "hit", durationMs: 1 });
    expect(valuesOf(metrics, "authentication_token_cache_request_total")).to.deep.equal({});
  });
});
