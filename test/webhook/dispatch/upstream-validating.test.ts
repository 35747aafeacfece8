import { expect } from "chai";
import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import type { LabelSelector } from "../../../src/apis/meta.ts";
import { creation, type WebhookRig } from "../webhook-rig.ts";
import { refusalStatus, useDispatchers } from "./dispatch-rig.ts";
import { byURL, upstreamAnswers, upstreamWebhook } from "./upstream-webhooks.ts";

interface Case {
  readonly name: string;
  /** Name and path of each webhook, and what it has more. */
  readonly webhooks: readonly (readonly [
    string,
    string,
    (Parameters<typeof upstreamWebhook>[3] | ((rig: WebhookRig) => Parameters<typeof upstreamWebhook>[3]))?,
  ])[];
  readonly request?: Partial<AdmissionAttributes>;
  readonly allowed?: Readonly<Record<string, string>>;
  readonly refused?: { readonly code: number; readonly message?: RegExp };
  /** Of each webhook that was called. */
  readonly counted?: readonly (readonly [code: number, errorType: string | undefined])[];
}

const onlyCreations = {
  rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["CREATE" as const], resources: ["*/*"] }],
};
const failing = (failurePolicy?: "Fail" | "Ignore"): Case["webhooks"] =>
  ["a", "b", "c"].map((name) => [name, "internalErr", failurePolicy === undefined ? {} : { failurePolicy }]);
const runlevel = (operator: string, value: string): { readonly namespaceSelector: LabelSelector } => ({
  namespaceSelector: { matchExpressions: [{ key: "runlevel", operator, values: [value] }] },
});
const customResource = {
  kind: { group: "example.com", version: "v1", kind: "Widget" },
  resource: { group: "example.com", version: "v1", resource: "widgets" },
};
const objectSelector = { matchLabels: { app: "other" } };
const failedOpen = (index: number): string =>
  `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`;
const notDry = { code: 400, message: /does not support dry run/ };

/** kubernetes/apiserver pkg/admission/plugin/webhook/testing/testcase.go, for an update in a namespace of runlevel 0. */
const cases: readonly Case[] = [
  { name: "no match", webhooks: [["nomatch", "disallow", onlyCreations]], allowed: {}, counted: [] },
  {
    name: "match and allow",
    webhooks: [["allow.example.com", "allow"]],
    allowed: { "allow.example.com/key1": "value1" },
    counted: [[200, undefined]],
  },
  {
    name: "match and deny",
    webhooks: [["disallow", "disallow"]],
    refused: { code: 403, message: /without explanation/ },
    counted: [[403, "no_error"]],
  },
  {
    name: "match and deny with a reason",
    webhooks: [["disallow", "disallowReason"]],
    refused: { code: 403, message: /not today/ },
  },
  {
    name: "denies, but the namespaceSelector leaves the namespace out",
    webhooks: [["disallow", "disallow", runlevel("In", "1")]],
    allowed: {},
  },
  {
    name: "denies, but the namespaceSelector leaves the namespace out by NotIn",
    webhooks: [["disallow", "disallow", runlevel("NotIn", "0")]],
    allowed: {},
  },
  {
    name: "three fail, and fail open",
    webhooks: failing("Ignore"),
    allowed: { [failedOpen(0)]: "a", [failedOpen(1)]: "b", [failedOpen(2)]: "c" },
    counted: [
      [500, undefined],
      [500, undefined],
      [500, undefined],
    ],
  },
  {
    name: "three fail, closed because that is the default",
    webhooks: failing(),
    refused: { code: 500, message: /failed calling webhook "[abc]": failed to call webhook/ },
  },
  {
    name: "three fail, and fail closed",
    webhooks: failing("Fail"),
    refused: { code: 500 },
    counted: [
      [500, "calling_webhook_error"],
      [500, "calling_webhook_error"],
      [500, "calling_webhook_error"],
    ],
  },
  {
    name: "invalid client configuration",
    webhooks: [["invalid", "allow", { clientConfig: {} }]],
    refused: { code: 500, message: /failed calling webhook "invalid": .*exactly one of url and service/ },
    counted: [[500, "calling_webhook_error"]],
  },
  {
    name: "an answer that is no HTTP",
    webhooks: [["nonStatus", "nonStatusError"]],
    refused: { code: 500, message: /failed to call webhook/ },
    counted: [[503, "calling_webhook_error"]],
  },
  {
    name: "match and allow by URL",
    webhooks: [["allow.example.com", "allow", (rig) => byURL(rig, "allow")]],
    allowed: { "allow.example.com/key1": "value1" },
  },
  {
    name: "match and deny by URL",
    webhooks: [["disallow", "disallow", (rig) => byURL(rig, "disallow")]],
    refused: { code: 403, message: /without explanation/ },
  },
  {
    name: "absent response, and fail open",
    webhooks: [["nil", "nilResponse", { failurePolicy: "Ignore" }]],
    allowed: { [failedOpen(0)]: "nil" },
    counted: [[503, undefined]],
  },
  {
    name: "absent response, and fail closed",
    webhooks: [["nil", "nilResponse", { failurePolicy: "Fail" }]],
    refused: { code: 500, message: /webhook response was absent/ },
    counted: [[503, "calling_webhook_error"]],
  },
  {
    name: "dry run: no match",
    webhooks: [["nomatch", "allow", { ...onlyCreations, sideEffects: "Some" }]],
    request: { dryRun: true },
    allowed: {},
  },
  ...(["Unknown", "Some"] as const).map((sideEffects) => ({
    name: `dry run: side effects ${sideEffects}`,
    webhooks: [["allow", "allow", { sideEffects }]] as Case["webhooks"],
    request: { dryRun: true },
    refused: notDry,
    counted: [[0, "apiserver_internal_error"]] as const,
  })),
  ...(["None", "NoneOnDryRun"] as const).map((sideEffects) => ({
    name: `dry run: side effects ${sideEffects}`,
    webhooks: [["allow", "allow", { sideEffects }]] as Case["webhooks"],
    request: { dryRun: true },
    allowed: { "allow/key1": "value1" },
  })),
  {
    name: "dry run: side effects not said",
    webhooks: [["allow", "allow"]],
    request: { dryRun: true },
    refused: { code: 500, message: /failed calling webhook "allow": Webhook SideEffects is nil/ },
    counted: [[400, "calling_webhook_error"]],
  },
  {
    name: "dry run: side effects Some fail the request under Ignore, too",
    webhooks: [["allow", "allow", { sideEffects: "Some", failurePolicy: "Ignore" }]],
    request: { dryRun: true },
    refused: notDry,
  },
  { name: "an annotation that is none", webhooks: [["invalid", "invalidAnnotation"]], allowed: {} },
  {
    name: "an objectSelector that does not fit",
    webhooks: [
      ["allow.example.com", "allow"],
      ["shouldNotBeCalled", "disallow", { objectSelector }],
    ],
    allowed: { "allow.example.com/key1": "value1" },
    counted: [[200, undefined]],
  },
  {
    name: "an objectSelector that does not fit a custom resource",
    webhooks: [
      ["allow.example.com", "allow"],
      ["shouldNotBeCalled", "disallow", { objectSelector }],
    ],
    request: customResource,
    allowed: { "allow.example.com/key1": "value1" },
    counted: [[200, undefined]],
  },
  {
    name: "a version that nobody knows",
    webhooks: [["new", "allow", { admissionReviewVersions: ["v2"] }]],
    refused: { code: 500, message: /does not accept known AdmissionReview versions/ },
    counted: [[400, "calling_webhook_error"]],
  },
];

describe("upstream's cases for validating webhooks", () => {
  const rig = useDispatchers();
  for (const { name, webhooks, request, allowed, refused, counted } of cases)
    it(name, async () => {
      rig.use({ namespaceLabels: () => ({ runlevel: "0" }) });
      Object.assign(rig.answers(), upstreamAnswers);
      rig.add({
        ...rig.webhooks().configuration("ValidatingWebhookConfiguration", "v"),
        webhooks: webhooks.map(([webhook, path, members]) =>
          upstreamWebhook(
            rig.webhooks(),
            webhook,
            path,
            typeof members === "function" ? members(rig.webhooks()) : members,
          ),
        ),
      });
      const update: AdmissionAttributes = { ...creation, operation: "UPDATE", oldObject: creation.object! };
      const validation = rig.validate({ ...update, ...request });
      if (refused === undefined) expect({ ...(await validation).auditAnnotations }).to.deep.equal(allowed);
      else {
        const { code, message } = await refusalStatus(validation);
        expect(code).to.equal(refused.code);
        expect(message).to.match(refused.message ?? /./);
      }
      if (counted === undefined) return;
      expect(rig.published.map(({ code, errorType }) => [code, errorType])).to.deep.equal(counted);
      expect(rig.published.every((one) => one.rejected === (one.errorType !== undefined))).to.equal(true);
    });
});
