import { dirname, isAbsolute, resolve } from "node:path";
import { Secret } from "../secret.ts";
import type {
  Kubeconfig,
  KubeconfigCluster,
  KubeconfigContext,
  KubeconfigExec,
  KubeconfigUser,
} from "./kubeconfig.ts";
import { readYamlFields, type YamlFields } from "./yaml-fields.ts";

/**
 * Reads the text of one kubeconfig. `file` names it in messages, and its folder is what relative paths are relative to.
 * Unknown fields pass and nothing is required but names, as with clientcmd's `RawConfig()`; wrong types do not pass.
 * @throws ERR_KUBECONFIG with file, line and field.
 */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const root = readYamlFields(text, file);
  const kind = root.string("kind");
  if (kind !== undefined && kind !== "" && kind !== "Config") throw root.fault("must be Config", "kind");
  const folder = dirname(resolve(file));
  return {
    files: [file],
    clusters: named(root, "clusters", "cluster", (fields) => clusterOf(fields, folder)),
    users: named(root, "users", "user", (fields) => userOf(fields, folder)),
    contexts: named(root, "contexts", "context", contextOf),
    "current-context": root.string("current-context"),
  };
}

function named<T>(
  root: YamlFields,
  list: string,
  member: string,
  decode: (fields: YamlFields | undefined) => T,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const entry of root.list(list)) {
    const name = entry.string("name");
    if (name === undefined) throw entry.fault("name is required");
    if (found.has(name)) throw entry.fault(`${JSON.stringify(name)} stands twice in ${list}`, "name");
    found.set(name, decode(entry.fields(member)));
  }
  return found;
}

function clusterOf(fields: YamlFields | undefined, folder: string): KubeconfigCluster {
  if (fields === undefined) return {};
  return {
    server: fields.string("server"),
    "tls-server-name": fields.string("tls-server-name"),
    "insecure-skip-tls-verify": fields.boolean("insecure-skip-tls-verify"),
    "certificate-authority": pathOf(fields.string("certificate-authority"), folder),
    "certificate-authority-data": fields.string("certificate-authority-data"),
    "proxy-url": fields.string("proxy-url"),
  };
}

function userOf(fields: YamlFields | undefined, folder: string): KubeconfigUser {
  if (fields === undefined) return {};
  return {
    "client-certificate": pathOf(fields.string("client-certificate"), folder),
    "client-certificate-data": fields.string("client-certificate-data"),
    "client-key": pathOf(fields.string("client-key"), folder),
    "client-key-data": secretOf(fields.string("client-key-data")),
    token: secretOf(fields.string("token")),
    tokenFile: pathOf(fields.string("tokenFile"), folder),
    username: fields.string("username"),
    password: secretOf(fields.string("password")),
    as: fields.string("as"),
    "as-uid": fields.string("as-uid"),
    "as-groups": fields.strings("as-groups"),
    "as-user-extra": extraOf(fields.fields("as-user-extra")),
    "auth-provider": providerOf(fields.fields("auth-provider")),
    exec: execOf(fields.fields("exec"), folder),
  };
}

function contextOf(fields: YamlFields | undefined): KubeconfigContext {
  if (fields === undefined) return {};
  return {
    cluster: fields.string("cluster"),
    user: fields.string("user"),
    namespace: fields.string("namespace"),
  };
}

function providerOf(fields: YamlFields | undefined): KubeconfigUser["auth-provider"] {
  return fields === undefined ? undefined : { name: fields.string("name") };
}

function execOf(fields: YamlFields | undefined, folder: string): KubeconfigExec | undefined {
  if (fields === undefined) return undefined;
  const command = fields.string("command") ?? "";
  return {
    apiVersion: fields.string("apiVersion"),
    // a bare name is looked up in PATH, anything with a slash is a path (clientcmd's ResolveLocalPaths)
    command: command.includes("/") ? (pathOf(command, folder) ?? "") : command,
    args: fields.strings("args") ?? [],
    env: fields
      .list("env")
      .map((entry) => ({ name: entry.string("name") ?? "", value: entry.string("value") ?? "" })),
    installHint: fields.string("installHint"),
    provideClusterInfo: fields.boolean("provideClusterInfo"),
    interactiveMode: fields.string("interactiveMode"),
  };
}

function extraOf(fields: YamlFields | undefined): Readonly<Record<string, readonly string[]>> | undefined {
  if (fields === undefined) return undefined;
  const extra: Record<string, readonly string[]> = Object.create(null);
  for (const name of fields.names()) extra[name] = fields.strings(name) ?? [];
  return extra;
}

function pathOf(path: string | undefined, folder: string): string | undefined {
  if (path === undefined || path === "") return undefined;
  return isAbsolute(path) ? path : resolve(folder, path);
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined || text === "" ? undefined : new Secret(text);
}
