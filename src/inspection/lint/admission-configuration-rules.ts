import { isAbsolute } from "node:path";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { AdmissionSubject, PluginSubject } from "./lint-subjects.ts";

/** The files by which an API server is told of its webhook kubeconfig. */

const group = "apiserver.config.k8s.io/v1";
const webhookPlugins = ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"];

const admissionVersion: LintRule<AdmissionSubject> = {
  code: "admission-configuration-version",
  severity: "error",
  check: ({ apiVersion }) =>
    faultIf(
      apiVersion !== group && apiVersion !== "apiserver.k8s.io/v1alpha1",
      ["apiVersion"],
      `"${apiVersion}" is not read: write ${group}`,
    ),
};

const onePlugin: LintRule<AdmissionSubject> = {
  code: "admission-plugin-missing",
  severity: "warning",
  check({ plugins }) {
    const present = plugins.map(({ name }) => name ?? "");
    const missing = webhookPlugins.filter((name) => !present.includes(name));
    return faultIf(
      present.length > 0 && missing.length === 1,
      ["plugins"],
      `${missing[0]} has no entry: its webhooks are called without credentials; the two plugins need an entry each, and both may ` +
        "name the same kubeconfig",
    );
  },
};

const repeatedPlugin: LintRule<AdmissionSubject> = {
  code: "admission-plugin-repeated",
  severity: "error",
  check: ({ plugins }) =>
    plugins.flatMap(({ name, path }, index) =>
      faultIf(
        plugins.findIndex((other) => other.name === name) < index,
        [...path.slice(0, 2), "name"],
        `${name} stands here twice: only one of the two is read`,
      ),
    ),
};

const pluginKind: LintRule<PluginSubject> = {
  code: "webhook-admission-kind",
  severity: "error",
  check: ({ configuration }) =>
    faultIf(
      configuration !== undefined &&
        (configuration.apiVersion !== group || configuration.kind !== "WebhookAdmissionConfiguration"),
      ["kind"],
      `${configuration?.apiVersion} ${configuration?.kind} is not read (v1alpha1 and WebhookAdmission went with 1.36): write ` +
        `${group} WebhookAdmissionConfiguration`,
    ),
};

const relativePath: LintRule<PluginSubject> = {
  code: "webhook-admission-path",
  severity: "error",
  check: ({ configuration }) =>
    (["kubeConfigFile", "staticManifestsDir"] as const).flatMap((field) => {
      const path = configuration?.[field] || undefined;
      return faultIf(
        path !== undefined && !isAbsolute(path),
        [field],
        `"${path}" is relative, which keeps the API server from starting: write an absolute path`,
      );
    }),
};

/** Rules about an AdmissionConfiguration. */
export const admissionRules: readonly LintRule<AdmissionSubject>[] = [
  admissionVersion,
  onePlugin,
  repeatedPlugin,
];

/** Rules about a WebhookAdmissionConfiguration. */
export const pluginRules: readonly LintRule<PluginSubject>[] = [pluginKind, relativePath];
