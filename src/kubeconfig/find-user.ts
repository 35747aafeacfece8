import type { Kubeconfig, KubeconfigUser } from "./kubeconfig.ts";

/** Which rule of the look-up decided. */
export type UserMatchStep =
  | "exact"
  | "suffix"
  | "exactWithoutPort"
  | "suffixWithoutPort"
  | "inCluster"
  | "wildcard"
  | "currentContext"
  | "anonymous";

/** Whose credentials go to a host: a user of the kubeconfig, the pod's own (`inCluster`), or nobody's (`anonymous`). */
export interface UserMatch {
  readonly step: UserMatchStep;
  readonly name?: string;
  readonly user?: KubeconfigUser;
}

/** What else there is beside the users of the kubeconfig. */
export interface FindUserOptions {
  /** Whether the process runs in a pod, so that the API server itself can be called with the pod's token. */
  readonly inCluster?: boolean;
}

const defaultPort = "443";
/** The one Service name that in-cluster credentials go to, with its port. */
const apiServerHostPort = "kubernetes.default.svc:443";

/**
 * The kubeconfig user whose credentials are sent to `hostPort`, by user name, in the order of
 * kubernetes/apiserver pkg/util/webhook/authentication.go: the target as it stands, `*.` and ever shorter suffixes of it
 * with the port still attached, for port 443 the same two without the port, the pod's own credentials for
 * `kubernetes.default.svc:443`, `*`, the current context's user, nobody. So a wildcard with port goes before an exact name
 * without. Names are compared byte for byte.
 */
export function findUserForHostPort(
  kubeconfig: Kubeconfig,
  hostPort: string,
  { inCluster = false }: FindUserOptions = {},
): UserMatch {
  const host = hostWithoutDefaultPort(hostPort);
  return (
    matchUser(kubeconfig, hostPort, "exact") ??
    matchSuffix(kubeconfig, hostPort, "suffix") ??
    (host === undefined ? undefined : matchUser(kubeconfig, host, "exactWithoutPort")) ??
    (host === undefined ? undefined : matchSuffix(kubeconfig, host, "suffixWithoutPort")) ??
    (inCluster && hostPort === apiServerHostPort ? ({ step: "inCluster" } as const) : undefined) ??
    matchUser(kubeconfig, "*", "wildcard") ??
    matchCurrentContext(kubeconfig) ?? { step: "anonymous" }
  );
}

/** `NAME.NAMESPACE.svc:PORT`, which is what a Service webhook is looked up by. */
export function serviceHostPort(name: string, namespace: string, port: number): string {
  return `${name}.${namespace}.svc:${port}`;
}

function matchUser(kubeconfig: Kubeconfig, name: string, step: UserMatchStep): UserMatch | undefined {
  const user = kubeconfig.users.get(name);
  return user === undefined ? undefined : { step, name, user };
}

function matchSuffix(kubeconfig: Kubeconfig, target: string, step: UserMatchStep): UserMatch | undefined {
  for (let dot = target.indexOf("."); dot !== -1; dot = target.indexOf(".", dot + 1)) {
    const match = matchUser(kubeconfig, `*${target.slice(dot)}`, step);
    if (match !== undefined) return match;
  }
  return undefined;
}

function matchCurrentContext(kubeconfig: Kubeconfig): UserMatch | undefined {
  const context = kubeconfig.contexts.get(kubeconfig["current-context"] || "\u0000");
  return context?.user ? matchUser(kubeconfig, context.user, "currentContext") : undefined;
}

/** The host where `hostPort` is a host and port 443 as Go's net.SplitHostPort reads them, brackets taken off. */
function hostWithoutDefaultPort(hostPort: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):443$/.exec(hostPort) ?? [];
  return bracketed ?? plain;
}

/** A URL's `host[:port]` with the port that look-ups need: an IPv6 literal without one is bracketed twice, as upstream. */
export function withDefaultPort(host: string): string {
  if (hasPort(host)) return host;
  return host.includes(":") ? `[${host}]:${defaultPort}` : `${host}:${defaultPort}`;
}

/** Whether Go's url.URL.Port finds one. */
function hasPort(host: string): boolean {
  return /^(?:\[.*\]|[^:[\]]*):\d+$/.test(host);
}
