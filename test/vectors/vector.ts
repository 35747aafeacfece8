/** What stands in the JSON files of this folder; README.md says the same to people. */

export interface SharedFacts {
  readonly description: string;
  /** Seconds since the epoch: when every token arrives. */
  readonly now: number;
  readonly issuer: string;
  /** The issuer's JWKS document. */
  readonly keys: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly routes: Readonly<Record<string, VectorRoute>>;
  /** Admission reviews by name; a text where its bytes matter. */
  readonly reviews: Readonly<Record<string, unknown>>;
}

/** As `authentication` of a route in a ServerConfiguration. */
export interface VectorRoute {
  readonly audiences: readonly string[];
  /** Of the whole server; those of the route where absent. */
  readonly serverAudiences?: readonly string[];
  readonly webhookTokens?: {
    readonly kinds: readonly ("ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration")[];
    readonly configurations?: readonly { readonly name: string; readonly uid?: string }[];
    readonly serviceAccounts?: readonly NamedAccount[];
  };
  readonly serviceAccounts?: readonly NamedAccount[];
}

export interface NamedAccount {
  readonly namespace: string;
  readonly name: string;
}

export interface VectorFile {
  readonly description: string;
  readonly vectors: readonly Vector[];
}

export interface Vector {
  readonly name: string;
  /** A name of `routes`. */
  readonly route: string;
  /** A name of `reviews`. */
  readonly review: string;
  readonly token?: VectorToken;
  /** The values of the `Authorization` header; `{token}` stands for the token. Absent: `Bearer {token}`. */
  readonly authorization?: readonly string[];
  readonly expected: Expected;
}

export interface VectorToken {
  readonly header?: unknown;
  /** A text where its bytes matter. */
  readonly claims?: unknown;
  /** What was done, where it is not "signed by the key that the header names". */
  readonly made?: string;
  readonly jws: string;
}

export type Expected =
  | { readonly outcome: "accepted"; readonly caller: string; readonly attestedAPIGroup?: string }
  | { readonly outcome: "refused"; readonly reason: string };
