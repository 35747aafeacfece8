import { expect } from "chai";
import { diagnosticsChannel } from "../../src/diagnostics.ts";
import type { MetricSet } from "../../src/monitoring/metric-family.ts";
import { createMetricsRenderer } from "../../src/monitoring/metrics-renderer.ts";
import { createTokenRequestMetrics } from "../../src/monitoring/token-request-metrics.ts";

const tokens = diagnosticsChannel("countersign:token");
const lookups = diagnosticsChannel("countersign:tokenLookup");
const attempt = { serviceAccount: "kube-system/caller", audience: "https://a", durationMs: 4 } as const;
const prefix = "apiserver_webhook_authentication_token_";

describe("token request metrics", () => {
  let metrics: MetricSet;
  beforeEach(() => {
    metrics = createTokenRequestMetrics();
  });
  afterEach(() => metrics.close());
  const samples = async (name: string): Promise<string[]> =>
    (await createMetricsRenderer(metrics.families)()).text
      .split("\n")
      .filter((line) => line.startsWith(`${prefix}${name}{`))
      .map((line) => line.slice(prefix.length));

  it("are KEP-6060's three", () => {
    expect(metrics.families.map(({ name, type }) => [name, type])).to.deep.equal([
      [`${prefix}request_total`, "counter"],
      [`${prefix}request_duration_seconds`, "histogram"],
      [`${prefix}create_calls_total`, "counter"],
    ]);
  });

  it("count requests for webhook-bound tokens alone, by what became of them", async () => {
    tokens.publish({ ...attempt, apiGroup: "apps", outcome: "minted" });
    tokens.publish({ ...attempt, apiGroup: "*", outcome: "minted" });
    tokens.publish({ ...attempt, apiGroup: "apps", outcome: "failed", code: "ERR_TRANSPORT" });
    tokens.publish({ ...attempt, outcome: "minted" });
    expect(await samples("request_total")).to.deep.equal([
      'request_total{result="success"} 2',
      'request_total{result="failure"} 1',
    ]);
  });

  it("hold how long requests took, in seconds", async () => {
    tokens.publish({ ...attempt, apiGroup: "apps", outcome: "minted", durationMs: 30 });
    expect(await samples("request_duration_seconds_sum")).to.deep.equal([
      'request_duration_seconds_sum{result="success"} 0.03',
    ]);
    const buckets = await samples("request_duration_seconds_bucket");
    expect(buckets.filter((line) => line.endsWith(" 0"))).to.have.length(3);
  });

  it("count look-ups of a token by whether one was held", async () => {
    for (const outcome of ["hit", "hit", "miss"] as const) lookups.publish({ outcome });
    expect(await samples("create_calls_total")).to.deep.equal([
      'create_calls_total{result="hit"} 2',
      'create_calls_total{result="miss"} 1',
    ]);
  });

  it("count nothing more once closed", async () => {
    metrics.close();
    lookups.publish({ outcome: "hit" });
    tokens.publish({ ...attempt, apiGroup: "apps", outcome: "minted" });
    expect([...(await samples("create_calls_total")), ...(await samples("request_total"))]).to.deep.equal([]);
  });
});
