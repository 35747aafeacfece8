import { expect } from "chai";
import { createReinvocation } from "../../../src/webhook/dispatch/reinvocation.ts";
import type { Hook } from "../../../src/webhook/matching/indexed-hooks.ts";

const hook = (name: string, reinvocationPolicy?: "Never" | "IfNeeded"): Hook => ({
  kind: "MutatingWebhookConfiguration",
  configuration: { name: "m", uid: "1" },
  webhook: {
    name,
    clientConfig: {},
    admissionReviewVersions: ["v1"],
    ...(reinvocationPolicy === undefined ? {} : { reinvocationPolicy }),
  },
});
const [a, b, c] = [hook("a", "IfNeeded"), hook("b", "IfNeeded"), hook("c", "IfNeeded")];

describe("reinvocation", () => {
  it("is not due where no webhook changed anything", () => {
    const reinvocation = createReinvocation();
    for (const one of [a, b]) reinvocation.called(one, false);
    expect([reinvocation.due, reinvocation.wants(a), reinvocation.wants(b)]).to.deep.equal([
      false,
      false,
      false,
    ]);
  });

  it("is of those called before the change, not of the one that made it, nor of those after it", () => {
    const reinvocation = createReinvocation();
    reinvocation.called(a, false);
    reinvocation.called(b, true);
    reinvocation.called(c, false);
    expect(reinvocation.due).to.equal(true);
    expect([a, b, c].map((one) => reinvocation.wants(one))).to.deep.equal([true, false, false]);
  });

  it("is of nobody who did not ask for it", () => {
    const reinvocation = createReinvocation();
    const others = [hook("never", "Never"), hook("default")];
    for (const one of others) reinvocation.called(one, false);
    reinvocation.called(c, true);
    expect(others.map((one) => reinvocation.wants(one))).to.deep.equal([false, false]);
  });

  it("is of all that were called when somebody else changes the object", () => {
    const reinvocation = createReinvocation();
    reinvocation.called(a, true);
    expect(reinvocation.wants(a)).to.equal(false);
    reinvocation.changedBetween();
    expect(reinvocation.wants(a)).to.equal(true);
  });

  it("reaches those still to come when a webhook changes the object in the second round", () => {
    const reinvocation = createReinvocation();
    reinvocation.called(a, false);
    reinvocation.called(b, true);
    reinvocation.called(a, true);
    expect(reinvocation.wants(b)).to.equal(true);
  });
});
