import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";

/** As much of an API server as reading an object by its path takes. */
export interface SmallAPIServer {
  readonly client: RestClient;
  /** Objects by path; what is not here is answered with `missing`. */
  readonly objects: Map<string, unknown>;
  /** Status and body instead, for every path. */
  failure: { readonly status: number; readonly body: unknown } | undefined;
  readonly paths: string[];
  /** Answers wait until this has settled. */
  gate: Promise<unknown>;
  close(): Promise<void>;
}

/** The Status of an API server for an object that is not there. */
export function notFound(resource: string, name: string): object {
  return {
    ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" },
    message: `${resource} "${name}" not found`,
    ...{ reason: "NotFound", details: { name, kind: resource }, code: 404 },
  };
}

export async function startSmallAPIServer(): Promise<SmallAPIServer> {
  const server = createServer(async (request, response) => {
    const { url = "" } = request;
    api.paths.push(url);
    await api.gate;
    const [resource = "", name = ""] = url.split("/").slice(-2);
    const { status, body } =
      api.failure ??
      (api.objects.has(url)
        ? { status: 200, body: api.objects.get(url) }
        : { status: 404, body: notFound(resource, name) });
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const client = createRestClient({ server: `http://127.0.0.1:${port}`, timeoutMs: 20_000 });
  const api: SmallAPIServer = {
    ...{ client, objects: new Map(), failure: undefined, paths: [], gate: Promise.resolve() },
    async close() {
      client.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;
}
