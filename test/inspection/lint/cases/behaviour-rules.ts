import {
  exec,
  kubeconfig,
  mutating,
  type Overrides,
  type RuleCase,
  service,
  validating,
} from "../lint-rig.ts";

const row = (code: string, field: string, overrides: Overrides) => ({
  code,
  given: [validating(overrides)],
  field: `webhooks[0].${field}`,
  clean: [validating()],
});
const execUser = kubeconfig({ "*.shop.svc:443": exec() });
const bytesOfPem = (length: number): string => Buffer.alloc(length, "a").toString("base64");

export const behaviourCases: readonly RuleCase[] = [
  {
    ...row("webhook-name-invalid", "name", { name: "images.example" }),
    severity: "error",
    says: ["three labels"],
  },
  {
    code: "webhook-name-repeated",
    given: [validating({}, {})],
    severity: "error",
    field: "webhooks[1].name",
    says: ["webhooks[0]"],
    clean: [validating({}, { name: "other.example.com" })],
  },
  {
    ...row("review-versions-unsupported", "admissionReviewVersions", { admissionReviewVersions: ["v2"] }),
    severity: "error",
    says: ["v1"],
  },
  {
    ...row("review-versions-unsupported", "admissionReviewVersions", {
      admissionReviewVersions: ["v1", "v1"],
    }),
    name: "one of them twice",
    severity: "error",
    says: ["twice"],
  },
  ...[undefined, "Some", "Unknown"].map(
    (sideEffects): RuleCase => ({
      ...row("side-effects-unsupported", "sideEffects", { sideEffects }),
      name: sideEffects ?? "absent",
      severity: "error",
      says: ["None", "NoneOnDryRun"],
    }),
  ),
  {
    ...row("ignore-with-side-effects", "failurePolicy", {
      failurePolicy: "Ignore",
      sideEffects: "NoneOnDryRun",
    }),
    severity: "warning",
    says: ["NoneOnDryRun", "Fail"],
    clean: [validating({ failurePolicy: "Ignore" }), validating({ sideEffects: "NoneOnDryRun" })],
  },
  {
    code: "fail-open-without-plugin",
    given: [validating({ failurePolicy: "Ignore" }), execUser],
    severity: "warning",
    field: "webhooks[0].failurePolicy",
    says: ["executable", "*.shop.svc:443"],
    clean: [validating({ failurePolicy: "Fail" }), execUser],
  },
  ...[0, 31, 1.5].map(
    (timeoutSeconds): RuleCase => ({
      ...row("timeout-out-of-range", "timeoutSeconds", { timeoutSeconds }),
      name: String(timeoutSeconds),
      severity: "error",
      says: ["1 to 30"],
      clean: [validating({ timeoutSeconds: 30 })],
    }),
  ),
  {
    ...row("timeout-below-plugin", "timeoutSeconds", { timeoutSeconds: 2 }),
    severity: "warning",
    says: ["more than 2"],
    clean: [validating({ timeoutSeconds: 3 })],
  },
  {
    ...row("timeout-below-plugin", "timeoutSeconds", { timeoutSeconds: 1 }),
    name: "but not where an agent keeps the token",
    severity: "warning",
    says: ["1 s"],
    clean: [
      validating({ timeoutSeconds: 1 }),
      kubeconfig({ "*.shop.svc:443": exec(["--socket=/run/countersign/agent.sock"]) }),
    ],
  },
  ...[
    ["no base64", "%%%"],
    ["no certificate", Buffer.from("bogus").toString("base64")],
    [
      "a broken one",
      Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").toString("base64"),
    ],
  ].map(
    ([name, caBundle]): RuleCase => ({
      ...row("ca-bundle-invalid", "clientConfig.caBundle", { clientConfig: { service, caBundle } }),
      name: name!,
      severity: "error",
      says: ["base64 of PEM"],
    }),
  ),
  {
    code: "ca-bundle-too-large-for-exec",
    given: [validating({ clientConfig: { service, caBundle: bytesOfPem(99_600) } }), execUser],
    severity: "error",
    field: "webhooks[0].clientConfig.caBundle",
    says: ["environment"],
    clean: [validating({ clientConfig: { service, caBundle: bytesOfPem(59_000) } }), execUser],
  },
  {
    ...row("reinvocation-policy", "reinvocationPolicy", { reinvocationPolicy: "Never" }),
    name: "of a validating webhook",
    severity: "error",
    says: ["mutating"],
    clean: [mutating({ reinvocationPolicy: "IfNeeded" })],
  },
  {
    code: "reinvocation-policy",
    name: "with side effects",
    given: [mutating({ reinvocationPolicy: "IfNeeded", sideEffects: "NoneOnDryRun" })],
    severity: "warning",
    field: "webhooks[0].reinvocationPolicy",
    says: ["twice"],
    clean: [mutating({ reinvocationPolicy: "Never", sideEffects: "NoneOnDryRun" })],
  },
];
