import { stringify } from "yaml";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import { decodeLintInputs } from "../../../src/inspection/lint/decode-lint-inputs.ts";
import type { Finding, Severity } from "../../../src/inspection/lint/finding.ts";
import { lint, sortFindings } from "../../../src/inspection/lint/lint.ts";
import { parseLintDocuments } from "../../../src/inspection/lint/lint-document.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";

const caPem = createCertificateAuthority().certificatePem;

/** A CA as `caBundle` has it. */
export const caBundle = Buffer.from(caPem).toString("base64");

/** One rule: something it finds, and the nearest thing that it does not. */
export interface RuleCase {
  readonly code: string;
  /** What the case is about, where a rule has several. */
  readonly name?: string;
  readonly given: readonly unknown[];
  readonly severity: Severity;
  readonly field: string;
  /** What the message has to say: what is wrong, and what to do. */
  readonly says: readonly string[];
  readonly clean: readonly unknown[];
}

/** What is found in these objects, each as a file of its own. */
export function findingsIn(objects: readonly unknown[]): readonly Finding[] {
  return findingsInTexts(...objects.map((object) => stringify(object)));
}

export function findingsInTexts(...texts: readonly string[]): readonly Finding[] {
  const documents = texts.flatMap((text, index) => parseLintDocuments(text, `file-${index}.yaml`));
  const { inputs, findings } = decodeLintInputs(documents);
  return sortFindings([...findings, ...lint(inputs)]);
}

export type Overrides = { readonly [Field in keyof Webhook]?: unknown };

export const service = { name: "images", namespace: "shop", path: "/validate" };
export const hostPort = "images.shop.svc:443";
export const audience = `https://${hostPort}/validate`;

/** The webhook's clientConfig, with this changed in its Service. */
export function serviceConfig(changed: object = {}): Overrides {
  return { clientConfig: { service: { ...service, ...changed }, caBundle } };
}

/** A webhook that nothing can be said against. */
export function webhook(overrides: Overrides = {}): Record<string, unknown> {
  return {
    name: "images.example.com",
    clientConfig: { service, caBundle },
    rules: [{ operations: ["CREATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] }],
    failurePolicy: "Fail",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...overrides,
  };
}

/** A ValidatingWebhookConfiguration of these webhooks; without any, of one that is in order. */
export function validating(...webhooks: readonly Overrides[]): Record<string, unknown> {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "images" },
    webhooks: webhooks.length === 0 ? [webhook()] : webhooks.map(webhook),
  };
}

export function mutating(...webhooks: readonly Overrides[]): Record<string, unknown> {
  return { ...validating(...webhooks), kind: "MutatingWebhookConfiguration" };
}

/** The same with another name, or with annotations. */
export function named(object: Record<string, unknown>, name: string, metadata = {}): Record<string, unknown> {
  return { ...object, metadata: { name, ...metadata } };
}

export const url = (text: string): Overrides => ({ clientConfig: { url: text } });

type Users = Readonly<Record<string, unknown>>;

/** A webhook kubeconfig. */
export function kubeconfig(users: Users, more: object = {}): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Config",
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    ...more,
  };
}

/** A user whose exec stanza nothing can be said against. */
export function exec(args: readonly string[] = ["--api-group=apps"], more: object = {}): object {
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "/usr/local/bin/countersign",
      args: ["exec-credential", "--service-account=kube-system/webhook-caller", ...args],
      interactiveMode: "Never",
      provideClusterInfo: true,
      ...more,
    },
  };
}

/** A ServerConfiguration with one route that the webhook above leads to. */
export function server(route: object = {}, authentication: object = {}): Record<string, unknown> {
  return {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "ServerConfiguration",
    tls: { certFile: "tls.crt", keyFile: "tls.key" },
    issuers: [{ name: "cluster" }],
    webhooks: [
      {
        path: "/validate",
        audiences: [audience],
        authentication: { webhookTokens: tokens(), ...authentication },
        policy: { file: "policy.ts" },
        ...route,
      },
    ],
  };
}

export function tokens(more: object = {}): object {
  return {
    kinds: ["ValidatingWebhookConfiguration"],
    serviceAccounts: [{ namespace: "kube-system", name: "webhook-caller" }],
    ...more,
  };
}

/** An AgentConfiguration that keeps a token file for the webhook above. */
export function agent(more: object = {}): Record<string, unknown> {
  return {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "AgentConfiguration",
    serviceAccount: { namespace: "kube-system", name: "webhook-caller" },
    apiGroup: "apps",
    tokenFiles: [{ host: hostPort, file: "/run/countersign/images" }],
    ...more,
  };
}

/** A GatewayConfiguration that nothing can be said against. */
export function gateway(more: object = {}, kubelet: object = {}): Record<string, unknown> {
  return {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "GatewayConfiguration",
    tls: { certFile: "tls.crt", keyFile: "tls.key" },
    authentication: { clientCAFile: "ca.crt" },
    kubelet: {
      clientCertificate: { certFile: "kubelet.crt", keyFile: "kubelet.key" },
      caFile: "kubelet-ca.crt",
      ...kubelet,
    },
    ...more,
  };
}

export function clusterRole(rule: object, kind = "ClusterRole"): Record<string, unknown> {
  const attest = {
    apiGroups: ["authentication.k8s.io"],
    resources: ["admissionReviewAPIGroups"],
    verbs: ["attest"],
    resourceNames: ["apps"],
  };
  const metadata = { name: "attester" };
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata, rules: [{ ...attest, ...rule }] };
}

export const webhookAdmission = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "WebhookAdmissionConfiguration",
  kubeConfigFile: "/etc/kubernetes/webhooks.kubeconfig",
};

/** An AdmissionConfiguration for both kinds of webhooks. */
export function admission(configuration: object = {}, more: object = {}): Record<string, unknown> {
  const plugins = ["ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"];
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: plugins.map((name) => ({ name, configuration: { ...webhookAdmission, ...configuration } })),
    ...more,
  };
}
