import { expect } from "chai";
import { type AnswerWebhook, reviewAnswer } from "../rig/capturing-webhook.ts";
import { object } from "./objects.ts";
import type { Contract } from "./target.ts";
import { answering, onlyCall, useWebhook } from "./webhook-fixture.ts";

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
  readonly metadata: { readonly labels?: Readonly<Record<string, string>>; readonly name: string };
}

const encoded = (operations: unknown): string => Buffer.from(JSON.stringify(operations)).toString("base64");
const patching = (...operations: readonly unknown[]): AnswerWebhook =>
  answering({ allowed: true, patchType: "JSONPatch", patch: encoded(operations) });
const add = (key: string, value: string) => ({ op: "add", path: `/data/${key}`, value });

/** kubernetes/apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go; patches as evanphx/json-patch v4 applies them. */
export function describeMutation(contract: Contract): void {
  const { check, admin } = contract;

  describe("a mutating webhook", () => {
    const { hook, create, configMaps } = useWebhook(contract);
    const patched = async (
      answer: AnswerWebhook,
      data: object = { a: "1" },
      webhook: Readonly<Record<string, unknown>> = {},
    ) => {
      const hooked = await hook({ kind: "mutating", webhook });
      hooked.answer(answer);
      return { hooked, answer: await create(hooked, { data }) };
    };
    const internalError = async (answer: AnswerWebhook, message: RegExp): Promise<void> => {
      const { answer: refusal } = await patched(answer);
      expect(refusal.body, refusal.text).to.containSubset({ code: 500, reason: "InternalError" });
      expect((refusal.body as { message: string }).message).to.match(message);
    };

    check("has its patch applied to what is stored", async () => {
      const { answer } = await patched(patching(add("b", "2"), { op: "remove", path: "/data/a" }));
      const { metadata, data } = object<ConfigMap>(answer);
      expect(data).to.deep.equal({ b: "2" });
      expect(
        object<ConfigMap>(await admin().get(`${configMaps()}/${metadata.name}`), 200).data,
      ).to.deep.equal({ b: "2" });
    });

    check("is called before validating webhooks, which see its patch", async () => {
      const mutating = await hook({ kind: "mutating" });
      const validating = await hook({ labels: mutating.labels });
      mutating.answer(patching(add("b", "2")));
      object(await create(mutating, { data: { a: "1" } }));
      expect(onlyCall(validating).review.request.object).to.containSubset({ data: { a: "1", b: "2" } });
      expect(onlyCall(mutating).review.request.object).to.not.have.nested.property("data.b");
    });

    check("sees the patches of those whose configuration's name sorts before", async () => {
      const first = await hook({ kind: "mutating" });
      const second = await hook({ kind: "mutating", labels: first.labels });
      const [early, late] = [first, second].sort((a, b) =>
        a.configuration.metadata.name < b.configuration.metadata.name ? -1 : 1,
      ) as [typeof first, typeof first];
      early.answer(patching(add("early", "yes")));
      late.answer(patching(add("late", "yes")));
      const { data } = object<ConfigMap>(await create(first, { data: { a: "1" } }));
      expect(data).to.deep.equal({ a: "1", early: "yes", late: "yes" });
      expect(onlyCall(late).review.request.object).to.containSubset({ data: { early: "yes" } });
      expect(onlyCall(early).review.request.object).to.not.have.nested.property("data.late");
    });

    check("that denies ends the request before the next is called", async () => {
      const first = await hook({ kind: "mutating" });
      const second = await hook({ kind: "mutating", labels: first.labels });
      const [early, late] = [first, second].sort((a, b) =>
        a.configuration.metadata.name < b.configuration.metadata.name ? -1 : 1,
      ) as [typeof first, typeof first];
      early.answer(answering({ allowed: false, status: { code: 403, message: "no" } }));
      expect((await create(first)).status).to.equal(403);
      expect(late.calls()).to.have.length(0);
    });

    check("with an empty patch changes nothing", async () => {
      const { answer } = await patched(patching());
      expect(object<ConfigMap>(answer).data).to.deep.equal({ a: "1" });
    });

    check("may replace what is not there: it is added", async () => {
      const { answer } = await patched(patching({ op: "replace", path: "/data/b", value: "2" }));
      expect([answer.status, (answer.body as ConfigMap).data]).to.deep.equal([201, { a: "1", b: "2" }]);
    });

    check("may test, copy and move", async () => {
      const { answer } = await patched(
        patching(
          { op: "test", path: "/data/a", value: "1" },
          { op: "copy", from: "/data/a", path: "/data/b" },
          { op: "move", from: "/data/a", path: "/data/c" },
        ),
      );
      expect(object<ConfigMap>(answer).data).to.deep.equal({ b: "1", c: "1" });
    });

    check("whose test fails fails the request, under Ignore as well", async () => {
      const failing = patching({ op: "test", path: "/data/a", value: "2" });
      await internalError(failing, /^Internal error occurred: .*test/i);
      expect((await patched(failing, { a: "1" }, { failurePolicy: "Ignore" })).answer.status).to.equal(500);
    });

    check("that removes what is not there fails the request", async () => {
      await internalError(
        patching({ op: "remove", path: "/data/none" }),
        /^Internal error occurred: .*(remove|non-?existent|missing)/i,
      );
    });

    check("that adds below what is not there fails the request", async () => {
      await internalError(
        patching({ op: "add", path: "/none/deeper", value: "1" }),
        /^Internal error occurred: .*(add|doc is missing path|missing)/i,
      );
    });

    check("whose patch is no JSON patch fails the request", async () => {
      await internalError(
        answering({ allowed: true, patchType: "JSONPatch", patch: Buffer.from("{}").toString("base64") }),
        /failed calling webhook|Internal error occurred/,
      );
    });

    check("whose patch has no type fails the request", async () => {
      await internalError(
        answering({ allowed: true, patch: encoded([add("b", "2")]) }),
        /response\.patchType/i,
      );
    });

    check("whose patch has another type than JSONPatch fails the request", async () => {
      await internalError(
        answering({ allowed: true, patchType: "MergePatch", patch: encoded([add("b", "2")]) }),
        /MergePatch/,
      );
    });

    check("of v1beta1 may leave out the patch's type", async () => {
      const { answer } = await patched(
        (call) => ({ body: reviewAnswer(call, { allowed: true, patch: encoded([add("b", "2")]) }) }),
        { a: "1" },
        { admissionReviewVersions: ["v1beta1"] },
      );
      expect(object<ConfigMap>(answer).data).to.deep.equal({ a: "1", b: "2" });
    });

    check("is called again once when a later one changed the object and it asked for it", async () => {
      const first = await hook({ kind: "mutating", webhook: { reinvocationPolicy: "IfNeeded" } });
      const second = await hook({
        kind: "mutating",
        webhook: { reinvocationPolicy: "IfNeeded" },
        labels: first.labels,
      });
      const [early, late] = [first, second].sort((a, b) =>
        a.configuration.metadata.name < b.configuration.metadata.name ? -1 : 1,
      ) as [typeof first, typeof first];
      late.answer(patching(add("late", "yes")));
      object(await create(first, { data: { a: "1" } }));
      expect([early.calls().length, late.calls().length]).to.deep.equal([2, 1]);
      expect(early.calls()[1]!.review.request.object).to.containSubset({ data: { late: "yes" } });
    });

    check("is not called again without having asked for it", async () => {
      const first = await hook({ kind: "mutating" });
      const second = await hook({ kind: "mutating", labels: first.labels });
      for (const hooked of [first, second])
        hooked.answer(patching(add(hooked.configuration.metadata.name, "yes")));
      object(await create(first, { data: { a: "1" } }));
      expect([first.calls().length, second.calls().length]).to.deep.equal([1, 1]);
    });

    check("keeps integers beyond 2^53 that it does not touch", async () => {
      const hooked = await hook({
        kind: "mutating",
        webhook: {
          rules: [
            { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
            { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
          ],
        },
      });
      hooked.answer((call) => ({
        body: reviewAnswer(call, {
          allowed: true,
          patchType: "JSONPatch",
          patch: encoded([{ op: "add", path: "/metadata/annotations", value: { seen: "yes" } }]),
        }),
      }));
      const namespacePath = configMaps()
        .replace("/api/v1", "/apis/apps/v1")
        .replace(/configmaps$/, "deployments");
      const big = "9007199254740993";
      const spec = `{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"main","image":"a"}],"terminationGracePeriodSeconds":${big}}}}`;
      const answer = await admin().post(
        namespacePath,
        `{"metadata":{"name":"${contract.unique("big")}","labels":${JSON.stringify(hooked.labels)}},"spec":${spec}}`,
      );
      object(answer);
      expect(answer.text).to.contain(`"terminationGracePeriodSeconds":${big}`);
    });
  });
}
