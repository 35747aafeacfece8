import type { RestClientOptions } from "./rest-client.ts";

/** What a connection presents to prove who it is. */
export type CredentialKind = "clientCertificate" | "token" | "tokenFile" | "exec" | "basic";

/** How one API server is called, and the namespace that is meant where none is named. */
export interface ClusterConnection {
  readonly client: RestClientOptions;
  readonly namespace: string;
  /** What `client` presents, for messages: never a value. Absent where nobody said. */
  readonly credentials?: readonly CredentialKind[];
}
