import { formatTime } from "../apis/time.ts";
import { CountersignError } from "../errors.ts";
import type { PresentedKeyPair } from "./agent-protocol.ts";

/** `client.authentication.k8s.io`: what client-go asks a credential plugin, and the answer (webhook side only). */

const apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"] as const;

export type ExecCredentialVersion = (typeof apiVersions)[number];

/** The endpoint a credential is wanted for, as client-go's `rest.ConfigToExecCluster` writes it. */
export interface ExecCluster {
  /** `https://NAME.NAMESPACE.svc:PORT` for a Service, the URL's scheme and host as written for a URL: never the path. */
  readonly server: string;
  readonly "tls-server-name"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  /** base64 of PEM. */
  readonly "certificate-authority-data"?: string;
  readonly "proxy-url"?: string;
}

export interface ExecCredentialRequest {
  readonly apiVersion: ExecCredentialVersion;
  /** Absent where the kubeconfig does not say `provideClusterInfo: true`. */
  readonly cluster?: ExecCluster;
}

/**
 * Not a secret and no credential: what is handed to client-go when there is no token to give. A webhook that
 * authenticates nobody never looks at it, one that does refuses it, under `failurePolicy: Ignore` too.
 */
export const placeholderToken = "countersign-has-no-token";

const fieldTypes = {
  server: "string",
  "tls-server-name": "string",
  "insecure-skip-tls-verify": "boolean",
  "certificate-authority-data": "string",
  "proxy-url": "string",
} as const satisfies Record<keyof ExecCluster, string>;

/**
 * Reads `KUBERNETES_EXEC_INFO`. Fields this version does not know are passed over: upstream adds some without a new
 * version.
 * @throws ERR_CONFIGURATION naming the field and the stanza to write.
 */
export function decodeExecCredential(text: string | undefined): ExecCredentialRequest {
  if (text === undefined || text === "")
    throw wrong("is not set: exec-credential is run by client-go, from a kubeconfig user's `exec` stanza");
  const review = asObject(parse(text), "");
  const apiVersion = apiVersions.find((version) => version === review.apiVersion);
  if (apiVersion === undefined)
    throw wrong(`apiVersion must be one of ${apiVersions.join(", ")}: set it in the \`exec\` stanza`);
  if (review.kind !== "ExecCredential") throw wrong("kind must be ExecCredential");
  const { cluster } = asObject(review.spec ?? {}, "spec");
  return cluster === undefined || cluster === null
    ? { apiVersion }
    : { apiVersion, cluster: decodeCluster(asObject(cluster, "spec.cluster")) };
}

/** What client-go is told. */
export interface ExecCredentialStatus {
  readonly token: string;
  /** Epoch ms from which client-go asks again, told to the whole second before it: client-go has no leeway of its own. */
  readonly askAgainAt: number;
  /** Presented together with the token. */
  readonly clientCertificate?: PresentedKeyPair | undefined;
}

/** The answer, in the version that asked. */
export function encodeExecCredential(
  apiVersion: ExecCredentialVersion,
  { token, askAgainAt, clientCertificate }: ExecCredentialStatus,
): string {
  const expirationTimestamp = formatTime(askAgainAt);
  const certificate =
    clientCertificate === undefined
      ? {}
      : {
          clientCertificateData: clientCertificate.certificate,
          clientKeyData: clientCertificate.key.reveal(),
        };
  const status = { expirationTimestamp, token, ...certificate };
  return `${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}\n`;
}

function decodeCluster(cluster: Readonly<Record<string, unknown>>): ExecCluster {
  for (const [field, type] of Object.entries(fieldTypes))
    if (cluster[field] !== undefined && typeof cluster[field] !== type)
      throw wrong(`spec.cluster.${field} must be a ${type}`);
  if (cluster.server === undefined || cluster.server === "") throw wrong("spec.cluster.server must be set");
  return cluster as unknown as ExecCluster;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // the parser's message quotes the text
    throw wrong("is not JSON", cause);
  }
}

function asObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(`${field} must be an object`.trim());
  return value as Readonly<Record<string, unknown>>;
}

function wrong(problem: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_CONFIGURATION", `KUBERNETES_EXEC_INFO: ${problem}`, { cause });
}
