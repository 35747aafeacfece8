import type { IncomingMessage, ServerResponse } from "node:http";
import {
  createRestClient,
  type RestClient,
  type RestClientOptions,
} from "../../src/transport/rest-client.ts";
import { answerJSON, startTLSServer } from "../tls-server.ts";

/** What one request of a reflector is answered with. */
export type Step = (response: ServerResponse, request: IncomingMessage) => void;

/** A collection on a real TLS server that answers as a test says: what a real API server cannot be made to do. */
export interface ScriptedCollection {
  readonly client: RestClient;
  /** Answers to lists in turn; the last one stays. */
  lists: Step[];
  /** Answers to watches in turn; after the last one, watches stay open and silent. */
  watches: Step[];
  /** Queries of all requests so far, with `list` or `watch` before each. */
  readonly asked: string[];
  /** How many connections a watch is answered on now. */
  openWatches(): number;
  close(): Promise<void>;
}

export async function startScriptedCollection(
  options: Partial<RestClientOptions> = {},
  port = 0,
): Promise<ScriptedCollection> {
  let open = 0;
  const asked: string[] = [];
  const server = await startTLSServer(
    (request, response) => {
      const query = new URL(request.url ?? "", "https://h").searchParams;
      const watch = query.get("watch") === "true";
      const version = query.get("resourceVersion");
      asked.push(watch ? `watch ${version}` : `list${query.has("continue") ? " more" : ""}`);
      const steps = watch ? collection.watches : collection.lists;
      const step = watch || steps.length > 1 ? steps.shift() : steps[0];
      if (watch) {
        open++;
        response.on("close", () => open--);
      }
      if (step === undefined) return void response.writeHead(200).flushHeaders();
      step(response, request);
    },
    {},
    port,
  );
  const client = createRestClient({ server: server.url, ca: server.ca, ...options });
  const collection: ScriptedCollection = {
    client,
    lists: [listOf("1")],
    watches: [],
    asked,
    openWatches: () => open,
    async close() {
      client.close();
      await server.close();
    },
  };
  return collection;
}

export interface Item {
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export function item(name: string, resourceVersion: string, uid = `uid-of-${name}`): Item {
  return { metadata: { name, uid, resourceVersion } };
}

export function listOf(resourceVersion: string, ...items: readonly Item[]): Step {
  return (response) => answerJSON(response, 200, { metadata: { resourceVersion }, items });
}

export function refusal(code: number, reason = "Refused"): Step {
  return (response) => answerJSON(response, code, statusOf(code, reason));
}

export function statusOf(code: number, reason = "Refused") {
  return {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    reason,
    message: `${reason} of a test`,
  };
}

export function event(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function bookmark(resourceVersion: string): string {
  return event("BOOKMARK", { metadata: { resourceVersion } });
}

/** Says this and stays. */
export function says(...lines: readonly string[]): Step {
  return (response) => {
    response.writeHead(200).flushHeaders();
    for (const line of lines) response.write(line);
  };
}

/** Says this and ends as it should. */
export function ends(...lines: readonly string[]): Step {
  return (response) => void response.writeHead(200).end(lines.join(""));
}

/** Says this, and then the connection is gone. */
export function breaksOff(...lines: readonly string[]): Step {
  return (response) => {
    response.writeHead(200);
    response.write(lines.join(""), () => setImmediate(() => response.destroy()));
  };
}
