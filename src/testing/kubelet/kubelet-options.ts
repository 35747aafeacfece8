import type { Clock } from "../../clock.ts";
import type { CertificateAuthority, IssuedCertificate } from "../certificates/certificate-authority.ts";
import type { KubeletCertificate } from "./serving-certificate.ts";

/** As much of a control plane as a kubelet needs: who its callers are, what they may, and where its node is registered. */
export interface KubeletControlPlane {
  readonly url: string;
  readonly caPem: string;
  /** Registers node and pods. The kubelet asks for reviews as `system:node:NAME`. */
  readonly adminToken: string;
  /** Signs the kubelet's own certificates, and the client certificates that it takes for users. */
  readonly certificateAuthority: CertificateAuthority;
}

/** How a kubelet differs from the default one. */
export interface KubeletOptions {
  /** Default `node-1`. */
  readonly nodeName?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Without one nobody can be asked: no tokens are accepted, and `authorization.mode` has to be AlwaysAllow. */
  readonly controlPlane?: KubeletControlPlane;
  /** Signs the serving certificate. Default: the control plane's, or one of the kubelet's own. */
  readonly certificateAuthority?: CertificateAuthority;
  /** Default `valid`. */
  readonly certificate?: KubeletCertificate | IssuedCertificate;
  readonly authentication?: {
    /** Default false. */
    readonly anonymous?: boolean;
    /** Bearer tokens by TokenReview. Default true where there is a control plane. */
    readonly webhook?: boolean;
    /** For how long an answer is believed. Default 120 000 (2 min). */
    readonly cacheTTLMs?: number;
    /** PEM. Whose client certificates are users. Default: the certificate authority's. */
    readonly clientCaPem?: string;
  };
  readonly authorization?: {
    /** Default `Webhook` where there is a control plane, otherwise `AlwaysAllow`. */
    readonly mode?: "AlwaysAllow" | "Webhook";
    /** Default 300 000 (5 min). */
    readonly authorizedTTLMs?: number;
    /** Default 30 000 (30 s). */
    readonly unauthorizedTTLMs?: number;
    /** The feature gate KubeletFineGrainedAuthz, on since 1.33. Default true. */
    readonly fineGrained?: boolean;
  };
  /** Default true. */
  readonly enableDebuggingHandlers?: boolean;
  /** What `/run` prints for a command. Default: the command. */
  readonly run?: (command: readonly string[]) => string;
  /** The files below `/logs/`, by path. Default: none. */
  readonly systemLogs?: Readonly<Record<string, string>>;
  /** Default: the machine's. */
  readonly clock?: Clock;
}
