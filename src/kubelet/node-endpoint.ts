/** What a kubelet serves at a path, as far as the gateway passes it on. */
export interface NodeEndpoint {
  /** Low in number: good for a metric's label. */
  readonly name: string;
  /** Runs something in a container, whatever the HTTP method: a permission to `create` is needed. */
  readonly interactive: InteractiveEndpoint | undefined;
}

/** What runs something in a container. */
export type InteractiveEndpoint = "exec" | "attach" | "portForward" | "run";

interface Row extends NodeEndpoint {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

/** What the kubelet's server registers (pkg/kubelet/server/server.go). What is not here is not passed on. */
const rows: readonly Row[] = [
  read("healthz", "/healthz"),
  read("healthz", "/healthz/[^/]+"),
  read("pods", "/pods/?"),
  read("runningpods", "/runningpods/?"),
  read("stats/summary", "/stats/summary"),
  read("metrics", "/metrics"),
  read("metrics/cadvisor", "/metrics/cadvisor"),
  read("metrics/resource", "/metrics/resource"),
  read("metrics/probes", "/metrics/probes"),
  read("metrics/slis", "/metrics/slis"),
  read("containerLogs", "/containerLogs/[^/]+/[^/]+/[^/]+"),
  read("configz", "/configz"),
  read("logs", "/logs/?"),
  read("logs", "/logs(?:/[^/]+)+/?"),
  read("debug/pprof", "/debug/pprof/?"),
  read("debug/pprof", "/debug/pprof/[^/]+"),
  read("flagz", "/flagz"),
  read("statusz", "/statusz"),
  interactive("exec", "(?:/[^/]+){3,4}", ["GET", "POST"]),
  interactive("attach", "(?:/[^/]+){3,4}", ["GET", "POST"]),
  interactive("portForward", "(?:/[^/]+){2,3}", ["GET", "POST"]),
  interactive("run", "(?:/[^/]+){3,4}", ["POST"]),
];

/**
 * What a kubelet serves for this method at this path, to the byte and without its query; undefined where nothing is to be
 * passed on. Everything that is not interactive is read by GET and HEAD only.
 */
export function nodeEndpoint(method: string, path: string): NodeEndpoint | undefined {
  const row = rows.find(({ methods, pattern }) => methods.includes(method) && pattern.test(path));
  return row === undefined ? undefined : { name: row.name, interactive: row.interactive };
}

function read(name: string, pattern: string): Row {
  return { name, interactive: undefined, methods: ["GET", "HEAD"], pattern: whole(pattern) };
}

function interactive(name: InteractiveEndpoint, segments: string, methods: readonly string[]): Row {
  return { name, interactive: name, methods, pattern: whole(`/${name}${segments}`) };
}

function whole(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}
