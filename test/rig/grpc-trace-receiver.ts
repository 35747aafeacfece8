import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";

/** A span as kube-apiserver sends it, its attributes of type string alone. */
export interface GoSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface GrpcTraceReceiver {
  /** `host:port`, for `--tracing-config-file`. */
  readonly endpoint: string;
  readonly spans: readonly GoSpan[];
  close(): Promise<void>;
}

/** A collector of traces over OTLP/gRPC, which is all that kube-apiserver speaks, as far as its exporter needs one. */
export async function startGrpcTraceReceiver(): Promise<GrpcTraceReceiver> {
  const spans: GoSpan[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => undefined);
    stream.on("end", () => {
      spans.push(...spansOf(Buffer.concat(chunks)));
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(5));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

/** One gRPC message, uncompressed: opentelemetry-proto's ExportTraceServiceRequest. */
function spansOf(framed: Buffer): GoSpan[] {
  if (framed.length < 5 || framed[0] !== 0) return [];
  const request = framed.subarray(5, 5 + framed.readUInt32BE(1));
  return bytesAt(request, 1)
    .flatMap((resourceSpans) => bytesAt(resourceSpans, 2))
    .flatMap((scopeSpans) => bytesAt(scopeSpans, 2))
    .map(spanOf);
}

function spanOf(span: Buffer): GoSpan {
  const hex = (field: number): string => bytesAt(span, field)[0]?.toString("hex") ?? "";
  const attributes = bytesAt(span, 9).map((pair) => {
    const [value = Buffer.alloc(0)] = bytesAt(pair, 2);
    return [textAt(pair, 1), textAt(value, 1)] as const;
  });
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    name: textAt(span, 5),
    attributes: Object.fromEntries(attributes),
  };
}

function textAt(message: Buffer, field: number): string {
  return bytesAt(message, field)[0]?.toString("utf8") ?? "";
}

/** Every length-delimited value that a protobuf message has under this number. */
function bytesAt(message: Buffer, field: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else {
      const length = varint();
      if (tag >>> 3 === field) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
