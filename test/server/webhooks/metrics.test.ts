import { expect } from "chai";
import { diagnosticsChannel, type RequestMessage } from "../../../src/diagnostics.ts";
import { createMetrics, type Metrics } from "../../../src/server/webhooks/metrics.ts";

const request: RequestMessage = {
  path: "/validate",
  mode: "enforce",
  allowed: true,
  code: 200,
  durationMs: 3,
  caller: "system:serviceaccount:kube-system:webhook-caller",
  method: "serviceAccountToken",
};

describe("createMetrics", () => {
  let metrics: Metrics;
  let draining = false;
  const labels = new Map([
    [
      "/validate",
      (name: string) => (name.endsWith(":webhook-caller") ? "kube-system/webhook-caller" : "unknown"),
    ],
  ]);
  beforeEach(() => {
    metrics = createMetrics({
      callerLabels: () => labels,
      inFlight: () => 2,
      draining: () => draining,
      policyMatches: () => [
        { path: "/validate", policy: "wide", unsent: ["DELETE pods", "CREATE services"] },
        { path: "/validate", policy: "fitting", unsent: [] },
      ],
      certificateExpiresAt: () => 1_800_000_000_000,
      authority: () => undefined,
    });
  });
  afterEach(() => metrics.close());

  /** The lines of one metric, without its prefix. */
  const lines = async (name: string): Promise<string[]> => {
    const { text } = await metrics.render();
    return text
      .split("\n")
      .filter((line) => line.startsWith(`countersign_${name}`))
      .map((line) => line.slice("countersign_".length + name.length));
  };

  it("counts requests by path, verdict and code", async () => {
    diagnosticsChannel("countersign:request").publish(request);
    diagnosticsChannel("countersign:request").publish(request);
    diagnosticsChannel("countersign:request").publish({ ...request, allowed: false, code: 403 });
    expect(await lines("requests_total")).to.deep.equal([
      '{path="/validate",allowed="true",code="200"} 2',
      '{path="/validate",allowed="false",code="403"} 1',
    ]);
  });

  it("keeps durations as a histogram in seconds", async () => {
    diagnosticsChannel("countersign:request").publish(request);
    diagnosticsChannel("countersign:request").publish({ ...request, durationMs: 60_000 });
    const found = await lines("request_duration_seconds");
    expect(found).to.include('_bucket{path="/validate",le="0.0025"} 0');
    expect(found).to.include('_bucket{path="/validate",le="0.005"} 1');
    expect(found).to.include('_bucket{path="/validate",le="30"} 1');
    expect(found).to.include('_bucket{path="/validate",le="+Inf"} 2');
    expect(found).to.include('_sum{path="/validate"} 60.003');
    expect(found).to.include('_count{path="/validate"} 2');
  });

  it("names a caller as the configuration does, and anybody else unknown", async () => {
    diagnosticsChannel("countersign:request").publish(request);
    for (const caller of ["system:serviceaccount:a:b", "system:node:c"])
      diagnosticsChannel("countersign:request").publish({ ...request, caller, method: "webhookToken" });
    expect(await lines("authentication_total")).to.deep.equal([
      '{path="/validate",mode="enforce",result="accepted",method="serviceAccountToken",code="",caller="kube-system/webhook-caller"} 1',
      '{path="/validate",mode="enforce",result="accepted",method="webhookToken",code="",caller="unknown"} 2',
    ]);
  });

  it("counts a caller refused and one that would be, by code, and none of them as accepted", async () => {
    const refusals = diagnosticsChannel("countersign:refusal");
    const code = "ERR_GROUP_NOT_ATTESTED";
    refusals.publish({ path: "/validate", mode: "enforce", outcome: "refused", code, detail: "x" });
    refusals.publish({ path: "/validate", mode: "observe", outcome: "wouldRefuse", code, detail: "x" });
    diagnosticsChannel("countersign:request").publish({
      ...request,
      allowed: false,
      code: 403,
      refusal: code,
    });
    expect(await lines("authentication_total")).to.deep.equal([
      '{path="/validate",mode="enforce",result="refused",method="",code="ERR_GROUP_NOT_ATTESTED",caller="unknown"} 1',
      '{path="/validate",mode="observe",result="would_refuse",method="",code="ERR_GROUP_NOT_ATTESTED",caller="unknown"} 1',
    ]);
  });

  it("says whom enforcing would refuse, where that is known and the configuration names them", async () => {
    for (const caller of ["system:serviceaccount:kube-system:webhook-caller", "system:serviceaccount:a:b"])
      diagnosticsChannel("countersign:refusal").publish({
        path: "/validate",
        mode: "observe",
        outcome: "wouldRefuse",
        code: "ERR_GROUP_NOT_ATTESTED",
        detail: "x",
        caller,
      });
    const would = 'mode="observe",result="would_refuse",method="",code="ERR_GROUP_NOT_ATTESTED"';
    expect(await lines("authentication_total")).to.deep.equal([
      `{path="/validate",${would},caller="kube-system/webhook-caller"} 1`,
      `{path="/validate",${would},caller="unknown"} 1`,
    ]);
  });

  it("counts the spans that were sent, and those that could not be", async () => {
    diagnosticsChannel("countersign:traces").publish({ outcome: "exported", spans: 3 });
    diagnosticsChannel("countersign:traces").publish({ outcome: "failed", spans: 2 });
    diagnosticsChannel("countersign:traces").publish({ outcome: "exported", spans: 4 });
    expect(await lines("trace_spans_total")).to.deep.equal([
      '{outcome="exported"} 7',
      '{outcome="failed"} 2',
    ]);
  });

  it("keeps reviews that cannot be read apart from callers that are refused", async () => {
    const code = "ERR_REVIEW_MALFORMED";
    diagnosticsChannel("countersign:refusal").publish({
      path: "/validate",
      mode: "enforce",
      outcome: "refused",
      code,
      detail: "x",
    });
    expect(await lines("refused_reviews_total")).to.deep.equal([
      '{path="/validate",code="ERR_REVIEW_MALFORMED"} 1',
    ]);
    expect(await lines("authentication_total")).to.deep.equal([]);
  });

  it("counts nothing of another server's paths, whatever they are", async () => {
    diagnosticsChannel("countersign:request").publish({ ...request, path: "/other" });
    diagnosticsChannel("countersign:policy").publish({
      path: "/other",
      policy: "p",
      outcome: "allowed",
      durationMs: 1,
    });
    expect(await lines("requests_total")).to.deep.equal([]);
    expect(await lines("policy_verdicts_total")).to.deep.equal([]);
  });

  it("counts policies, key fetches and reloads", async () => {
    diagnosticsChannel("countersign:policy").publish({
      path: "/validate",
      policy: "p",
      outcome: "failed",
      code: "ERR_POLICY_THREW",
      durationMs: 1,
    });
    diagnosticsChannel("countersign:policy").publish({
      path: "/validate",
      policy: "",
      outcome: "unmatched",
      durationMs: 0,
    });
    diagnosticsChannel("countersign:keys").publish({ issuer: "cluster", outcome: "fetched", keys: 2 });
    diagnosticsChannel("countersign:reload").publish({
      what: "certificate",
      file: "tls.crt",
      outcome: "failed",
    });
    expect(await lines("policy_verdicts_total")).to.deep.equal([
      '{path="/validate",policy="p",outcome="failed",code="ERR_POLICY_THREW"} 1',
      '{path="/validate",policy="",outcome="unmatched",code=""} 1',
    ]);
    expect(await lines("issuer_keys{")).to.deep.equal(['issuer="cluster"} 2']);
    expect(await lines("reloads_total")).to.deep.equal(['{what="certificate",outcome="failed"} 1']);
    expect(await lines("last_reload_failed")).to.deep.equal(['{what="certificate",file="tls.crt"} 1']);
    diagnosticsChannel("countersign:reload").publish({
      what: "certificate",
      file: "tls.crt",
      outcome: "reloaded",
    });
    expect(await lines("last_reload_failed")).to.deep.equal(['{what="certificate",file="tls.crt"} 0']);
  });

  it("reads gauges when it is asked", async () => {
    expect(await lines("requests_in_flight")).to.deep.equal([" 2"]);
    expect(await lines("certificate_expiry_timestamp_seconds")).to.deep.equal([" 1800000000"]);
    expect(await lines("policy_unsent_matches")).to.deep.equal([
      '{path="/validate",policy="wide"} 2',
      '{path="/validate",policy="fitting"} 0',
    ]);
    expect(await lines("draining")).to.deep.equal([" 0"]);
    draining = true;
    expect(await lines("draining")).to.deep.equal([" 1"]);
  });

  it("says of every metric what it is, and adds the process' own", async () => {
    diagnosticsChannel("countersign:request").publish(request);
    const { text, contentType } = await metrics.render();
    expect(contentType).to.contain("text/plain; version=0.0.4");
    expect(text).to.contain("# TYPE countersign_requests_total counter\n");
    expect(text).to.contain("# TYPE countersign_request_duration_seconds histogram\n");
    expect(text).to.contain("process_resident_memory_bytes");
    for (const line of text.split("\n").filter((one) => one.startsWith("# HELP countersign_")))
      expect(line).to.match(/^# HELP countersign_[a-z_]+ [A-Z0-9].*\.$/);
  });

  it("counts no more once it is closed", async () => {
    metrics.close();
    diagnosticsChannel("countersign:request").publish(request);
    expect(await lines("requests_total")).to.deep.equal([]);
  });
});
