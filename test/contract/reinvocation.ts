import { expect } from "chai";
import { type AnswerWebhook, reviewAnswer, type WebhookCall } from "../rig/capturing-webhook.ts";
import { object, paths, type StoredObject } from "./objects.ts";
import type { Contract } from "./target.ts";
import { allow, answering, type HookedCase, useWebhook } from "./webhook-fixture.ts";

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

const patching = (...operations: readonly object[]): AnswerWebhook =>
  answering({
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
  });
const add = (name: string, value = "yes") => ({ op: "add", path: `/data/${name}`, value });
const dataOf = ({ review }: WebhookCall): Readonly<Record<string, string>> =>
  (review.request.object as ConfigMap).data ?? {};

/** Mutating webhooks of one request, one after the other and again: kubernetes/apiserver pkg/admission/reinvocation.go. */
export function describeReinvocation(contract: Contract): void {
  const { check, unique, admin } = contract;

  describe("several mutating webhooks", () => {
    const { hook, create, namespace, configMaps } = useWebhook(contract);
    const byName = (hooks: HookedCase[]): HookedCase[] =>
      hooks.sort((a, b) => (a.configuration.metadata.name < b.configuration.metadata.name ? -1 : 1));

    /** In the order they are called. */
    async function hooks(
      count: number,
      webhook: Readonly<Record<string, unknown>> = {},
    ): Promise<HookedCase[]> {
      const first = await hook({ kind: "mutating", webhook });
      const all = [first];
      for (let more = 1; more < count; more += 1)
        all.push(await hook({ kind: "mutating", webhook, labels: first.labels }));
      for (const one of all) one.answer(allow);
      return byName(all);
    }
    const ifNeeded = { reinvocationPolicy: "IfNeeded" };
    const created = async (hooked: HookedCase | undefined): Promise<ConfigMap> =>
      object<ConfigMap>(await create(hooked!, { data: { a: "1" } }));
    const counts = (all: readonly HookedCase[]): number[] => all.map((one) => one.calls().length);

    check(
      "are called by the names of their configurations, each shown what those before it made",
      async () => {
        const all = await hooks(3);
        all.forEach((one, index) => {
          one.answer(patching(add(`by${index}`)));
        });
        expect((await created(all[0])).data).to.deep.equal({ a: "1", by0: "yes", by1: "yes", by2: "yes" });
        expect(all.map((one) => Object.keys(dataOf(one.calls()[0]!)).length)).to.deep.equal([1, 2, 3]);
      },
    );

    // of a new object kube-apiserver thinks that any patch changed it: read back, its creationTimestamp has no nanoseconds
    check("are called once where a patch changes nothing of a stored object", async () => {
      const all = await hooks(2, ifNeeded);
      const stored = object<StoredObject>(await create(all[0]!, { data: { a: "1" } }));
      const before = counts(all);
      all[1]!.answer(patching(add("a", "1")));
      object(await admin().put(`${configMaps()}/${stored.metadata.name}`, stored), 200);
      expect(counts(all).map((count, index) => count - before[index]!)).to.deep.equal([1, 1]);
    });

    check("are called no third time, whatever the second changes", async () => {
      const all = await hooks(2, ifNeeded);
      for (const one of all) {
        let calls = 0;
        one.answer((call) => patching(add(`n${one.path.slice(1)}`, String(++calls)))(call));
      }
      await created(all[0]);
      expect(counts(all)).to.deep.equal([2, 2]);
    });

    check("are called again after one that changes the object only in the second round", async () => {
      const all = await hooks(2, ifNeeded);
      all[0]!.answer((call) => (dataOf(call).late === "yes" ? patching(add("again"))(call) : allow(call)));
      all[1]!.answer(patching(add("late")));
      expect((await created(all[0])).data).to.deep.equal({ a: "1", late: "yes", again: "yes" });
      expect(counts(all)).to.deep.equal([2, 2]);
    });

    check("are not called for the first time in the second round, although they fit then", async () => {
      const probing = 'object.metadata.name.startsWith("in-effect")';
      const expression = `${probing} || (has(object.data) && "late" in object.data)`;
      const all = await hooks(2, ifNeeded);
      const late = all[1]!;
      const first = await hook({
        kind: "mutating",
        webhook: { ...ifNeeded, matchConditions: [{ name: "late", expression }] },
        labels: late.labels,
      });
      late.answer(patching(add("late")));
      const order = byName([first, late]);
      await created(late);
      // a later one is called, in the first round, because the object fits by then
      expect(first.calls()).to.have.length(order[0] === first ? 0 : 1);
    });

    check("are shown in the second round what the server's own plugins have given back", async () => {
      const rules = ["configmaps", "pods"].map((resource) => ({
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: ["CREATE"],
        resources: [resource],
      }));
      const all = await hooks(2, { ...ifNeeded, rules });
      all[1]!.answer((call) => ({
        body: reviewAnswer(call, {
          allowed: true,
          patchType: "JSONPatch",
          patch: Buffer.from('[{"op":"remove","path":"/spec/tolerations"}]').toString("base64"),
        }),
      }));
      const pods = `${paths.namespaces}/${namespace()}/pods`;
      const spec = { containers: [{ name: "main", image: "a" }], automountServiceAccountToken: false };
      const metadata = { name: unique("pod"), labels: all[0]!.labels };
      const seen = (): unknown[] =>
        all[0]!
          .calls()
          .map(({ review }) => review.request.object as { spec: { tolerations?: unknown[] } })
          .map((pod) => pod.spec.tolerations?.length ?? 0);
      object(await admin().post(`${pods}?dryRun=All`, { metadata, spec }));
      expect(seen()).to.deep.equal([2, 2]);
    });
  });
}
