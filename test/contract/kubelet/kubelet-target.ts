import type {
  CertificateOptions,
  IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";
import type { ApiClient } from "../../rig/api-client.ts";

export interface ContainerOnTarget {
  /** What it writes as soon as it runs, each time anew. Default: nothing. */
  readonly log?: string;
  /** It does not start, as its image is on no disk and may not be pulled. */
  readonly neverStarts?: boolean;
  /** Runs before the others, and ends by itself. */
  readonly init?: boolean;
}

export interface PodOnTarget {
  readonly namespace: string;
  readonly name: string;
  readonly containers: Readonly<Record<string, ContainerOnTarget>>;
}

/** A running kubelet that the contract is held against, and its cluster. Nobody is anonymous; reviews are kept for a second. */
export interface KubeletTarget {
  readonly url: string;
  /** What its serving certificate verifies by. */
  readonly caPem: string;
  readonly nodeName: string;
  /** Its API server, as system:masters. */
  readonly api: ApiClient;
  /** A certificate of a user of this cluster. */
  issue(options: CertificateOptions): IssuedCertificate;
  /** Done when its containers have written what they write at once, or are known to wait. */
  runPod(pod: PodOnTarget): Promise<void>;
  /** The container writes this, and it can be read. */
  append(pod: PodOnTarget, container: string, text: string): Promise<void>;
  /** The container ends and is run once more. */
  restart(pod: PodOnTarget, container: string): Promise<void>;
  /** All its containers end, and the pod with them. */
  remove(pod: PodOnTarget): Promise<void>;
  stop(): Promise<void>;
}

/** What every part of the contract is given. Functions, because the kubelet starts only when the cases run. */
export interface KubeletContract {
  target(): KubeletTarget;
  /** A name that nothing in this run has yet. */
  unique(stem: string): string;
}
