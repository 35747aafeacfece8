/**
 * `countersign/testing`: a control plane in this process, for tests of webhooks and of whoever calls them, and the
 * certificates such tests need.
 */
export {
  type CertificateAuthority,
  type CertificateAuthorityOptions,
  type CertificateOptions,
  type CertificateUsage,
  createCertificateAuthority,
  type IssuedCertificate,
} from "./certificate-authority.ts";
export {
  type ControlPlane,
  type ControlPlaneOptions,
  type ControlPlaneStatistics,
  type CustomKind,
  startControlPlane,
} from "./control-plane.ts";
export type { ControlPlaneClock } from "./control-plane-clock.ts";
export type { KubeconfigUser } from "./kubeconfig-text.ts";
export type { RotateOptions, SigningAlgorithm } from "./service-account-issuer.ts";
export type { WebhookAuthentication } from "./webhook-caller.ts";
