import { formatTime } from "../../apis/time.ts";
import type { Clock } from "../../clock.ts";
import type { JsonObject } from "../objects/api-object.ts";
import { answerContainerLogs } from "./container-logs.ts";
import { healthMounts } from "./health.ts";
import { goError, json, type KubeletAnswer, plain } from "./kubelet-answer.ts";
import { answerMetrics, type KubeletMetrics, metricsPaths } from "./kubelet-metrics.ts";
import type { PodState } from "./kubelet-pod.ts";
import type { KubeletHandler, KubeletMount, KubeletRoute } from "./router.ts";
import { answerRun, answerStreaming, type FindPod } from "./streaming.ts";
import { answerSystemLogs } from "./system-logs.ts";

/** What a kubelet's endpoints tell of. */
export interface KubeletHost {
  readonly nodeName: string;
  readonly clock: Clock;
  pods(): readonly PodState[];
  /** As `/pods` lists it. */
  describe(pod: PodState): JsonObject;
  failingChecks(): ReadonlySet<string>;
  metrics(): KubeletMetrics;
  /** What a command prints that `/run` is asked for. */
  run(command: readonly string[]): string;
  /** By path below /var/log. */
  readonly systemLogs: Readonly<Record<string, string>>;
  /** As KubeletConfiguration has it. */
  readonly configuration: JsonObject;
}

const get = ["GET"];
const interactive = ["GET", "POST"];
const container = "/{namespace}/{pod}/{container}";
const containerOfUid = "/{namespace}/{pod}/{uid}/{container}";

/** What every kubelet serves: kubernetes/kubernetes pkg/kubelet/server InstallAuthNotRequiredHandlers, 1.37. */
function alwaysServed(host: KubeletHost): readonly KubeletMount[] {
  return [
    ...healthMounts(() => host.failingChecks()),
    service("/pods", [{ path: "", methods: get, handle: () => podList(host) }]),
    service("/stats/", [
      { path: "/summary", methods: interactive, handle: (call) => summary(host, call.query) },
    ]),
    ...metricsPaths.map((path) => ({
      path: `/metrics${path}`,
      handle: () => answerMetrics(host.metrics()[path]),
    })),
  ];
}

/** The rest: InstallAuthRequiredHandlers and its neighbours. */
function debugging(host: KubeletHost): readonly KubeletMount[] {
  const findPod: FindPod = (namespace, name) =>
    host.pods().find((pod) => pod.namespace === namespace && pod.name === name);
  const logs: KubeletHandler = (call) => answerContainerLogs(call, { findPod, clock: host.clock });
  const systemLogs: KubeletHandler = ({ parameters }) =>
    answerSystemLogs(parameters["*"] ?? "", host.systemLogs);
  const run = answerRun(findPod, (command) => host.run(command));
  const exec = answerStreaming("exec", findPod);
  const attach = answerStreaming("attach", findPod);
  const forward = answerStreaming("portForward", findPod);
  return [
    service("/containerLogs", both(get, logs, container)),
    service("/exec", both(interactive, exec, container, containerOfUid)),
    service("/attach", both(interactive, attach, container, containerOfUid)),
    service("/portForward", both(interactive, forward, "/{namespace}/{pod}", "/{namespace}/{pod}/{uid}")),
    service("/run", both(["POST"], run, container, containerOfUid)),
    service("/runningpods/", [{ path: "", methods: get, handle: () => podList(host) }]),
    service("/checkpoint", both(["POST"], checkpoint(findPod), container)),
    service("/logs/", both(get, systemLogs, "", "/*")),
    service(
      "/debug/pprof/",
      both(get, () => plain(200, "embedded\n"), "/*"),
    ),
    { path: "/debug/flags/v", handle: setVerbosity },
    { path: "/configz", handle: () => configz(host.configuration) },
    { path: "/flagz", handle: () => plain(200, "\nkubelet flagz\n") },
    { path: "/statusz", handle: () => plain(200, "\nkubelet statusz\n") },
  ];
}

const withDebugging = [
  ...["/run/", "/exec/", "/attach/", "/portForward/", "/containerLogs/"],
  ...["/runningpods/", "/debug/pprof/", "/logs/"],
];

/** The paths of a kubelet; without debugging handlers those that need them say so. */
export function kubeletMounts(host: KubeletHost, enableDebuggingHandlers: boolean): readonly KubeletMount[] {
  const disabled = goError(405, "Debug endpoints are disabled.");
  return [
    ...alwaysServed(host),
    ...(enableDebuggingHandlers
      ? debugging(host)
      : withDebugging.map((path) => ({ path, handle: () => disabled }))),
  ];
}

function service(path: string, routes: readonly KubeletRoute[]): KubeletMount {
  return { path, routes };
}

function both(
  methods: readonly string[],
  handle: KubeletHandler,
  ...paths: readonly string[]
): KubeletRoute[] {
  return paths.map((path) => ({ path, methods, handle }));
}

/** An empty list is null here, and items do not say their kind. */
function podList(host: KubeletHost): KubeletAnswer {
  const items = host.pods().map((pod) => host.describe(pod));
  const list = { kind: "PodList", apiVersion: "v1", metadata: {}, items: items.length === 0 ? null : items };
  return { ...json(list), body: `${JSON.stringify(list)}\n` };
}

function summary({ nodeName, pods, clock }: KubeletHost, query: URLSearchParams): KubeletAnswer {
  const time = formatTime(clock.now());
  const usage = { cpu: { time, usageNanoCores: 1_000_000 }, memory: { time, workingSetBytes: 1_048_576 } };
  const network =
    query.get("only_cpu_and_memory") === "true" ? {} : { network: { time, rxBytes: 0, txBytes: 0 } };
  return json({
    node: { nodeName, ...usage, ...network },
    pods: pods().map((pod) => ({
      podRef: { name: pod.name, namespace: pod.namespace },
      containers: pod.containers.map(({ name }) => ({ name, ...usage })),
      ...usage,
      ...network,
    })),
  });
}

function configz(configuration: JsonObject): KubeletAnswer {
  const answer = json({ kubeletconfig: configuration });
  return { ...answer, headers: { ...answer.headers, "X-Content-Type-Options": "nosniff" } };
}

/** No container of this kubelet has a state that could be kept. */
function checkpoint(findPod: FindPod): KubeletHandler {
  return ({ parameters }) => {
    const { namespace = "", pod: podName = "", container: name } = parameters;
    const pod = findPod(namespace, podName);
    if (pod === undefined) return plain(404, "pod does not exist");
    if (!pod.containers.some((each) => each.name === name))
      return plain(404, `container ${name} does not exist`);
    return plain(500, "checkpointing is not implemented by this kubelet");
  };
}

function setVerbosity({ method, body }: { readonly method: string; readonly body: string }): KubeletAnswer {
  const headers = { "Content-Type": "text/plain", "X-Content-Type-Options": "nosniff" };
  if (method !== "PUT") return { status: 406, headers, body: "unsupported http method\n" };
  if (!/^\d+$/.test(body))
    return {
      status: 400,
      headers,
      body: `strconv.ParseUint: parsing ${JSON.stringify(body)}: invalid syntax\n`,
    };
  return { status: 200, headers, body: `successfully set klog.logging.verbosity to ${body}\n` };
}
