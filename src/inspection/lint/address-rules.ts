import { validateWebhookClientConfig } from "../../webhook/sources/validate-webhook-client-config.ts";
import type { LintFault } from "./finding.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";
import { addressOf, audienceOf } from "./webhook-audiences.ts";

/** What of an address can be called, and by how many spellings it can be missed. */

const config = ["clientConfig"] as const;

/** The field that says the path. */
function pathField({ webhook: { clientConfig } }: WebhookSubject): LintFault["path"] {
  return clientConfig.service === undefined ? [...config, "url"] : [...config, "service", "path"];
}

interface Spelling {
  readonly audience: string;
  /** As it stands in the audience. */
  readonly path: string;
  /** As the API server asks for it. */
  readonly wirePath: string;
}

/** Undefined where there is no address; rules of its own say why. */
function spellingOf(subject: WebhookSubject): Spelling | undefined {
  const audience = audienceOf(subject);
  const address = addressOf(subject);
  if (audience === undefined || address === undefined) return undefined;
  const [, path = ""] = /^https:\/\/[^/?#]*([^?#]*)/i.exec(audience) ?? [];
  return { audience, path, wirePath: address.path };
}

function hostOf({ webhook }: WebhookSubject): string {
  return /^https:\/\/([^/?#]*)/i.exec(webhook.clientConfig.url ?? "")?.[1] ?? "";
}

const choice: LintRule<WebhookSubject> = {
  code: "client-config-choice",
  severity: "error",
  check({ webhook: { clientConfig } }) {
    const both = clientConfig.url !== undefined && clientConfig.service !== undefined;
    const neither = clientConfig.url === undefined && clientConfig.service === undefined;
    return faultIf(
      both || neither,
      config,
      `${both ? "both url and service are set" : "neither url nor service is set"}: an API server calls exactly one of them`,
    );
  },
};

const invalid: LintRule<WebhookSubject> = {
  code: "client-config-invalid",
  severity: "error",
  // what is missing and what is in the caBundle have rules of their own, which say more
  check: ({ webhook: { clientConfig } }) =>
    validateWebhookClientConfig(clientConfig)
      .filter(({ path: [field] }) => field === "url" || field === "service")
      .map(({ path, message }) => ({ path: [...config, ...path], message })),
};

const trailingSlash: LintRule<WebhookSubject> = {
  code: "trailing-slash",
  severity: "warning",
  check(subject) {
    const { path, wirePath, audience } = spellingOf(subject) ?? { path: "", wirePath: "", audience: "" };
    return faultIf(
      path.length > 1 && path.endsWith("/"),
      pathField(subject),
      `the API server asks for "${wirePath}", but a token's audience keeps the slash: "${audience}"; drop it, or ` +
        "let the server's route be without and its audience with it",
    );
  },
};

const pathCleaned: LintRule<WebhookSubject> = {
  code: "path-cleaned",
  severity: "warning",
  check(subject) {
    const { path, wirePath, audience } = spellingOf(subject) ?? { path: "", wirePath: "", audience: "" };
    const segments = path.replace(/\/$/, "").split("/").slice(1);
    const isCleaned = /%2f/i.test(path) || segments.some((segment) => ["", ".", ".."].includes(segment));
    return faultIf(
      isCleaned,
      pathField(subject),
      `the API server asks for "${wirePath}", but a token's audience keeps what is written: "${audience}"; write the path ` +
        "as it is asked for",
    );
  },
};

const bareHost: LintRule<WebhookSubject> = {
  code: "bare-host",
  severity: "warning",
  check(subject) {
    const { audience, path } = spellingOf(subject) ?? { audience: "", path: "/" };
    return faultIf(
      path === "",
      [...config, "url"],
      `the audience is "${audience}" to the letter: a server configured for "${audience}/" or with a port refuses the ` +
        "token; write host, port and path",
    );
  },
};

const upperCaseHost: LintRule<WebhookSubject> = {
  code: "upper-case-host",
  severity: "warning",
  check: (subject) =>
    faultIf(
      /[A-Z]/.test(hostOf(subject)),
      [...config, "url"],
      "the host has upper-case letters: kubeconfig users and audiences are compared byte for byte, so whoever writes it " +
        "in lower case misses it; write it in lower case",
    ),
};

const bareIPv6: LintRule<WebhookSubject> = {
  code: "ipv6-without-port",
  severity: "warning",
  check: (subject) =>
    faultIf(
      /^\[[^\]]*\]$/.test(hostOf(subject)),
      [...config, "url"],
      `kube-apiserver looks this host up as "[${hostOf(subject)}]:443", which no kubeconfig user but "*" and the current ` +
        "context's can match; write the port",
    ),
};

const missingCABundle: LintRule<WebhookSubject> = {
  code: "ca-bundle-missing",
  severity: "warning",
  check({ configuration, webhook: { clientConfig } }) {
    const { annotations = {} } = configuration.metadata;
    // cert-manager's injector writes it, or our own server (tls.selfSigned)
    const isInjected = Object.keys(annotations).some((key) =>
      /^(cert-manager\.io\/inject-|countersign\.dev\/inject-ca-from-secret$)/.test(key),
    );
    return faultIf(
      clientConfig.service !== undefined && !clientConfig.caBundle && !isInjected,
      [...config, "caBundle"],
      "without a caBundle the API server trusts its machine's roots, and no public CA signs for *.svc; say the CA of the " +
        "webhook's certificate",
    );
  },
};

/** Rules about `clientConfig`. */
export const addressRules: readonly LintRule<WebhookSubject>[] = [
  choice,
  invalid,
  trailingSlash,
  pathCleaned,
  bareHost,
  upperCaseHost,
  bareIPv6,
  missingCABundle,
];
