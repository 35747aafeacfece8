import type { RestClientOptions } from "./rest-client.ts";

/** How one API server is called, and the namespace that is meant where none is named. */
export interface ClusterConnection {
  readonly client: RestClientOptions;
  readonly namespace: string;
}
