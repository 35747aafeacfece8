import { expect } from "chai";
import { run } from "../../rig/child-process.ts";
import { type OTLPReceiver, startOTLPReceiver } from "../../rig/otlp-receiver.ts";
import { until } from "../../until.ts";
import {
  createServerFolder,
  mintNow,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "./server-rig.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${parentId}-01`;

describe("the traces of a webhook server", () => {
  let folder: ServerFolder;
  let collector: OTLPReceiver;
  let running: RunningServer | undefined;
  before(async () => {
    folder = createServerFolder();
    collector = await startOTLPReceiver();
  });
  after(async () => {
    await collector.close();
    folder.remove();
  });
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
  });

  it("have the caller's span as parent, are sent before it ends, and hold no token", async () => {
    running = await startServer(folder, {
      tracing: { endpoint: collector.endpoint },
      log: { level: "debug" },
    });
    const token = mintNow();
    const headers = { traceparent, "audit-id": "of-the-audit-log" };
    expect((await running.post({ token, headers })).body.response?.allowed).to.equal(true);
    expect((await running.post({ token: `${token}x`, headers })).body.response?.allowed).to.equal(false);
    await until(() => running!.log().some(({ msg }) => msg === "denied"));
    const lines = running.log().filter(({ msg }) => ["allowed", "refused", "denied"].includes(String(msg)));
    await running.server.close();

    const served = collector.spans.filter(({ kind }) => kind === 2);
    expect(served.map((span) => [span.traceId, span.parentSpanId])).to.deep.equal([
      [traceId, parentId],
      [traceId, parentId],
    ]);
    expect(served.map(({ attributes }) => attributes["countersign.refusal"])).to.deep.equal([
      undefined,
      "ERR_TOKEN_MALFORMED",
    ]);
    expect(collector.spans.filter(({ parentSpanId }) => parentSpanId === served[0]?.spanId)).to.have.length(
      1,
    );
    for (const part of token.split(".")) expect(collector.bodies.join()).to.not.include(part);

    // a line leads to its span and to the audit log, and the lines of one request to one another
    for (const line of lines) expect(line).to.include({ traceId, auditId: "of-the-audit-log" });
    const [allowed, refused, denied] = lines;
    expect(refused?.requestId).to.equal(denied?.requestId);
    expect(served.map(({ attributes }) => attributes["countersign.request_id"])).to.deep.equal([
      allowed?.requestId,
      denied?.requestId,
    ]);
  });

  it("are given up where no collector answers: the drain ends all the same", async () => {
    running = await startServer(folder, { tracing: { endpoint: "http://127.0.0.1:1" } });
    await running.post();
    await running.server.close();
  });

  it("cost nothing where they are off: OpenTelemetry's SDK is not loaded", async () => {
    const packages = async (tracing: object): Promise<string[]> => {
      const program = `
        const { createServerFolder, startServer } = await import("./test/server/webhooks/server-rig.ts");
        const folder = createServerFolder();
        const { server } = await startServer(folder, ${JSON.stringify(tracing)});
        await server.close();
        folder.remove();`;
      const args = ["--import", "./test/rig/record-packages.ts", "--input-type=module", "--eval", program];
      const { code, stdout, stderr } = await run(process.execPath, args);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      return (JSON.parse(stdout) as string[]).filter((name) => name.startsWith("@opentelemetry/"));
    };
    expect(await packages({})).to.deep.equal([]);
    expect(await packages({ tracing: { endpoint: collector.endpoint } })).to.include.members([
      "@opentelemetry/sdk-trace",
      "@opentelemetry/exporter-trace-otlp-http",
    ]);
  });
});
