import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import {
  type AdmissionAttributes,
  createAuthenticationInfoResolver,
  createMutatingDispatcher,
  createValidatingDispatcher,
  createWebhookClient,
} from "../../src/webhook/index.ts";
import { createApiClient } from "../rig/api-client.ts";
import { type CapturingWebhook, reviewAnswer, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";

type Annotations = Readonly<Record<string, string>>;

const admission = "/apis/admissionregistration.k8s.io/v1";
const configMaps = "/api/v1/namespaces/default/configmaps";

/** The audit log of kube-apiserver and our dispatchers, over the same webhooks. */
await describeWith(["kube-apiserver 1.37"], "audit annotations", () => {
  let folder: string;
  let controlPlane: RealControlPlane;
  let webhooks: CapturingWebhook;
  before(async function () {
    this.timeout(180_000);
    folder = mkdtempSync(join(tmpdir(), "countersign-audit-"));
    const policy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Request" }] };
    writeFileSync(join(folder, "policy.json"), JSON.stringify(policy));
    const extraFlags = [
      `--audit-policy-file=${join(folder, "policy.json")}`,
      `--audit-log-path=${logFile()}`,
    ];
    webhooks = await startCapturingWebhook();
    controlPlane = await startRealControlPlane({ extraFlags });
  });
  after(async () => {
    await webhooks?.close();
    await controlPlane?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const logFile = (): string => join(folder, "audit.log");
  const webhook = (name: string, members: object = {}): object => ({
    name: `${name}.example.com`,
    clientConfig: { url: `https://localhost:${webhooks.port}/${name}`, caBundle: webhooks.caBundle },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...members,
  });

  /** What webhooks left in the audit event of the object's creation. */
  async function logged(name: string): Promise<Annotations> {
    const annotations = await poll("the audit event", () => {
      const events = readFileSync(logFile(), "utf8").split("\n").filter(Boolean);
      const found = events
        .map((line) => JSON.parse(line) as AuditEvent)
        .find(({ objectRef, verb, stage }) => isCreation(verb, stage) && objectRef?.name === name);
      return found?.annotations;
    });
    return Object.fromEntries(
      Object.entries(annotations).filter(([key]) => /webhook\.admission\.k8s\.io|example\.com/.test(key)),
    );
  }

  it("are those of kube-apiserver, key for key and byte for byte", async () => {
    webhooks.answer("/first", (call) => ({
      body: reviewAnswer(call, {
        allowed: true,
        auditAnnotations: { verdict: "fine", "not/one": "dropped", "-nor.this": "dropped" },
      }),
    }));
    const patch = [{ path: "/data", value: { b: "<a> & b", a: "ü" }, op: "add" }];
    webhooks.answer("/second", (call) => ({
      body: reviewAnswer(call, {
        allowed: true,
        patchType: "JSONPatch",
        patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
      }),
    }));
    for (const broken of ["/third", "/fifth"])
      webhooks.answer(broken, () => ({ status: 500, body: "broken" }));
    webhooks.answer("/fourth", (call) => ({
      body: reviewAnswer(call, { allowed: true, auditAnnotations: { checked: "yes" } }),
    }));
    const admin = createApiClient({
      url: controlPlane.url,
      caPem: controlPlane.caPem,
      token: controlPlane.adminToken,
    });
    const ignore = { failurePolicy: "Ignore" };
    const configurations = await Promise.all(
      [
        {
          kind: "MutatingWebhookConfiguration",
          webhooks: [
            webhook("first", { reinvocationPolicy: "IfNeeded" }),
            webhook("second"),
            webhook("third", ignore),
          ],
        },
        { kind: "ValidatingWebhookConfiguration", webhooks: [webhook("fourth"), webhook("fifth", ignore)] },
      ].map(async (configuration) => {
        const resource = `${configuration.kind.toLowerCase()}s`;
        const body = { ...configuration, metadata: { name: "audited" } };
        return (await admin.post(`${admission}/${resource}`, body)).body as WebhookConfiguration;
      }),
    );
    const created = await poll("all webhooks to be in effect", async () => {
      const name = `audited-${Date.now()}`;
      const before = ["/third", "/fifth"].map((path) => webhooks.calls(path).length);
      await admin.post(configMaps, { metadata: { name } });
      const after = ["/third", "/fifth"].map((path) => webhooks.calls(path).length);
      return after.every((count, index) => count > before[index]!) ? name : undefined;
    });
    admin.close();
    const { review } = webhooks.calls("/first").find((call) => call.review.request.name === created)!;
    const ours = await dispatched(configurations, review.request as unknown as AdmissionAttributes);
    expect(ours).to.deep.equal(await logged(created));
  });
});

interface AuditEvent {
  readonly verb: string;
  readonly stage: string;
  readonly objectRef?: { readonly name?: string };
  readonly annotations?: Annotations;
}

function isCreation(verb: string, stage: string): boolean {
  return verb === "create" && stage === "ResponseComplete";
}

/** What our dispatchers say of the same request. */
async function dispatched(
  configurations: readonly WebhookConfiguration[],
  attributes: AdmissionAttributes,
): Promise<Annotations> {
  const client = createWebhookClient({ resolver: createAuthenticationInfoResolver({}) });
  const options = { client, configurations: () => configurations, namespaceLabels: () => ({}) };
  const { oldObject, ...creation } = attributes;
  const mutated = await createMutatingDispatcher(options).mutate(creation);
  const validated = await createValidatingDispatcher(options).validate({
    ...creation,
    object: mutated.object!,
  });
  client.close();
  return {
    ...mutated.auditAnnotations,
    ...mutated.requestAuditAnnotations,
    ...validated.auditAnnotations,
  };
}
