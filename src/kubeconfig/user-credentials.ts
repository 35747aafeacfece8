import { readFile } from "node:fs/promises";
import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { KubeconfigExec, KubeconfigUser } from "./kubeconfig.ts";

/** A certificate and its key, both PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: Secret;
}

/** Whom to act as. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What a user of a kubeconfig presents, in the form it is sent. */
export interface UserCredentials {
  /** The token as the kubeconfig or, where there is only a file, the file had it when this was made. */
  readonly token?: Secret;
  /** At request time the file goes before `token` if it can be read. */
  readonly tokenFile?: string;
  readonly clientCertificate?: ClientCertificate;
  readonly basic?: { readonly username: string; readonly password: Secret };
  readonly impersonate?: Impersonation;
  /** Only where nothing of the above but `impersonate` is set: static credentials win (client-go exec.go). */
  readonly exec?: KubeconfigExec;
}

/**
 * What a kubeconfig user presents, by the rules of kubernetes/apiserver pkg/util/webhook/authentication.go. A lone
 * token file is read now, so that one that is missing fails here. Impersonation needs `as`; without it the rest is dropped.
 * @throws ERR_KUBECONFIG naming user and field: a file that cannot be read, an auth provider, a password beside a token,
 * a certificate without a key.
 */
export async function loadUserCredentials(name: string, user: KubeconfigUser): Promise<UserCredentials> {
  if (user["auth-provider"] !== undefined)
    throw fault(
      name,
      "auth-provider",
      "auth providers are not supported: use exec, a token or a certificate",
    );
  const token = user.token ?? (await tokenOfFile(name, user));
  const clientCertificate = await loadClientCertificate(name, user);
  const basic =
    user.username || user.password
      ? { username: user.username ?? "", password: user.password ?? new Secret("") }
      : undefined;
  if (basic !== undefined && token !== undefined)
    throw fault(name, "username", "username/password or bearer token may be set, but not both");
  const isStatic = token !== undefined || basic !== undefined || clientCertificate !== undefined;
  const impersonate = impersonationOf(user);
  return {
    ...(token === undefined ? {} : { token }),
    ...(user.tokenFile === undefined ? {} : { tokenFile: user.tokenFile }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(basic === undefined ? {} : { basic }),
    ...(impersonate === undefined ? {} : { impersonate }),
    ...(isStatic || user.exec === undefined ? {} : { exec: user.exec }),
  };
}

/** Trimmed, unlike client-go's first read: an end of line cannot be sent in a header, so it can only be a mistake. */
async function tokenOfFile(name: string, user: KubeconfigUser): Promise<Secret | undefined> {
  if (user.tokenFile === undefined) return undefined;
  const text = await readUserFile(name, "tokenFile", user.tokenFile);
  if (text.trim() === "") throw fault(name, "tokenFile", `${user.tokenFile} is empty`);
  return new Secret(text.trim());
}

async function loadClientCertificate(
  name: string,
  user: KubeconfigUser,
): Promise<ClientCertificate | undefined> {
  const certificate = await pemOf(
    name,
    "client-certificate",
    user["client-certificate-data"],
    user["client-certificate"],
  );
  const key = await pemOf(name, "client-key", user["client-key-data"]?.reveal(), user["client-key"]);
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined) throw fault(name, "client-certificate", "is missing beside client-key");
  if (key === undefined) throw fault(name, "client-key", "is missing beside client-certificate");
  return { certificate, key: new Secret(key) };
}

async function pemOf(
  name: string,
  field: string,
  data: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (data !== undefined && data !== "")
    return decodePem(data, (message) => fault(name, `${field}-data`, message));
  return file === undefined ? undefined : readUserFile(name, field, file);
}

function decodePem(data: string, faultOf: (message: string) => CountersignError): string {
  const text = Buffer.from(data, "base64").toString("latin1");
  if (!text.includes("-----BEGIN ")) throw faultOf("is not base64 of PEM");
  return text;
}

async function readUserFile(name: string, field: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw fault(name, field, `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

function impersonationOf(user: KubeconfigUser): Impersonation | undefined {
  if (!user.as) return undefined;
  const uid = user["as-uid"];
  return {
    user: user.as,
    ...(uid ? { uid } : {}),
    groups: user["as-groups"] ?? [],
    extra: user["as-user-extra"] ?? {},
  };
}

function fault(name: string, field: string, message: string, cause?: unknown): CountersignError {
  return new CountersignError(
    "ERR_KUBECONFIG",
    `user ${JSON.stringify(name)}: ${field}: ${message}`,
    cause === undefined ? undefined : { cause },
  );
}
