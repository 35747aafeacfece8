export interface ReloadMessage {
  readonly what:
    | "certificate"
    | "clientCA"
    | "policy"
    | "configuration"
    | "keys"
    | "manifests"
    | "kubeconfig"
    | "kubeletCertificate"
    | "kubeletCA";
  readonly file: string;
  /** `dropped`: one that failed is followed no more, as nothing names it any longer. */
  readonly outcome: "reloaded" | "failed" | "dropped";
  readonly detail?: string;
}

export interface ManifestsMessage {
  readonly directory: string;
  /** The admission plugin that reads such a folder in kube-apiserver: one message for each kind that is read. */
  readonly plugin: "ValidatingAdmissionWebhook" | "MutatingAdmissionWebhook";
  readonly status: "success" | "failure";
  /** Of the files that were read, in order; empty where there are none. Absent after a failure. */
  readonly hash?: string;
  readonly detail?: string;
}

export interface WatchMessage {
  /** The API server's address. */
  readonly server: string;
  /** Plural, as in its path. */
  readonly resource: string;
  readonly outcome: "listed" | "watching" | "failed";
  /** How many objects there are, after a list. */
  readonly objects?: number;
  readonly code?: string;
  readonly detail?: string;
}

export interface ConfigurationMessage {
  readonly kind: string;
  readonly name: string;
  readonly code: string;
  readonly detail: string;
}
