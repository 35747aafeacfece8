import type { SelfSubjectReviewSwitches } from "../authentication/self-subject-review.ts";
import type { Clock } from "../clock.ts";
import type { WebhookAuthentication } from "./admission/webhook-caller.ts";
import type { CustomKind } from "./objects/custom-kind.ts";
import type { SigningAlgorithm } from "./service-accounts/service-account-issuer.ts";

/** How a control plane differs from the default one. */
export interface ControlPlaneOptions {
  /** Default 0: any free port. Always on 127.0.0.1. */
  readonly port?: number;
  /** The `iss` of ServiceAccount tokens. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  /** The API server's own audiences. Default: the issuer. */
  readonly audiences?: readonly string[];
  /** Default RS256. */
  readonly signingAlgorithm?: SigningAlgorithm;
  /** The feature gate APIServerWebhookAuthenticationToken, off in a real 1.37 unless turned on. Default true. */
  readonly webhookTokens?: boolean;
  readonly kinds?: readonly CustomKind[];
  /**
   * Whether webhook configurations have KEP-2510's `clientConfig.authenticationSource`. Default true; released API servers
   * do not know the field and drop it.
   */
  readonly authenticationSource?: boolean;
  /**
   * In which versions it says who somebody is. Default: all there have been, and KEP-3325's SelfSubjectAttributesReview; a
   * real 1.37 has only `{ selfSubjectReview: ["v1"], selfSubjectAttributesReview: false }`.
   */
  readonly selfSubjectReviews?: SelfSubjectReviewSwitches;
  /** How many changes a watch can go back. Default 1000. */
  readonly historyCapacity?: number;
  /** Whether, and as whom, it presents tokens to the webhooks it calls. Default: it calls them as nobody. */
  readonly webhookAuthentication?: WebhookAuthentication;
  /** The kubeconfig that kube-apiserver's admission configuration would name, as text: client certificates, tokens. */
  readonly admissionKubeconfig?: string;
  /** What its clock starts from. Default: the machine's. */
  readonly clock?: Clock;
}
