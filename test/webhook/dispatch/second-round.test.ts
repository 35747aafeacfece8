import { expect } from "chai";
import type { JSONObject, JSONValue } from "../../../src/admission/json-value.ts";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation } from "../webhook-rig.ts";
import { allow, label, labelsOf, patchOf, useDispatchers } from "./dispatch-rig.ts";

const ifNeeded = { reinvocationPolicy: "IfNeeded" } as const;
const wanting = (name: string, members: Partial<Webhook> = {}): Partial<Webhook> => ({
  name,
  ...ifNeeded,
  ...members,
});

/** kubernetes/apiserver pkg/admission/reinvocation.go and plugin/webhook/mutating. */
describe("the second round of mutating webhooks", () => {
  const { mutate, mutating, answers, paths, webhooks, use } = useDispatchers();
  const labelsSeen = (): JSONValue[] => webhooks().seen.map(({ request }) => labelsOf(request.object!));

  it("shows those that asked for it what was changed after their call", async () => {
    mutating(wanting("a"), { name: "b" });
    answers()["/a"] = allow;
    answers()["/b"] = () => patchOf(label("by", "b"));
    await mutate();
    expect(paths()).to.deep.equal(["/a", "/b", "/a"]);
    expect(labelsSeen().at(-1)).to.deep.equal({ app: "web", by: "b" });
  });

  it("does not come where a patch changed nothing", async () => {
    mutating(wanting("a"), { name: "b" });
    answers()["/a"] = allow;
    answers()["/b"] = () => patchOf(label("app", "web"));
    await mutate();
    expect(paths()).to.deep.equal(["/a", "/b"]);
  });

  it("is the last one, whatever is changed in it", async () => {
    mutating(wanting("a"), wanting("b"));
    let calls = 0;
    const counting = () => patchOf(label("calls", String(++calls)));
    answers()["/a"] = counting;
    answers()["/b"] = counting;
    const { object } = await mutate();
    expect(paths()).to.deep.equal(["/a", "/b", "/a", "/b"]);
    expect(labelsOf(object)).to.deep.equal({ app: "web", calls: "4" });
  });

  it("reaches those after one that changes the object in it, although nothing had changed since their call", async () => {
    mutating(wanting("a"), wanting("b"));
    answers()["/a"] = ({ object }) =>
      (labelsOf(object!) as JSONObject).by === "b" ? patchOf(label("again", "a")) : allow();
    answers()["/b"] = () => patchOf(label("by", "b"));
    const { auditAnnotations } = await mutate();
    expect(paths()).to.deep.equal(["/a", "/b", "/a", "/b"]);
    expect(Object.keys(auditAnnotations)).to.deep.equal(
      ["round_0_index_0", "round_0_index_1", "round_1_index_0", "round_1_index_1"].map(
        (place) => `mutation.webhook.admission.k8s.io/${place}`,
      ),
    );
  });

  it("calls nobody for the first time, although the object fits now", async () => {
    mutating(wanting("a", { objectSelector: { matchLabels: { by: "b" } } }), { name: "b" });
    answers()["/b"] = () => patchOf(label("by", "b"));
    await mutate();
    expect(paths()).to.deep.equal(["/b"]);
  });

  it("leaves out whom the object does not fit any more", async () => {
    mutating(wanting("a", { objectSelector: { matchLabels: { app: "web" } } }), { name: "b" });
    answers()["/a"] = allow;
    answers()["/b"] = () => patchOf(label("app", "other"));
    await mutate();
    expect(paths()).to.deep.equal(["/a", "/b"]);
  });

  it("includes one that failed and may", async () => {
    mutating(wanting("a", { failurePolicy: "Ignore" }), { name: "b" });
    answers()["/a"] = (_, response) => void response.writeHead(500).end();
    answers()["/b"] = () => patchOf(label("by", "b"));
    await mutate();
    expect(paths()).to.deep.equal(["/a", "/b", "/a"]);
  });

  it("may refuse the request", async () => {
    mutating(wanting("a"), { name: "b" });
    let calls = 0;
    answers()["/a"] = () => ({ allowed: ++calls === 1 });
    answers()["/b"] = () => patchOf(label("by", "b"));
    expect((await rejectionOf(mutate())).message).to.match(/"a" denied the request/);
  });

  it("keeps a webhook's first word on an audit annotation", async () => {
    mutating(wanting("a"), { name: "b" });
    let calls = 0;
    answers()["/a"] = () => ({ allowed: true, auditAnnotations: { calls: String(++calls) } });
    answers()["/b"] = () => patchOf(label("by", "b"));
    expect((await mutate()).auditAnnotations).to.include({ "a/calls": "1" });
  });

  describe("and the API server's own plugins", () => {
    const completing = (object: JSONValue): JSONValue => ({ ...(object as JSONObject), completed: true });

    it("are run between the rounds, and what they change is shown to all that asked for it", async () => {
      mutating({ name: "a" }, wanting("b"));
      answers()["/a"] = () => patchOf(label("by", "a"));
      answers()["/b"] = allow;
      const { object } = await mutate(creation, { inTree: completing });
      expect(paths()).to.deep.equal(["/a", "/b", "/b"]);
      expect(webhooks().seen.map(({ request }) => (request.object as JSONObject).completed)).to.deep.equal([
        undefined,
        undefined,
        true,
      ]);
      expect(object).to.deep.include({ completed: true });
    });

    it("call nobody again when they change nothing", async () => {
      mutating({ name: "a" }, wanting("b"));
      answers()["/a"] = () => patchOf(label("by", "a"));
      answers()["/b"] = allow;
      await mutate(creation, { inTree: (object) => object });
      expect(paths()).to.deep.equal(["/a", "/b"]);
    });

    it("are not run where no webhook changed anything", async () => {
      mutating(wanting("a"));
      answers()["/a"] = allow;
      const { object } = await mutate(creation, { inTree: completing });
      expect(object).to.equal(creation.object);
    });

    it("refuse the request by throwing", async () => {
      mutating({ name: "a" });
      answers()["/a"] = () => patchOf(label("by", "a"));
      const refusal = new Error("not with this label");
      const inTree = () => {
        throw refusal;
      };
      const outcome = await mutate(creation, { inTree }).catch((error: unknown) => error);
      expect(outcome).to.equal(refusal);
    });

    it("complete what a patch took away", async () => {
      use({ patchedObjects: { decode: (object) => object, default: completing } });
      mutating({ name: "a" });
      answers()["/a"] = () => patchOf(label("by", "a"));
      expect((await mutate()).object).to.deep.include({ completed: true });
    });
  });
});
