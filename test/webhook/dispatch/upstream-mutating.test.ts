import { expect } from "chai";
import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import { creation } from "../webhook-rig.ts";
import { labelsOf, refusalStatus, useDispatchers } from "./dispatch-rig.ts";
import { upstreamAnswers, upstreamWebhook } from "./upstream-webhooks.ts";

type Members = Parameters<typeof upstreamWebhook>[3];

interface Case {
  readonly name: string;
  readonly webhooks: readonly (readonly [string, string, Members?])[];
  readonly request?: Partial<AdmissionAttributes>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly refused?: { readonly code: number; readonly message: RegExp };
  readonly counted?: readonly [code: number, errorType: string | undefined];
  readonly annotations: Readonly<Record<string, string>>;
  /** Names of webhooks in the order they were called. */
  readonly called?: readonly string[];
}

const mutated = (
  round: number,
  index: number,
  webhook: string,
  changed: boolean,
): Record<string, string> => ({
  [`mutation.webhook.admission.k8s.io/round_${round}_index_${index}`]: `{"configuration":"m","webhook":"${webhook}","mutated":${changed}}`,
});
const patched = (round: number, index: number, webhook: string, patch: string): Record<string, string> => ({
  [`patch.webhook.admission.k8s.io/round_${round}_index_${index}`]: `{"configuration":"m","webhook":"${webhook}","patch":${patch},"patchType":"JSONPatch"}`,
});
const addition = '[{"op":"add","path":"/metadata/labels/added","value":"test"}]';
const removal = '[{"op":"remove","path":"/metadata/labels/remove"}]';
const added = (webhook: string): Record<string, string> => ({
  ...mutated(0, 0, webhook, true),
  ...patched(0, 0, webhook, addition),
});
const removed = (webhook: string): Record<string, string> => ({
  [`${webhook}/key1`]: "value1",
  ...mutated(0, 0, webhook, true),
  ...patched(0, 0, webhook, removal),
});
const customResource = {
  kind: { group: "example.com", version: "v1", kind: "Widget" },
  resource: { group: "example.com", version: "v1", resource: "widgets" },
};
const objectSelector = { matchLabels: { remove: "me" } };
const base = { app: "web", remove: "me" };
const ifNeeded: Members = { reinvocationPolicy: "IfNeeded" };

/** kubernetes/apiserver pkg/admission/plugin/webhook/testing/testcase.go, for an update of what has the label `remove`. */
const cases: readonly Case[] = [
  ...[{}, customResource].flatMap((request, index): Case[] => {
    const of = index === 0 ? "" : " of a custom resource";
    return [
      {
        name: `removes a label${of}`,
        webhooks: [["removelabel.example.com", "removeLabel"]],
        request,
        labels: { app: "web" },
        annotations: removed("removelabel.example.com"),
        counted: [200, undefined],
      },
      {
        name: `adds a label${of}`,
        webhooks: [["add", "addLabel"]],
        request,
        labels: { ...base, added: "test" },
        annotations: added("add"),
      },
      {
        name: `the first removes a label${of} that the second selects by, which is not called`,
        webhooks: [
          ["removelabel.example.com", "removeLabel", { objectSelector }],
          ["second", "disallow", { objectSelector }],
        ],
        request,
        labels: { app: "web" },
        annotations: removed("removelabel.example.com"),
        called: ["removeLabel"],
      },
    ];
  }),
  ...["invalidMutation", "invalidPatch"].map(
    (path): Case => ({
      name: `${path} fails closed by default`,
      webhooks: [[path.toLowerCase(), path]],
      refused: {
        code: 500,
        message: /failed calling webhook ".*": received undecodable patch in webhook response/,
      },
      annotations: mutated(0, 0, path.toLowerCase(), false),
      counted: [503, "calling_webhook_error"],
    }),
  ),
  {
    name: "invalidPatch fails open",
    webhooks: [["bad", "invalidPatch", { failurePolicy: "Ignore" }]],
    labels: base,
    annotations: {
      "failed-open.mutation.webhook.admission.k8s.io/round_0_index_0": "bad",
      ...mutated(0, 0, "bad", false),
    },
    counted: [503, undefined],
  },
  {
    name: "invalid client configuration",
    webhooks: [["invalid", "addLabel", { clientConfig: {} }]],
    refused: { code: 500, message: /exactly one of url and service/ },
    annotations: mutated(0, 0, "invalid", false),
    counted: [500, "calling_webhook_error"],
  },
  {
    name: "an answer that is no HTTP",
    webhooks: [["bad", "nonStatusError"]],
    refused: { code: 500, message: /failed to call webhook/ },
    annotations: mutated(0, 0, "bad", false),
    counted: [503, "calling_webhook_error"],
  },
  {
    name: "dry run is not supported",
    webhooks: [["remove", "removeLabel", { sideEffects: "Unknown" }]],
    request: { dryRun: true },
    refused: { code: 400, message: /does not support dry run/ },
    annotations: mutated(0, 0, "remove", false),
    counted: [0, "apiserver_internal_error"],
  },
  {
    name: "is called again if needed, the one that changed last is not",
    webhooks: [
      ["noop", "noop", ifNeeded],
      ["add", "addLabel", ifNeeded],
    ],
    labels: { ...base, added: "test" },
    annotations: {
      ...mutated(0, 0, "noop", false),
      ...mutated(0, 1, "add", true),
      ...patched(0, 1, "add", addition),
      ...mutated(1, 0, "noop", false),
    },
    called: ["noop", "addLabel", "noop"],
  },
  ...(["Never", undefined] as const).map(
    (reinvocationPolicy): Case => ({
      name: `is not called again with reinvocationPolicy ${reinvocationPolicy}`,
      webhooks: [
        ["noop", "noop", reinvocationPolicy === undefined ? {} : { reinvocationPolicy }],
        ["add", "addLabel"],
      ],
      labels: { ...base, added: "test" },
      annotations: {
        ...mutated(0, 0, "noop", false),
        ...mutated(0, 1, "add", true),
        ...patched(0, 1, "add", addition),
      },
      called: ["noop", "addLabel"],
    }),
  ),
  {
    name: "changes nothing, so that nobody is called again",
    webhooks: [
      ["first", "noop", ifNeeded],
      ["second", "noop", ifNeeded],
    ],
    labels: base,
    annotations: { ...mutated(0, 0, "first", false), ...mutated(0, 1, "second", false) },
    called: ["noop", "noop"],
  },
];

describe("upstream's cases for mutating webhooks", () => {
  const rig = useDispatchers();
  for (const { name, webhooks, request, labels, refused, counted, annotations, called } of cases)
    it(name, async () => {
      Object.assign(rig.answers(), upstreamAnswers);
      rig.add({
        ...rig.webhooks().configuration("MutatingWebhookConfiguration", "m"),
        webhooks: webhooks.map((given) => upstreamWebhook(rig.webhooks(), ...given)),
      });
      const object = { metadata: { name: "web", labels: base } };
      const oldObject = { metadata: { name: "web" } };
      const update: AdmissionAttributes = { ...creation, operation: "UPDATE", object, oldObject };
      let told = {};
      const mutation = rig.mutate(
        { ...update, ...request },
        {
          onNotes: ({ auditAnnotations, requestAuditAnnotations }) => {
            told = { ...auditAnnotations, ...requestAuditAnnotations };
          },
        },
      );
      if (refused === undefined) expect(labelsOf((await mutation).object)).to.deep.equal(labels);
      else {
        const { code, message } = await refusalStatus(mutation);
        expect(code).to.equal(refused.code);
        expect(message).to.match(refused.message);
      }
      expect(told).to.deep.equal(annotations);
      if (called !== undefined) expect(rig.paths()).to.deep.equal(called.map((path) => `/${path}`));
      if (counted !== undefined)
        expect(rig.published.map(({ code, errorType }) => [code, errorType])).to.deep.equal([counted]);
    });
});
