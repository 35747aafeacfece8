import {
  admission,
  agent,
  clusterRole,
  hostPort,
  kubeconfig,
  type RuleCase,
  validating,
  webhookAdmission,
} from "../lint-rig.ts";

const file = "/run/countersign/images";

export const agentCases: readonly RuleCase[] = [
  {
    code: "agent-host-without-webhook",
    given: [agent({ tokenFiles: [{ host: "other.shop.svc:443", file }] }), validating()],
    severity: "warning",
    field: "tokenFiles[0].host",
    says: ["other.shop.svc:443"],
    clean: [agent(), validating()],
  },
  {
    code: "agent-token-file-unread",
    given: [agent(), kubeconfig({ [hostPort]: { tokenFile: "/elsewhere" } })],
    severity: "warning",
    field: "tokenFiles[0].file",
    says: [file],
    clean: [agent(), kubeconfig({ [hostPort]: { tokenFile: file } })],
  },
];

export const roleCases: readonly RuleCase[] = [
  {
    code: "attest-all-groups",
    name: "without resourceNames",
    given: [clusterRole({ resourceNames: undefined })],
    severity: "warning",
    field: "rules[0]",
    says: ["no resourceNames", "neither the webhook's rules nor the audience"],
    clean: [clusterRole({})],
  },
  {
    code: "attest-all-groups",
    name: "by name",
    given: [clusterRole({ resourceNames: ["apps", "*"] })],
    severity: "warning",
    field: "rules[0].resourceNames",
    says: ["kube-apiserver"],
    clean: [clusterRole({ resourceNames: ["apps", "batch"] })],
  },
  {
    code: "attest-all-groups",
    name: "as part of everything",
    given: [clusterRole({ apiGroups: ["*"], resources: ["*"], verbs: ["*"], resourceNames: undefined })],
    severity: "warning",
    field: "rules[0]",
    says: ["attest"],
    clean: [clusterRole({ apiGroups: ["*"], resources: ["*"], verbs: ["get"], resourceNames: undefined })],
  },
  {
    code: "attest-in-role",
    given: [clusterRole({}, "Role")],
    severity: "error",
    field: "rules[0].verbs",
    says: ["ClusterRole"],
    clean: [clusterRole({})],
  },
  {
    code: "attest-misspelt",
    given: [clusterRole({ resources: ["admissionreviewapigroups"] })],
    severity: "error",
    field: "rules[0].resources[0]",
    says: ["admissionReviewAPIGroups"],
    clean: [clusterRole({})],
  },
];

const [validatingPlugin, mutatingPlugin] = admission().plugins as readonly object[];

export const admissionCases: readonly RuleCase[] = [
  {
    code: "admission-configuration-version",
    given: [admission({}, { apiVersion: "apiserver.config.k8s.io/v1alpha1" })],
    severity: "error",
    field: "apiVersion",
    says: ["apiserver.config.k8s.io/v1"],
    clean: [admission(), admission({}, { apiVersion: "apiserver.k8s.io/v1alpha1" })],
  },
  {
    code: "admission-plugin-missing",
    given: [admission({}, { plugins: [validatingPlugin] })],
    severity: "warning",
    field: "plugins",
    says: ["MutatingAdmissionWebhook", "without credentials"],
    clean: [admission({}, { plugins: [{ name: "PodSecurity" }] })],
  },
  {
    code: "admission-plugin-repeated",
    given: [admission({}, { plugins: [validatingPlugin, mutatingPlugin, validatingPlugin] })],
    severity: "error",
    field: "plugins[2].name",
    says: ["ValidatingAdmissionWebhook", "twice"],
    clean: [admission()],
  },
  {
    code: "webhook-admission-kind",
    name: "in a file of its own",
    given: [
      { ...webhookAdmission, kind: "WebhookAdmission", apiVersion: "apiserver.config.k8s.io/v1alpha1" },
    ],
    severity: "error",
    field: "kind",
    says: ["1.36", "WebhookAdmissionConfiguration"],
    clean: [webhookAdmission],
  },
  {
    code: "webhook-admission-kind",
    name: "inline",
    given: [
      admission(
        {},
        {
          plugins: [
            { ...validatingPlugin, configuration: { ...webhookAdmission, kind: "Config" } },
            mutatingPlugin,
          ],
        },
      ),
    ],
    severity: "error",
    field: "plugins[0].configuration.kind",
    says: ["WebhookAdmissionConfiguration"],
    clean: [admission()],
  },
  {
    code: "webhook-admission-path",
    given: [{ ...webhookAdmission, kubeConfigFile: "webhooks.kubeconfig" }],
    severity: "error",
    field: "kubeConfigFile",
    says: ["absolute"],
    clean: [{ ...webhookAdmission, kubeConfigFile: "" }],
  },
  {
    code: "webhook-admission-path",
    name: "of static manifests",
    given: [{ ...webhookAdmission, staticManifestsDir: "manifests" }],
    severity: "error",
    field: "staticManifestsDir",
    says: ["absolute"],
    clean: [{ ...webhookAdmission, staticManifestsDir: "/etc/kubernetes/webhooks" }],
  },
];
