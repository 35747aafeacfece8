import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A span as OTLP's JSON has it, its attributes as an object. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2 a server's, 3 a client's, 1 one's own. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the program that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OTLPReceiver {
  /** What `tracing.endpoint` says. */
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** Everything that was received, as it came. */
  readonly bodies: readonly string[];
  readonly headers: readonly IncomingMessage["headers"][];
  /** What is answered from now on; 200 at first. */
  answer(status: number): void;
  close(): Promise<void>;
}

/** A collector of traces over OTLP/HTTP that keeps what it is sent. */
export async function startOTLPReceiver(): Promise<OTLPReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  let status = 200;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const wanted = request.method === "POST" && request.url === "/v1/traces";
    if (wanted && status === 200) {
      bodies.push(body);
      headers.push(request.headers);
      spans.push(...spansOf(JSON.parse(body) as Export));
    }
    response.writeHead(wanted ? status : 404, { "Content-Type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    headers,
    answer: (next) => {
      status = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Attributes = readonly {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}[];

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, "attributes" | "resource"> & { attributes: Attributes })[];
    }[];
  }[];
}

function spansOf({ resourceSpans }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        attributes: objectOf(span.attributes),
        resource: objectOf(resource.attributes),
      })),
    ),
  );
}

function objectOf(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
