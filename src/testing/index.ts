/**
 * `countersign/testing`: a control plane in this process, for tests of webhooks and of whoever calls them, and the
 * certificates such tests need.
 */

export type {
  SelfSubjectReviewSwitches,
  SelfSubjectReviewVersion,
} from "../authentication/self-subject-review.ts";
export type { CertificateUsage } from "../certificates/certificate-purpose.ts";
export type { WebhookAuthentication } from "./admission/webhook-caller.ts";
export {
  type CertificateAuthority,
  type CertificateAuthorityOptions,
  type CertificateOptions,
  createCertificateAuthority,
  type IssuedCertificate,
} from "./certificates/certificate-authority.ts";
export {
  type ControlPlane,
  type ControlPlaneStatistics,
  startControlPlane,
} from "./control-plane.ts";
export type { ControlPlaneClock } from "./control-plane-clock.ts";
export type { ControlPlaneOptions } from "./control-plane-options.ts";
export type { KubeconfigUser } from "./kubeconfig-text.ts";
export type { ContainerOptions, KubeletContainer } from "./kubelet/container.ts";
export { type Kubelet, startKubelet } from "./kubelet/kubelet.ts";
export type { KubeletMetrics, MetricsPath } from "./kubelet/kubelet-metrics.ts";
export type { KubeletControlPlane, KubeletOptions } from "./kubelet/kubelet-options.ts";
export type { KubeletPodOptions } from "./kubelet/kubelet-pod.ts";
export type { ReceivedRequest } from "./kubelet/received-request.ts";
export type { KubeletPod } from "./kubelet/running-pod.ts";
export type { KubeletCertificate } from "./kubelet/serving-certificate.ts";
export type { CustomKind } from "./objects/custom-kind.ts";
export type { RotateOptions, SigningAlgorithm } from "./service-accounts/service-account-issuer.ts";
