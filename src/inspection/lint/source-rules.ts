import { resolve, sep } from "node:path";
import { CountersignError } from "../../errors.ts";
import {
  authenticationSourceAnnotation,
  withAuthenticationSources,
} from "../../webhook/sources/authentication-source-annotation.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { ConfigurationSubject, WebhookSubject } from "./lint-subjects.ts";

/** KEP-2510's field and its annotation, and configurations that are no API objects. */

const field: LintRule<WebhookSubject> = {
  code: "authentication-source-field",
  severity: "warning",
  check({ webhook: { name, clientConfig } }) {
    const annotation = `${authenticationSourceAnnotation}: '${JSON.stringify({ [name]: { tokenRequest: {} } })}'`;
    return faultIf(
      clientConfig.authenticationSource !== undefined,
      ["clientConfig", "authenticationSource"],
      "kube-apiserver refuses this field, or drops it where validation is off; what it stores says the same by the " +
        `annotation ${annotation}`,
    );
  },
};

const annotation: LintRule<ConfigurationSubject> = {
  code: "authentication-source-annotation",
  severity: "error",
  check({ configuration }) {
    try {
      withAuthenticationSources(configuration);
      return [];
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error;
      const message = `${error.message}; until then its webhooks count as failed`;
      return [{ path: ["metadata", "annotations", authenticationSourceAnnotation], message }];
    }
  },
};

const staticSuffix = ".static.k8s.io";

/** A configuration that an API server takes from its own folder has this name, and no other may. */
export function isStaticManifest({ configuration }: Pick<ConfigurationSubject, "configuration">): boolean {
  return (configuration.metadata.name ?? "").endsWith(staticSuffix);
}

const staticName: LintRule<ConfigurationSubject> = {
  code: "static-manifest-name",
  severity: "error",
  check(subject, { staticManifestFolders }) {
    const { file } = subject.origin;
    const isInFolder =
      file !== undefined &&
      staticManifestFolders.some((folder) => resolve(file).startsWith(resolve(folder) + sep));
    return faultIf(
      isInFolder && !isStaticManifest(subject),
      ["metadata", "name"],
      `must end in ${staticSuffix}: the file is in a staticManifestsDir, and one bad file keeps the API server from starting`,
    );
  },
};

const staticService: LintRule<WebhookSubject> = {
  code: "static-manifest-service",
  severity: "error",
  check: (subject) =>
    faultIf(
      isStaticManifest(subject) && subject.webhook.clientConfig.service !== undefined,
      ["clientConfig", "service"],
      `a static manifest (name ends in ${staticSuffix}) is loaded before there are Services: say a url`,
    ),
};

const staticToken: LintRule<WebhookSubject> = {
  code: "static-manifest-token",
  severity: "error",
  check(subject, context) {
    const use = context.tokenUsesOf(subject).find(({ mode }) => mode === "attested");
    return faultIf(
      isStaticManifest(subject) && use !== undefined,
      ["name"],
      `${use?.by}: asks for a webhook-bound token, and a static manifest is no API object that one could be bound to; ` +
        "use --mode audience, and serviceAccounts on the server's route",
    );
  },
};

/** Rules about a configuration as a whole. */
export const configurationRules: readonly LintRule<ConfigurationSubject>[] = [annotation, staticName];

/** Rules about how a webhook asks for its token. */
export const sourceRules: readonly LintRule<WebhookSubject>[] = [field, staticService, staticToken];
