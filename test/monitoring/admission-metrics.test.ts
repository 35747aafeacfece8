import { expect } from "chai";
import { diagnosticsChannel, type WebhookMessage } from "../../src/diagnostics.ts";
import { type AdmissionMetrics, createAdmissionMetrics } from "../../src/monitoring/admission-metrics.ts";
import { run } from "../rig/child-process.ts";

const call: WebhookMessage = {
  webhook: "images.example.com",
  configuration: "images",
  operation: "CREATE",
  type: "validating",
  code: 200,
  rejected: false,
  failedOpen: false,
  durationMs: 30,
};

describe("admission metrics", () => {
  let metrics: AdmissionMetrics;
  beforeEach(() => {
    metrics = createAdmissionMetrics();
  });
  afterEach(() => metrics.close());

  /** The samples of one metric, as they are printed. */
  async function samples(name: string): Promise<string[]> {
    const { text } = await metrics.render();
    const prefix = new RegExp(`^${name}(\\{| )`);
    return text.split("\n").filter((line) => prefix.test(line));
  }

  it("counts a call by its code, and how long it took", async () => {
    diagnosticsChannel("countersign:webhook").publish(call);
    const labels = 'name="images.example.com",type="validating",operation="CREATE"';
    expect(await samples("apiserver_admission_webhook_request_total")).to.deep.equal([
      `apiserver_admission_webhook_request_total{${labels},code="200",rejected="false"} 1`,
    ]);
    const buckets = await samples("apiserver_admission_webhook_admission_duration_seconds_bucket");
    expect(buckets.map((line) => /le="([^"]+)"\} (\d)/.exec(line)!.slice(1))).to.deep.equal([
      ["0.005", "0"],
      ["0.025", "0"],
      ...["0.1", "0.5", "1", "2.5", "10", "25", "+Inf"].map((le) => [le, "1"]),
    ]);
    expect(await samples("apiserver_admission_webhook_rejection_count")).to.deep.equal([]);
    expect(await samples("apiserver_admission_webhook_fail_open_count")).to.deep.equal([]);
  });

  it("counts a rejection by whose fault it is, and a failure that is forgiven apart", async () => {
    const calls = diagnosticsChannel("countersign:webhook");
    calls.publish({ ...call, code: 403, rejected: true, errorType: "no_error" });
    calls.publish({ ...call, code: 503, rejected: true, errorType: "calling_webhook_error" });
    calls.publish({ ...call, code: 0, rejected: true, errorType: "apiserver_internal_error" });
    calls.publish({ ...call, type: "admit", code: 503, failedOpen: true });
    const counted = await samples("apiserver_admission_webhook_rejection_count");
    expect(
      counted.map((line) => /error_type="(.*)",rejection_code="(.*)"/.exec(line)!.slice(1)),
    ).to.have.deep.members([
      ["no_error", "403"],
      ["calling_webhook_error", "503"],
      ["apiserver_internal_error", "0"],
    ]);
    expect(await samples("apiserver_admission_webhook_fail_open_count")).to.deep.equal([
      'apiserver_admission_webhook_fail_open_count{name="images.example.com",type="admit"} 1',
    ]);
  });

  it("counts no rejection where whoever asked gave up", async () => {
    diagnosticsChannel("countersign:webhook").publish({ ...call, code: 503, rejected: true });
    expect(await samples("apiserver_admission_webhook_rejection_count")).to.deep.equal([]);
    expect(await samples("apiserver_admission_webhook_request_total")).to.have.length(1);
  });

  it("counts match conditions by the step of admission", async () => {
    const { webhook, operation, type } = call;
    diagnosticsChannel("countersign:exclusion").publish({ webhook, operation, type });
    diagnosticsChannel("countersign:matchConditions").publish({
      ...{ webhook, operation, type, kind: "webhook", outcome: "failed", errors: 2, durationMs: 2 },
    });
    const labels = 'name="images.example.com",kind="webhook",type="validate",operation="CREATE"';
    expect(await samples("apiserver_admission_match_condition_exclusions_total")).to.deep.equal([
      `apiserver_admission_match_condition_exclusions_total{${labels}} 1`,
    ]);
    expect(await samples("apiserver_admission_match_condition_evaluation_errors_total")).to.deep.equal([
      `apiserver_admission_match_condition_evaluation_errors_total{${labels}} 2`,
    ]);
    const buckets = await samples("apiserver_admission_match_condition_evaluation_seconds_bucket");
    expect(buckets.map((line) => /le="([^"]+)"/.exec(line)![1])).to.deep.equal([
      "0.001",
      "0.005",
      "0.01",
      "0.025",
      "0.1",
      "0.2",
      "0.25",
      "+Inf",
    ]);
  });

  it("tells how long all webhooks of a kind took, under the plugin's name", async () => {
    diagnosticsChannel("countersign:dispatch").publish({
      ...{ plugin: "MutatingAdmissionWebhook", operation: "UPDATE", rejected: true, durationMs: 7 },
    });
    expect(await samples("apiserver_admission_controller_admission_duration_seconds_count")).to.deep.equal([
      'apiserver_admission_controller_admission_duration_seconds_count{name="MutatingAdmissionWebhook",type="admit",operation="UPDATE",rejected="true"} 1',
    ]);
  });

  it("counts tokens and static manifests beside, until it is closed", async () => {
    const say = (): void => {
      diagnosticsChannel("countersign:tokenLookup").publish({ outcome: "hit" });
      diagnosticsChannel("countersign:manifests").publish({
        ...{ directory: "/m", plugin: "ValidatingAdmissionWebhook", status: "success", hash: "" },
      });
    };
    metrics.close();
    metrics = createAdmissionMetrics({ apiServerID: "apiserver-1" });
    say();
    metrics.close();
    say();
    expect(await samples("apiserver_webhook_authentication_token_create_calls_total")).to.deep.equal([
      'apiserver_webhook_authentication_token_create_calls_total{result="hit"} 1',
    ]);
    const [reloads] = await samples("apiserver_manifest_admission_config_controller_automatic_reloads_total");
    expect(reloads).to.match(/apiserver_id_hash="sha256:[0-9a-f]{64}"\} 1$/);
  });

  it("counts what is wrong with certificates of webhooks", async () => {
    const problems = diagnosticsChannel("countersign:x509");
    for (const problem of ["missingSAN", "insecureSHA1", "insecureSHA1"] as const)
      problems.publish({ host: "a.b.svc:443", problem });
    expect(await samples("apiserver_webhooks_x509_missing_san_total")).to.deep.equal([
      "apiserver_webhooks_x509_missing_san_total 1",
    ]);
    expect(await samples("apiserver_webhooks_x509_insecure_sha1_total")).to.deep.equal([
      "apiserver_webhooks_x509_insecure_sha1_total 2",
    ]);
  });

  it("counts nothing more once it is closed", async () => {
    metrics.close();
    diagnosticsChannel("countersign:webhook").publish(call);
    expect(await samples("apiserver_admission_webhook_request_total")).to.deep.equal([]);
  });

  it("loads prom-client only when somebody wants to read", async () => {
    const program = `
      const { createAdmissionMetrics } = await import("./src/monitoring/admission-metrics.ts");
      createAdmissionMetrics().families.forEach((family) => family.values());`;
    const args = ["--import", "./test/rig/record-packages.ts", "--input-type=module", "--eval", program];
    const { code, stdout } = await run(process.execPath, args);
    expect([code, JSON.parse(stdout)]).to.deep.equal([0, []]);
  });
});
