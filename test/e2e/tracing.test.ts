import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type CapturingWebhook, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { freePort } from "../rig/free-port.ts";
import { type GoSpan, type GrpcTraceReceiver, startGrpcTraceReceiver } from "../rig/grpc-trace-receiver.ts";
import { type OTLPReceiver, startOTLPReceiver } from "../rig/otlp-receiver.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";
import { type LogLine, type ServeProcess, startServe } from "./serve-process.ts";

const allow = `import { definePolicy } from "countersign";
export default definePolicy({
  name: "allow",
  match: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
  validate: () => true,
});
`;

await describeWith(["kube-apiserver 1.37"], "a request that kube-apiserver 1.37 traces", () => {
  let folder: string;
  let theirs: GrpcTraceReceiver;
  let ours: OTLPReceiver;
  let bystander: CapturingWebhook;
  let controlPlane: RealControlPlane;
  let serve: ServeProcess;
  let line: LogLine;

  before(async function () {
    this.timeout(180_000);
    folder = mkdtempSync(join(tmpdir(), "countersign-tracing-"));
    [theirs, ours, bystander] = await Promise.all([
      startGrpcTraceReceiver(),
      startOTLPReceiver(),
      startCapturingWebhook(),
    ]);
    serve = await startServe({
      folder,
      port: await freePort(),
      names: [],
      issuers: [],
      webhooks: [{ path: "/validate", authentication: { mode: "off" }, policy: { file: "allow.ts" } }],
      policies: { "allow.ts": allow },
      fields: { tracing: { endpoint: ours.endpoint } },
    });
    controlPlane = await startRealControlPlane({ extraFlags: flags() });
    const { code, stderr } = await controlPlane.kubectl(
      ["apply", "-f", "-"],
      JSON.stringify(configuration()),
    );
    expect(code, stderr).to.equal(0);
    line = await poll("a request in the log", async () => {
      const name = `traced-${Date.now()}`;
      await controlPlane.kubectl(["create", "configmap", name]);
      return serve.log().find((one) => one.msg === "allowed");
    });
  });
  after(async () => {
    await controlPlane?.stop();
    await serve?.stop();
    for (const each of [theirs, ours, bystander]) await each?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function flags(): readonly string[] {
    const write = (name: string, content: object): string => {
      writeFileSync(join(folder, name), JSON.stringify(content));
      return join(folder, name);
    };
    const tracing = write("tracing.json", {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "TracingConfiguration",
      endpoint: theirs.endpoint,
      samplingRatePerMillion: 1_000_000,
    });
    const policy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] };
    return [
      `--tracing-config-file=${tracing}`,
      `--audit-policy-file=${write("policy.json", policy)}`,
      `--audit-log-path=${join(folder, "audit.log")}`,
    ];
  }

  function configuration(): object {
    const webhook = (name: string, url: string, caBundle: string): object => ({
      name: `${name}.example.com`,
      clientConfig: { url, caBundle },
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "default" } },
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      failurePolicy: "Fail",
    });
    return {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "traced" },
      webhooks: [
        webhook("serve", `${serve.url}/validate`, serve.caBundle),
        webhook("bystander", `https://localhost:${bystander.port}/`, bystander.caBundle),
      ],
    };
  }

  /** The API server's span of that id, sent within five seconds. */
  const theirSpan = (what: string, spanId: unknown): Promise<GoSpan> =>
    poll(what, () => theirs.spans.find((span) => span.spanId === spanId));

  it("has our span below the API server's own of the call, in one trace", async () => {
    const span = await poll("our span", () =>
      ours.spans.find(({ attributes }) => attributes.UID === line.uid),
    );
    expect(span).to.include({ name: "POST /validate", kind: 2, traceId: line.traceId });
    const parent = await theirSpan("our span's parent", span.parentSpanId);
    expect(parent.traceId).to.equal(span.traceId);
    const call = await theirSpan("the API server's span of the webhook call", parent.parentSpanId);
    expect(call.name).to.equal("Call validating webhook");
    expect(call.attributes).to.include({
      webhook: "serve.example.com",
      configuration: "traced",
      UID: String(line.uid),
    });
    const below = ours.spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);
    expect(below.map(({ name }) => name)).to.deep.equal(["policy allow"]);
  });

  it("leads from our log line to the audit log, by its trace", async () => {
    const root = await poll("the API server's first span of the trace", () =>
      theirs.spans.find(
        ({ traceId, attributes }) => traceId === line.traceId && attributes["audit-id"] !== undefined,
      ),
    );
    const event = await poll("the audit event of the object", () =>
      readFileSync(join(folder, "audit.log"), "utf8")
        .split("\n")
        .filter(Boolean)
        .map((text) => JSON.parse(text) as { auditID: string; objectRef?: { name?: string } })
        .find(({ objectRef }) => objectRef?.name === line.name),
    );
    expect(event.auditID).to.equal(root.attributes["audit-id"]);
  });

  it("comes with a traceparent and no Audit-ID, which is all that a webhook is sent of the request", () => {
    const [call] = bystander.calls("/");
    expect(call?.headers.traceparent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(call?.headers).to.not.have.property("audit-id");
    expect(line).to.not.have.property("auditId");
  });
});
