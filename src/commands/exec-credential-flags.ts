import type { ServiceAccountReference } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import type { EndpointTokenIntent } from "../webhook/endpoints/endpoint-token-intent.ts";
import type { FlagTable, FlagValues } from "./flags.ts";
import { parseServiceAccount } from "./service-account-flag.ts";

export const execCredentialFlags = {
  socket: {
    type: "string",
    value: "PATH",
    summary: "ask the agent there, whose configuration says all but --on-failure; instead of what follows",
  },
  "service-account": {
    type: "string",
    value: "NS/NAME",
    summary: "whose token is presented; required without --socket",
  },
  mode: {
    type: "string",
    choices: ["attested", "audience"],
    summary:
      "attested (without the flag): bound to the webhook's configuration; audience: a plain token for its audiences",
  },
  "api-group": {
    type: "string",
    value: "G|*",
    summary: "the one API group whose objects are shown, * for kube-apiserver; with --mode attested",
  },
  audience: {
    type: "string",
    value: "A",
    multiple: true,
    summary: "instead of those of every webhook on the host and port; with --mode audience",
  },
  kubeconfig: { type: "string", value: "FILE", summary: "how to reach the API server that mints" },
  context: { type: "string", value: "NAME", summary: "of the kubeconfig, instead of its current one" },
  server: { type: "string", value: "URL", summary: "the API server that mints, instead of a kubeconfig" },
  "certificate-authority": { type: "string", value: "FILE", summary: "its CA; with --server" },
  "token-file": { type: "string", value: "FILE", summary: "whose token asks; with --server" },
  "client-certificate": { type: "string", value: "FILE", summary: "whose certificate asks; with --server" },
  "client-key": { type: "string", value: "FILE", summary: "its key; with --server" },
  "cache-dir": {
    type: "string",
    value: "DIR",
    summary: "keep tokens here between runs: a directory of mode 0700 that is this user's own",
  },
  "present-client-certificate": {
    type: "string",
    value: "FILE",
    summary: "given to client-go beside the token, PEM; with --present-client-key",
  },
  "present-client-key": { type: "string", value: "FILE", summary: "its key" },
  "on-failure": {
    type: "string",
    choices: ["placeholder", "fail"],
    default: "placeholder",
    summary: "with no token to give, a placeholder that every authenticating webhook refuses, or exit 1",
  },
} as const satisfies FlagTable;

/** How the API server that mints is reached. */
export type APIServerFlags =
  | { readonly kubeconfig: string | undefined; readonly context: string | undefined }
  | {
      readonly server: string;
      readonly certificateAuthority: string | undefined;
      readonly tokenFile: string | undefined;
      readonly clientCertificate: string | undefined;
      readonly clientKey: string | undefined;
    };

/** A token is asked from an agent, or minted by ourselves. */
export type ExecCredentialSettings = { readonly onFailure: "placeholder" | "fail" } & (
  | { readonly socket: string }
  | MintingSettings
);

export interface MintingSettings {
  readonly serviceAccount: ServiceAccountReference;
  readonly intent: EndpointTokenIntent;
  readonly apiServer: APIServerFlags;
  readonly cacheFolder: string | undefined;
  /** Presented beside the token. */
  readonly clientCertificate: { readonly certFile: string; readonly keyFile: string } | undefined;
}

type Given = FlagValues<typeof execCredentialFlags>;

/**
 * What the flags mean together.
 * @throws ERR_USAGE naming the flags that do not go together, or the one that is missing.
 */
export function checkExecCredentialFlags(given: Given): ExecCredentialSettings {
  const { socket, "service-account": serviceAccount, "on-failure": onFailure } = given;
  if (socket !== undefined) {
    assertAlone(given);
    return { socket, onFailure };
  }
  if (serviceAccount === undefined) throw usage("--service-account is required (NS/NAME), or --socket");
  return {
    serviceAccount: parseServiceAccount(serviceAccount),
    intent: intentOf(given),
    apiServer: apiServerOf(given),
    cacheFolder: given["cache-dir"],
    clientCertificate: presentedOf(given),
    onFailure,
  };
}

/** A flag that contradicts the agent's configuration must not look as if it counted. */
function assertAlone({ socket: _, "on-failure": __, ...others }: Given): void {
  const stray = Object.entries(others).find(([, value]) => value !== undefined && value.length > 0);
  if (stray !== undefined)
    throw usage(`--socket and --${stray[0]} exclude one another: the agent's configuration says it`);
}

function presentedOf(given: Given): MintingSettings["clientCertificate"] {
  const certFile = given["present-client-certificate"];
  const keyFile = given["present-client-key"];
  if ((certFile === undefined) !== (keyFile === undefined))
    throw usage("--present-client-certificate and --present-client-key go together");
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

function intentOf(given: Given): EndpointTokenIntent {
  const { mode = "attested", audience: audiences, "api-group": apiGroup } = given;
  if (mode === "audience") {
    if (apiGroup !== undefined)
      throw usage("--api-group goes with --mode attested: a plain token attests nothing");
    return { mode, audiences };
  }
  if (audiences.length > 0)
    throw usage("--audience goes with --mode audience: an attested token's is that of the webhook");
  if (apiGroup === undefined || apiGroup === "")
    throw usage("--api-group is required with --mode attested: one API group, or '*' for kube-apiserver");
  return { mode, apiGroup };
}

function apiServerOf(given: Given): APIServerFlags {
  const { server, kubeconfig, context } = given;
  const onlyWithServer = ["certificate-authority", "token-file", "client-certificate", "client-key"] as const;
  if (server === undefined) {
    const stray = onlyWithServer.find((flag) => given[flag] !== undefined);
    if (stray !== undefined) throw usage(`--${stray} goes with --server`);
    return { kubeconfig, context };
  }
  if (kubeconfig !== undefined || context !== undefined)
    throw usage(`--server and --${kubeconfig === undefined ? "context" : "kubeconfig"} exclude one another`);
  if (!server.startsWith("https://")) throw usage(`--server=${server}: must be an https:// URL`);
  assertOneIdentity(given);
  return {
    server,
    certificateAuthority: given["certificate-authority"],
    tokenFile: given["token-file"],
    clientCertificate: given["client-certificate"],
    clientKey: given["client-key"],
  };
}

function assertOneIdentity(given: Given): void {
  const certificate = given["client-certificate"];
  const key = given["client-key"];
  if ((certificate === undefined) !== (key === undefined))
    throw usage("--client-certificate and --client-key go together");
  if ((given["token-file"] === undefined) === (certificate === undefined))
    throw usage("--server needs one of --token-file, and --client-certificate with --client-key");
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
