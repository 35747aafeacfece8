import { isDNSSubdomain } from "../../apis/dns-name.ts";
import { parseCertificates } from "../../certificates/key-pair.ts";
import { CountersignError } from "../../errors.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";

/** What a webhook says of how it is called, and of what becomes of the request if it is not. */

/** What `exec-credential` may take of a call, rounded up: with less than this nothing is left for the webhook. */
const pluginSeconds = 2;

const name: LintRule<WebhookSubject> = {
  code: "webhook-name-invalid",
  severity: "error",
  check: ({ webhook }) =>
    faultIf(
      !isDNSSubdomain(webhook.name) || webhook.name.split(".").length < 3,
      ["name"],
      `"${webhook.name}" is not a domain of at least three labels, which an API server asks for: write images.example.com`,
    ),
};

const repeatedName: LintRule<WebhookSubject> = {
  code: "webhook-name-repeated",
  severity: "error",
  check({ configuration, webhook, path }) {
    const first = (configuration.webhooks ?? []).findIndex((other) => other.name === webhook.name);
    return faultIf(
      first < Number(path[1]),
      ["name"],
      `"${webhook.name}" is the name of webhooks[${first}] already: an API server wants them distinct`,
    );
  },
};

const reviewVersions: LintRule<WebhookSubject> = {
  code: "review-versions-unsupported",
  severity: "error",
  check({ webhook: { admissionReviewVersions: versions } }) {
    const repeated = versions.find((version, index) => versions.indexOf(version) < index);
    const known = versions.some((version) => version === "v1" || version === "v1beta1");
    return [
      ...faultIf(
        !known,
        ["admissionReviewVersions"],
        "names neither v1 nor v1beta1, and API servers send no other: write [v1]",
      ),
      ...faultIf(repeated !== undefined, ["admissionReviewVersions"], `"${repeated}" stands here twice`),
    ];
  },
};

const sideEffects: LintRule<WebhookSubject> = {
  code: "side-effects-unsupported",
  severity: "error",
  check: ({ webhook: { sideEffects: said } }) =>
    faultIf(
      said !== "None" && said !== "NoneOnDryRun",
      ["sideEffects"],
      `${said === undefined ? "is required" : `"${said}" is no longer stored, and makes every dry run fail`}: ` +
        "must be None, or NoneOnDryRun for a webhook that looks at request.dryRun",
    ),
};

const ignoredSideEffects: LintRule<WebhookSubject> = {
  code: "ignore-with-side-effects",
  severity: "warning",
  check: ({ webhook: { failurePolicy, sideEffects: said } }) =>
    faultIf(
      failurePolicy === "Ignore" && said !== undefined && said !== "None",
      ["failurePolicy"],
      `with Ignore a call that times out counts as allowed, though its side effects (${said}) may have happened or not; ` +
        "use Fail, or a controller for the side effects",
    ),
};

const failOpen: LintRule<WebhookSubject> = {
  code: "fail-open-without-plugin",
  severity: "warning",
  check(subject, context) {
    const use = context.tokenUsesOf(subject).find(({ by }) => by.endsWith("(exec)"));
    return faultIf(
      subject.webhook.failurePolicy === "Ignore" && use !== undefined,
      ["failurePolicy"],
      `${use?.by}: where the plugin's executable is missing, Ignore lets objects in before anybody is called; use Fail where ` +
        "the check matters",
    );
  },
};

const timeout: LintRule<WebhookSubject> = {
  code: "timeout-out-of-range",
  severity: "error",
  check: ({ webhook: { timeoutSeconds: seconds = 10 } }) =>
    faultIf(
      !Number.isInteger(seconds) || seconds < 1 || seconds > 30,
      ["timeoutSeconds"],
      `${seconds} is not a whole number from 1 to 30`,
    ),
};

const shortTimeout: LintRule<WebhookSubject> = {
  code: "timeout-below-plugin",
  severity: "warning",
  check(subject, context) {
    const { timeoutSeconds: seconds = 10 } = subject.webhook;
    const isKept = context.tokenUsesOf(subject).some((use) => use.isKept);
    return faultIf(
      seconds >= 1 && seconds <= pluginSeconds && !isKept,
      ["timeoutSeconds"],
      `asking for a token may take ${pluginSeconds} s of the call, which leaves nothing of ${seconds} s for the webhook; ` +
        `give it more than ${pluginSeconds}, or keep tokens by an agent`,
    );
  },
};

const caBundle: LintRule<WebhookSubject> = {
  code: "ca-bundle-invalid",
  severity: "error",
  check({ webhook: { clientConfig } }) {
    const problem = clientConfig.caBundle ? bundleProblem(clientConfig.caBundle) : undefined;
    return faultIf(
      problem !== undefined,
      ["clientConfig", "caBundle"],
      `${problem}: must be base64 of PEM certificates, or every call fails`,
    );
  },
};

function bundleProblem(caBundle: string): string | undefined {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(caBundle)) return "is not base64";
  try {
    const found = parseCertificates(Buffer.from(caBundle, "base64").toString("latin1"), "caBundle");
    return found.length === 0 ? "holds no certificate" : undefined;
  } catch (error) {
    if (error instanceof CountersignError) return error.message.replace(/^caBundle: /, "");
    throw error;
  }
}

/** Linux lets one environment string be 128 KiB, and base64 makes four bytes of three; 1 KiB is for what is around it. */
const maxExecCABytes = Math.floor(((128 - 1) * 1024 * 3) / 4);

const largeCABundle: LintRule<WebhookSubject> = {
  code: "ca-bundle-too-large-for-exec",
  severity: "error",
  check(subject, context) {
    const bytes = Buffer.byteLength(subject.webhook.clientConfig.caBundle ?? "", "base64");
    const use = context.tokenUsesOf(subject).find(({ by }) => by.endsWith("(exec)"));
    return faultIf(
      bytes > maxExecCABytes && use !== undefined,
      ["clientConfig", "caBundle"],
      `${use?.by}: the plugin gets these ${bytes} bytes in its environment, and cannot be started with more than ` +
        `${maxExecCABytes}; keep only the CAs that are needed`,
    );
  },
};

const reinvocation: LintRule<WebhookSubject> = {
  code: "reinvocation-policy",
  severity: "warning",
  check({ kind, webhook: { reinvocationPolicy: said, sideEffects: effects } }) {
    if (said === undefined) return [];
    if (kind === "ValidatingWebhookConfiguration")
      return [
        {
          path: ["reinvocationPolicy"],
          severity: "error",
          message:
            "is no field of a ValidatingWebhookConfiguration: only mutating webhooks are called again; remove it",
        },
      ];
    return faultIf(
      said === "IfNeeded" && effects !== "None",
      ["reinvocationPolicy"],
      `IfNeeded may call it twice for one request, and so may its side effects (${effects ?? "not said"}) happen twice`,
    );
  },
};

/** Rules about failure policy, side effects, time and certificates. */
export const behaviourRules: readonly LintRule<WebhookSubject>[] = [
  name,
  repeatedName,
  reviewVersions,
  sideEffects,
  ignoredSideEffects,
  failOpen,
  timeout,
  shortTimeout,
  caBundle,
  largeCABundle,
  reinvocation,
];
