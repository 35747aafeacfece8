import { expect } from "chai";
import { type AnnotationMessage, diagnosticsChannel } from "../../../src/diagnostics.ts";
import type { VerifiedResponse } from "../../../src/webhook/dispatch/admission-review.ts";
import { createNotesCollector, type NotesCollector } from "../../../src/webhook/dispatch/notes-collector.ts";

const hook = {
  kind: "MutatingWebhookConfiguration",
  configuration: { name: "m", uid: "1" },
  webhook: { name: "a.example.com", clientConfig: {}, admissionReviewVersions: ["v1"] },
} as const;
const response = (auditAnnotations: Record<string, string>, warnings: string[] = []): VerifiedResponse => ({
  allowed: true,
  status: undefined,
  auditAnnotations,
  warnings,
  patch: "",
  patchType: "",
});

describe("notes collector", () => {
  let collector: NotesCollector;
  let dropped: AnnotationMessage[];
  const listen = (message: unknown): void => void dropped.push(message as AnnotationMessage);
  before(() => diagnosticsChannel("countersign:annotation").subscribe(listen));
  beforeEach(() => {
    collector = createNotesCollector();
    dropped = [];
  });
  after(() => {
    diagnosticsChannel("countersign:annotation").unsubscribe(listen);
  });

  it("puts a webhook's name before its keys", () => {
    collector.take(hook, response({ verdict: "fine" }, ["soon gone"]));
    const { auditAnnotations, warnings } = collector.notes();
    expect({ ...auditAnnotations }).to.deep.equal({ "a.example.com/verdict": "fine" });
    expect(warnings).to.deep.equal(["soon gone"]);
    expect(dropped).to.deep.equal([]);
  });

  it("drops a key that is none, and says which, but not the value", () => {
    collector.take(hook, response({ "not/one": "secret", fine: "1" }));
    expect({ ...collector.notes().auditAnnotations }).to.deep.equal({ "a.example.com/fine": "1" });
    expect(dropped).to.deep.equal([{ webhook: "a.example.com", key: "not/one", problem: "notQualified" }]);
  });

  it("keeps the first of two values for one key; saying the same again is no conflict", () => {
    for (const value of ["one", "one", "two"]) collector.take(hook, response({ key: value }));
    expect({ ...collector.notes().auditAnnotations }).to.deep.equal({ "a.example.com/key": "one" });
    expect(dropped).to.deep.equal([{ webhook: "a.example.com", key: "key", problem: "conflicting" }]);
  });

  it("takes names that every object has for names like others", () => {
    collector.take(hook, response({ constructor: "1", toString: "2" }));
    expect(Object.keys(collector.notes().auditAnnotations)).to.deep.equal([
      "a.example.com/constructor",
      "a.example.com/toString",
    ]);
  });

  it("keeps patches apart: they are for audit events that hold requests", () => {
    const place = { hook, index: 3, round: 1 } as const;
    collector.mutated(place, true);
    collector.patched(place, [{ op: "add" }]);
    collector.failedOpen("mutation", place);
    const { auditAnnotations, requestAuditAnnotations } = collector.notes();
    expect(Object.keys(auditAnnotations)).to.deep.equal([
      "mutation.webhook.admission.k8s.io/round_1_index_3",
      "failed-open.mutation.webhook.admission.k8s.io/round_1_index_3",
    ]);
    expect(Object.keys(requestAuditAnnotations)).to.deep.equal([
      "patch.webhook.admission.k8s.io/round_1_index_3",
    ]);
  });
});
