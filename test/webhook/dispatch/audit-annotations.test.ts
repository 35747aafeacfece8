import { expect } from "chai";
import { parseLossless } from "../../../src/admission/json-runtime.ts";
import type { JSONValue } from "../../../src/admission/json-value.ts";
import {
  callAnnotationKey,
  mutationAnnotation,
  ownAnnotationKey,
  patchAnnotation,
} from "../../../src/webhook/dispatch/audit-annotations.ts";

const hook = {
  kind: "MutatingWebhookConfiguration",
  configuration: { name: "test-config", uid: "1" },
  webhook: { name: "a.example.com", clientConfig: {}, admissionReviewVersions: ["v1"] },
} as const;

describe("audit annotations", () => {
  const kept: readonly (readonly [string, string])[] = [
    ["a.example.com", "key"],
    ["a.example.com", "Key_with.all-1"],
    ["a", "k"],
    ["a", "x".repeat(63)],
  ];
  for (const [webhook, key] of kept)
    it(`keeps ${key} of ${webhook}`, () => {
      expect(ownAnnotationKey(webhook, key)).to.equal(`${webhook}/${key}`);
    });

  const dropped: readonly (readonly [string, string])[] = [
    ["a.example.com", ""],
    ["a.example.com", "with/slash"],
    ["a.example.com", "-begins"],
    ["a.example.com", "ends-"],
    ["a.example.com", "x".repeat(64)],
    ["Upper Case", "key"],
    ["a..b", "key"],
    [`${"a".repeat(250)}.com`, "key"],
  ];
  for (const [webhook, key] of dropped)
    it(`drops ${JSON.stringify(key)} of ${JSON.stringify(webhook.slice(0, 20))}`, () => {
      expect(ownAnnotationKey(webhook, key)).to.equal(undefined);
    });

  it("are numbered by round and index", () => {
    expect(callAnnotationKey("patch.webhook.admission.k8s.io", 1, 12)).to.equal(
      "patch.webhook.admission.k8s.io/round_1_index_12",
    );
  });

  it("say whether a webhook changed the object", () => {
    expect(mutationAnnotation(hook, true)).to.equal(
      '{"configuration":"test-config","webhook":"a.example.com","mutated":true}',
    );
  });

  /** kubernetes/apiserver mutating/dispatcher_test.go, and what Go's encoding/json does. */
  const patches: readonly (readonly [string, string, string])[] = [
    [
      "operations with their members by name",
      '[{"op": "add", "path": "/metadata/labels/a", "value": "true"}]',
      '[{"op":"add","path":"/metadata/labels/a","value":"true"}]',
    ],
    [
      "members out of order",
      '[{"value":{"b":1,"a":2},"path":"/x","op":"add"}]',
      '[{"op":"add","path":"/x","value":{"b":1,"a":2}}]',
    ],
    ["an empty operation", "[{}]", "[{}]"],
    [
      "integers of 64 bits",
      '[{"op":"test","value":9223372036854775807}]',
      '[{"op":"test","value":9223372036854775807}]',
    ],
    ["what HTML would take for its own", '[{"op":"<&>\\u2028"}]', '[{"op":"\\u003c\\u0026\\u003e\\u2028"}]'],
  ];
  for (const [name, patch, written] of patches)
    it(`show a patch: ${name}`, () => {
      expect(patchAnnotation(hook, parseLossless(patch) as readonly JSONValue[])).to.equal(
        `{"configuration":"test-config","webhook":"a.example.com","patch":${written},"patchType":"JSONPatch"}`,
      );
    });
});
