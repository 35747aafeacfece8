import { readFile } from "node:fs/promises";
import { createFileTokenSource } from "../credentials/file-token-source.ts";
import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { createRestClient, type RestClient } from "../transport/rest-client.ts";
import type { APIServerFlags } from "./exec-credential-flags.ts";

type ServerFlags = Extract<APIServerFlags, { readonly server: string }>;

/**
 * A client for the API server that the flags name.
 * @throws ERR_KUBECONFIG or ERR_CERTIFICATE_INVALID naming the file that cannot be used.
 */
export async function connectAPIServer(
  flags: APIServerFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RestClient> {
  return "server" in flags ? connectServer(flags) : connectKubeconfig(flags, env);
}

async function connectServer(flags: ServerFlags): Promise<RestClient> {
  const { server, certificateAuthority, tokenFile, clientCertificate, clientKey } = flags;
  const [ca, certificate, key] = await Promise.all([
    read("--certificate-authority", certificateAuthority),
    read("--client-certificate", clientCertificate),
    read("--client-key", clientKey),
  ]);
  return createRestClient({
    server,
    ca,
    token: tokenFile === undefined ? undefined : createFileTokenSource({ file: tokenFile }),
    clientCertificate:
      certificate === undefined || key === undefined ? undefined : { certificate, key: new Secret(key) },
  });
}

async function read(flag: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CountersignError("ERR_CERTIFICATE_INVALID", `${flag} ${file} cannot be read (${code})`, {
      cause,
    });
  }
}

async function connectKubeconfig(
  flags: Exclude<APIServerFlags, ServerFlags>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RestClient> {
  // loads a YAML parser
  const { findCluster } = await import("../transport/kubeconfig-connection.ts");
  const { client } = await findCluster({ ...flags, env });
  return createRestClient(client);
}
