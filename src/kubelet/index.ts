/**
 * Reaching kubelets as kube-apiserver does, with a client certificate and nothing else: pods' logs, with KEP-1295's flag,
 * and what nodes serve. Who may do so is `countersign/authorization`'s affair.
 */

export { type AnswerStatus, AnswerStatusError } from "../apis/answer-status.ts";
export type { NamedContainer, Node, NodeAddress, Pod } from "../apis/node.ts";
export { type CABundle, loadCABundle } from "../certificates/ca-bundle.ts";
export type { CertificateUsage } from "../certificates/certificate-purpose.ts";
export { type KeyPair, type KeyPairFiles, loadKeyPair } from "../certificates/key-pair.ts";
export type { ResolveHost } from "../transport/kubelet-dial.ts";
export type { AddressAdmissionOptions, HostPort } from "./address-admission.ts";
export {
  type ConnectionInfo,
  type ConnectionInfoOptions,
  connectionInfo,
  defaultAddressTypes,
} from "./connection-info.ts";
export { headersFromKubelet, headersToKubelet } from "./forwarded-headers.ts";
export {
  createKubeletClient,
  type KubeletAnswer,
  type KubeletClient,
  type KubeletClientOptions,
  type KubeletExchange,
  type KubeletUpgrade,
  type UpgradedKubelet,
} from "./kubelet-client.ts";
export { KubeletConnectionError } from "./kubelet-connection-error.ts";
export type { KubeletDialsOptions } from "./kubelet-dials.ts";
export type { KubeletIdentityOptions } from "./kubelet-identity.ts";
export type { KubeletTransport } from "./kubelet-transport.ts";
export { type InteractiveEndpoint, type NodeEndpoint, nodeEndpoint } from "./node-endpoint.ts";
export { type NodeProxyPath, parseNodeProxyPath } from "./node-proxy-path.ts";
export { assertNodeScope } from "./node-scope.ts";
export { createNodeSource, type NodeSource, type NodeSourceOptions } from "./node-source.ts";
export { asksForInsecureBackend } from "./pod-log-options.ts";
export {
  createPodLogs,
  type PodLog,
  type PodLogRequest,
  type PodLogs,
  type PodLogsOptions,
} from "./pod-logs.ts";
export { createPodReader, type PodReader, type PodReaderOptions } from "./pod-reader.ts";
export { type CallerConnection, relayUpgrade } from "./upgrade-relay.ts";
