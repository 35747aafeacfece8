import { expect } from "chai";
import { type APIRequestMessage, diagnosticsChannel } from "../../../src/diagnostics.ts";
import { createGatewayMetrics, type GatewayMetrics } from "../../../src/server/gateway/gateway-metrics.ts";
import { valuesOf } from "../../monitoring/metric-values.ts";

const requests = diagnosticsChannel("countersign:apiRequest");
const log: APIRequestMessage = {
  httpMethod: "GET",
  path: "/api/v1/namespaces/shop/pods/web/log",
  verb: "get",
  group: "",
  resource: "pods",
  subresource: "log",
  namespace: "shop",
  name: "web",
  caller: "jane",
  user: "jane",
  code: 200,
  cut: false,
  durationMs: 45_000,
};

describe("gateway metrics", () => {
  let metrics: GatewayMetrics;
  let open = 0;
  beforeEach(() => {
    metrics = createGatewayMetrics({
      openStreams: () => open,
      draining: () => open > 0,
      certificateExpiresAt: () => 1_000,
      kubeletCertificateExpiresAt: () => undefined,
    });
  });
  afterEach(() => metrics.close());

  it("count requests by what they were for and how they ended, never by who made them", () => {
    requests.publish(log);
    requests.publish({ ...log, code: 499, cut: true, user: "john" });
    requests.publish({ httpMethod: "GET", path: "/x", code: 401, cut: false, durationMs: 1 });
    expect(valuesOf(metrics, "countersign_gateway_requests_total")).to.deep.equal({
      "verb=get,resource=pods,subresource=log,code=200": 1,
      "verb=get,resource=pods,subresource=log,code=499": 1,
      "verb=,resource=,subresource=,code=401": 1,
    });
    expect(valuesOf(metrics, "countersign_gateway_cut_answers_total")).to.deep.equal({
      "resource=pods,subresource=log": 1,
    });
  });

  it("count a kubelet's status that nobody knows with its like", () => {
    for (const code of [560, 561]) requests.publish({ ...log, code });
    expect(valuesOf(metrics, "countersign_gateway_requests_total")).to.deep.equal({
      "verb=get,resource=pods,subresource=log,code=5xx": 2,
    });
  });

  it("have followed logs in buckets of their own", () => {
    requests.publish(log);
    const buckets = valuesOf(metrics, "countersign_gateway_request_duration_seconds_bucket");
    const of = (le: number) => buckets[`verb=get,resource=pods,subresource=log,le=${le}`];
    expect([of(30), of(60)]).to.deep.equal([0, 1]);
  });

  it("say what is so when they are asked", () => {
    open = 3;
    expect(valuesOf(metrics, "countersign_gateway_open_streams")).to.deep.equal({ "": 3 });
    expect(valuesOf(metrics, "countersign_draining")).to.deep.equal({ "": 1 });
    open = 0;
    expect(valuesOf(metrics, "countersign_gateway_open_streams")).to.deep.equal({ "": 0 });
    expect(valuesOf(metrics, "countersign_draining")).to.deep.equal({ "": 0 });
    expect(valuesOf(metrics, "countersign_certificate_expiry_timestamp_seconds")).to.deep.equal({ "": 1 });
    expect(
      valuesOf(metrics, "countersign_gateway_kubelet_certificate_expiry_timestamp_seconds"),
    ).to.deep.equal({});
  });

  it("hold upstream's names beside its own", () => {
    const names = metrics.families.map(({ name }) => name);
    expect(names).to.include.members([
      "kube_apiserver_pod_logs_insecure_backend_total",
      "apiserver_delegated_authz_request_total",
      "authentication_token_cache_request_total",
      "countersign_reloads_total",
    ]);
    expect(new Set(names).size).to.equal(names.length);
  });

  it("count nothing once they are closed", () => {
    metrics.close();
    requests.publish(log);
    expect(valuesOf(metrics, "countersign_gateway_requests_total")).to.deep.equal({});
  });
});
