import { httpsOrigin } from "../../apis/host-port.ts";
import type { Node } from "../../apis/node.ts";
import { type Clock, systemClock } from "../../clock.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../certificates/certificate-authority.ts";
import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import { createKubeletAccess, type KubeletAccess } from "./kubelet-access.ts";
import { createKubeletListener, type KubeletListener } from "./kubelet-listener.ts";
import { defaultMetrics, type KubeletMetrics } from "./kubelet-metrics.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import { createPod, type KubeletPodOptions, type PodState } from "./kubelet-pod.ts";
import { kubeletMounts } from "./kubelet-routes.ts";
import { createNodeRegistration, type NodeRegistration } from "./node-registration.ts";
import { type ReceivedRequest, receivedRequest } from "./received-request.ts";
import { createRunningPod, type KubeletPod } from "./running-pod.ts";
import { issueServingCertificate, type KubeletCertificate } from "./serving-certificate.ts";

/** A running kubelet. */
export interface Kubelet {
  readonly nodeName: string;
  /** `https://HOST:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Signs the serving certificate, unless that is foreign; clients trust it by this authority's `certificatePem`. */
  readonly certificateAuthority: CertificateAuthority;
  /** As it is registered: the address and port of this listener. */
  readonly node: Node;
  /**
   * Runs a pod: its containers have started, unless they say that they wait. Where there is a control plane the pod is
   * created in it, on this node.
   * @throws ERR_API_STATUS where the control plane does not take it.
   */
  runPod(pod: KubeletPodOptions): Promise<KubeletPod>;
  /** What new connections are shown from now on; idle ones are closed. */
  useCertificate(certificate: KubeletCertificate | IssuedCertificate): void;
  /** Everything that was received, in order, refused requests included. */
  requests(): readonly ReceivedRequest[];
  /** The checks of `/healthz` that fail from now on: `ping`, `log`, `syncloop`, `device-plugin`. */
  failChecks(...checks: readonly string[]): void;
  /** What `/metrics`, `/metrics/cadvisor` and the others answer from now on; those not given stay. */
  useMetrics(metrics: Partial<KubeletMetrics>): void;
  /** Ends followed logs and all connections. Node and pods stay in the control plane, as those of a node that is down. */
  stop(): Promise<void>;
}

/**
 * Starts a kubelet's HTTPS API in this process: the paths of a kubelet 1.37 with their methods and texts, on logs, pods and
 * metrics that the test gives it. Who calls and what she may is decided by the project's own authentication and
 * authorization, with the defaults of a KubeletConfiguration: nobody is anonymous, tokens go to TokenReview, access to
 * SubjectAccessReview of the control plane. Left out, and refused rather than pretended: containers. `exec`, `attach` and
 * `portForward` switch protocols and then return every byte as it came.
 * @throws ERR_CONFIGURATION where reviews are wanted and there is no control plane to ask, ERR_TRANSPORT where it cannot
 * listen, ERR_API_STATUS where the node cannot be registered.
 */
export async function startKubelet(options: KubeletOptions = {}): Promise<Kubelet> {
  const { controlPlane, host = "127.0.0.1", nodeName = "node-1", clock = systemClock } = options;
  const authority =
    options.certificateAuthority ?? controlPlane?.certificateAuthority ?? createCertificateAuthority();
  const state: KubeletState = {
    ...{ nodeName, host, clock, authority, options },
    registration: controlPlane === undefined ? undefined : createNodeRegistration(controlPlane),
    pods: new Map(),
    requests: [],
    failingChecks: new Set(),
    metrics: {},
  };
  const access = createKubeletAccess({ ...options, nodeName, clock, authority });
  const listener = listenerOf(state, access);
  const port = await listener.listen(options.port ?? 0, host);
  const stop = async (): Promise<void> => {
    await listener.close();
    await access.close();
    state.registration?.close();
  };
  const kubelet = kubeletOf(state, listener, port, stop);
  try {
    await state.registration?.registerNode(kubelet.node);
  } catch (error) {
    await stop();
    throw error;
  }
  return kubelet;
}

interface KubeletState {
  readonly nodeName: string;
  readonly host: string;
  readonly clock: Clock;
  readonly authority: CertificateAuthority;
  readonly options: KubeletOptions;
  readonly registration: NodeRegistration | undefined;
  /** With the object that `/pods` lists, its status excepted. */
  readonly pods: Map<PodState, ApiObject>;
  readonly requests: ReceivedRequest[];
  failingChecks: ReadonlySet<string>;
  metrics: Partial<KubeletMetrics>;
}

function kubeletOf(
  state: KubeletState,
  listener: KubeletListener,
  port: number,
  stop: () => Promise<void>,
): Kubelet {
  const { nodeName, host, authority } = state;
  return {
    ...{ nodeName, port, stop, certificateAuthority: authority },
    url: httpsOrigin({ host, port }),
    node: nodeObject(nodeName, host, port),
    runPod: (pod) => runPod(state, pod),
    useCertificate: (certificate) => listener.useCertificate(certificateOf(state, certificate)),
    requests: () => [...state.requests],
    failChecks: (...checks) => {
      state.failingChecks = new Set(checks);
    },
    useMetrics: (metrics) => {
      state.metrics = { ...state.metrics, ...metrics };
    },
  };
}

function listenerOf(state: KubeletState, access: KubeletAccess): KubeletListener {
  const { options, nodeName, clock } = state;
  const pods = (): readonly PodState[] => [...state.pods.keys()];
  const mounts = kubeletMounts(
    {
      ...{ nodeName, clock, pods },
      describe: (pod) => describePod(state, pod),
      failingChecks: () => state.failingChecks,
      metrics: () => ({ ...defaultMetrics(nodeName, pods()), ...state.metrics }),
      run: options.run ?? ((command) => `${command.join(" ")}\n`),
      systemLogs: options.systemLogs ?? {},
      configuration: configurationOf(options),
    },
    options.enableDebuggingHandlers ?? true,
  );
  return createKubeletListener({
    certificate: certificateOf(state, options.certificate ?? "valid"),
    clientCaPem: access.clientCaPem,
    onRequest: (request) => state.requests.push(receivedRequest(request)),
    refusalOf: access.refusalOf,
    mounts,
  });
}

async function runPod(state: KubeletState, options: KubeletPodOptions): Promise<KubeletPod> {
  const { registration, nodeName, host, clock } = state;
  const pod = createPod(options, clock);
  const manifest = pod.manifest(nodeName);
  const writeStatus = async (): Promise<void> => registration?.writeStatus(pod, pod.status(host));
  state.pods.set(pod, (await registration?.createPod(manifest)) ?? manifest);
  await writeStatus();
  return createRunningPod(pod, {
    writeStatus,
    remove: async () => {
      state.pods.delete(pod);
      await registration?.deletePod(pod);
    },
  });
}

function describePod({ pods, host }: KubeletState, pod: PodState): JsonObject {
  const { metadata, spec } = pods.get(pod)!;
  return { metadata, ...(spec !== undefined && { spec }), status: pod.status(host) };
}

function certificateOf(
  { nodeName, host, authority, clock }: KubeletState,
  certificate: KubeletCertificate | IssuedCertificate,
): IssuedCertificate {
  if (typeof certificate !== "string") return certificate;
  return issueServingCertificate(certificate, { nodeName, host, authority, now: clock.now() });
}

function nodeObject(name: string, host: string, port: number): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: {
      addresses: [
        { type: "InternalIP", address: host },
        { type: "Hostname", address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  };
}

/** Of a KubeletConfiguration what can be chosen here. */
function configurationOf({ authentication = {}, authorization = {}, ...rest }: KubeletOptions): JsonObject {
  const { anonymous = false, webhook = rest.controlPlane !== undefined } = authentication;
  const { mode = rest.controlPlane === undefined ? "AlwaysAllow" : "Webhook" } = authorization;
  return {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    authentication: { anonymous: { enabled: anonymous }, webhook: { enabled: webhook } },
    authorization: { mode },
    enableDebuggingHandlers: rest.enableDebuggingHandlers ?? true,
  };
}
