import { expect } from "chai";
import { type APIRequestMessage, diagnosticsChannel } from "../../src/diagnostics.ts";
import { openTracing } from "../../src/monitoring/open-tracing.ts";
import { type OTLPReceiver, startOTLPReceiver } from "../rig/otlp-receiver.ts";

const requests = diagnosticsChannel("countersign:apiRequest");
const parent = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", parentId: "00f067aa0ba902b7" };
const log: APIRequestMessage = {
  requestId: "of-the-request",
  httpMethod: "GET",
  path: "/api/v1/namespaces/shop/pods/web/log",
  verb: "get",
  group: "",
  resource: "pods",
  subresource: "log",
  namespace: "shop",
  name: "web",
  caller: "admin",
  method: "clientCertificate",
  user: "jane",
  node: "node-1",
  code: 200,
  cut: false,
  peer: "10.0.0.1",
  durationMs: 20,
};

describe("the spans of a server that speaks as an API server", () => {
  let collector: OTLPReceiver;
  beforeEach(async () => {
    collector = await startOTLPReceiver();
  });
  afterEach(() => collector.close());

  const spansOf = async (...messages: readonly APIRequestMessage[]) => {
    const { endpoint } = collector;
    const tracing = await openTracing({
      tracing: { endpoint, samplingRatio: 1 },
      serviceName: "countersign",
      log: { write: () => undefined },
    });
    for (const message of messages) requests.publish(message);
    await tracing.stop();
    return collector.spans;
  };

  it("say what was asked for and by whose credential, a child of the caller's own", async () => {
    const [span] = await spansOf({ ...log, ...parent, sampled: true });
    expect(span).to.include({
      name: "GET pods/log",
      kind: 2,
      traceId: parent.traceId,
      parentSpanId: parent.parentId,
    });
    expect(span?.attributes).to.include({
      "url.path": log.path,
      "countersign.caller": "admin",
      "countersign.node": "node-1",
      verb: "get",
      namespace: "shop",
    });
  });

  it("leave to the log as whom it was made, and from where", async () => {
    const spans = await spansOf(log);
    expect(JSON.stringify(spans[0]?.attributes)).not.to.match(/jane|10\.0\.0\.1/);
  });

  it("have few names: none that a caller makes up by asking for it", async () => {
    const names = (
      await spansOf(
        { ...log, resource: "made-up", code: 404 },
        { ...log, resource: "made-up", code: 403 },
        { httpMethod: "GET", path: "/made-up", code: 401, cut: false, durationMs: 1 },
      )
    ).map(({ name }) => name);
    expect(new Set(names)).to.deep.equal(new Set(["GET"]));
  });
});
