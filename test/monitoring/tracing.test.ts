import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { diagnosticsChannel, type RequestMessage, type TracesMessage } from "../../src/diagnostics.ts";
import { openTracing } from "../../src/monitoring/open-tracing.ts";
import type { Tracing } from "../../src/monitoring/tracing.ts";
import { type OTLPReceiver, startOTLPReceiver } from "../rig/otlp-receiver.ts";
import { until } from "../until.ts";

const requests = diagnosticsChannel("countersign:request");
const policies = diagnosticsChannel("countersign:policy");

const request: RequestMessage = {
  path: "/validate",
  mode: "enforce",
  allowed: true,
  code: 200,
  durationMs: 20,
  uid: "of-the-review",
  requestId: "of-the-request",
  operation: "CREATE",
  resource: "deployments.apps",
  namespace: "shop",
  name: "cart",
  caller: "system:serviceaccount:kube-system:webhook-caller",
  method: "webhookToken",
  user: "jane",
};
const parent = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", parentId: "00f067aa0ba902b7" };

describe("tracing", () => {
  let collector: OTLPReceiver;
  let tracing: Tracing | undefined;
  let lines: string[];
  beforeEach(async () => {
    collector = await startOTLPReceiver();
    lines = [];
  });
  afterEach(async () => {
    await tracing?.stop();
    tracing = undefined;
    await collector.close();
  });

  const log = { write: (level: string, message: string) => void lines.push(`${level} ${message}`) };
  const open = async (samplingRatio = 1, endpoint = collector.endpoint): Promise<Tracing> => {
    tracing = await openTracing({ tracing: { endpoint, samplingRatio }, serviceName: "countersign", log });
    return tracing;
  };

  it("sends a request's span when it stops, at the latest", async () => {
    const { stop } = await open();
    requests.publish(request);
    await stop();
    expect(collector.spans).to.have.length(1);
    const [span] = collector.spans;
    expect(span).to.include({ name: "POST /validate", kind: 2 });
    expect(span?.attributes).to.deep.equal({
      "http.request.method": "POST",
      "http.route": "/validate",
      "countersign.request_id": "of-the-request",
      "countersign.mode": "enforce",
      "countersign.caller": "system:serviceaccount:kube-system:webhook-caller",
      "countersign.authentication_method": "webhookToken",
      "countersign.allowed": true,
      "countersign.code": 200,
      UID: "of-the-review",
      operation: "CREATE",
      resource: "deployments.apps",
      namespace: "shop",
      name: "cart",
    });
    expect(span?.resource).to.include({ "service.name": "countersign" });
    const tookNanos = BigInt(span!.endTimeUnixNano) - BigInt(span!.startTimeUnixNano);
    expect(Number(tookNanos) / 1e6).to.be.closeTo(20, 0.01);
  });

  it("makes it a child of the caller's span, in the caller's trace", async () => {
    const { stop } = await open(0);
    requests.publish({ ...request, ...parent, sampled: true });
    await stop();
    expect(collector.spans).to.have.length(1);
    expect(collector.spans[0]).to.include({ traceId: parent.traceId, parentSpanId: parent.parentId });
  });

  it("leaves the choice to a caller that has made one, and takes its share of the others", async () => {
    const { stop } = await open(0);
    requests.publish({ ...request, ...parent, sampled: false });
    requests.publish(request);
    await stop();
    expect(collector.spans).to.deep.equal([]);
  });

  it("puts the policies that ran below it, each with its own time, and those of no other review", async () => {
    const { stop } = await open();
    const ran = { path: "/validate", durationMs: 5 };
    policies.publish({ ...ran, policy: "images", uid: "of-the-review", outcome: "allowed" });
    policies.publish({ ...ran, policy: "other", uid: "of-another", outcome: "allowed" });
    policies.publish({
      ...ran,
      policy: "broken",
      uid: "of-the-review",
      outcome: "failed",
      code: "ERR_POLICY_THREW",
    });
    policies.publish({ ...ran, policy: "", uid: "of-the-review", outcome: "unmatched" });
    requests.publish({ ...request, code: 500, allowed: false });
    await stop();
    const server = collector.spans.find(({ kind }) => kind === 2);
    const below = collector.spans.filter(({ parentSpanId }) => parentSpanId === server?.spanId);
    expect(below.map(({ name }) => name)).to.deep.equal(["policy images", "policy broken"]);
    expect(below.map(({ status }) => status.code ?? 0)).to.deep.equal([0, 2]);
    expect(server?.status).to.include({ code: 2, message: "500" });
    expect(collector.spans).to.have.length(3);
  });

  it("traces the tokens that are asked for", async () => {
    const { stop } = await open();
    const token = { serviceAccount: "kube-system/caller", audience: "https://a", durationMs: 1 };
    diagnosticsChannel("countersign:token").publish({ ...token, apiGroup: "*", outcome: "minted" });
    diagnosticsChannel("countersign:token").publish({
      ...token,
      outcome: "failed",
      code: "ERR_TRANSPORT",
      detail: "x",
    });
    await stop();
    expect(collector.spans.map(({ name, kind, status }) => [name, kind, status.code ?? 0])).to.deep.equal([
      ["TokenRequest", 3, 0],
      ["TokenRequest", 3, 2],
    ]);
  });

  it("names nobody who made the request under review", async () => {
    const { stop } = await open();
    requests.publish(request);
    await stop();
    expect(collector.bodies.join()).to.not.include("jane");
  });

  it("makes no more spans once it is stopped", async () => {
    await (await open()).stop();
    requests.publish(request);
    expect(collector.spans).to.deep.equal([]);
  });

  it("asks below the endpoint's own path", async () => {
    const { stop } = await open(1, `${collector.endpoint}/`);
    requests.publish(request);
    await stop();
    expect(collector.spans).to.have.length(1);
  });

  it("says once that traces cannot be sent, counts what is lost, and ends in time all the same", async () => {
    const messages: TracesMessage[] = [];
    const listen = (message: unknown): void => void messages.push(message as TracesMessage);
    diagnosticsChannel("countersign:traces").subscribe(listen);
    try {
      collector.answer(400);
      const { stop } = await open();
      for (let index = 0; index < 600; index++) requests.publish(request);
      await until(() => messages.length > 0);
      await stop();
      expect(messages.map(({ outcome }) => outcome)).to.deep.equal(["failed", "failed"]);
      expect(messages.reduce((sum, { spans }) => sum + spans, 0)).to.equal(600);
      expect(lines).to.deep.equal(["warn traces cannot be sent"]);
    } finally {
      diagnosticsChannel("countersign:traces").unsubscribe(listen);
    }
  });

  it("waits for no collector that does not answer", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    try {
      const { stop } = await open(1, `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
      requests.publish(request);
      await stop();
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  it("is nothing at all where it is not configured", async () => {
    const off = await openTracing({ tracing: undefined, serviceName: "countersign", log });
    requests.publish(request);
    await off.stop();
    expect(collector.spans).to.deep.equal([]);
  });
});
