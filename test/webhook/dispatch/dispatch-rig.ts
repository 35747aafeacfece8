import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import type { JSONValue } from "../../../src/admission/json-value.ts";
import type { Webhook, WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import type { Status } from "../../../src/apis/meta.ts";
import { diagnosticsChannel, type WebhookMessage } from "../../../src/diagnostics.ts";
import { dispatchStatus } from "../../../src/webhook/dispatch/dispatch-errors.ts";
import {
  createMutatingDispatcher,
  type MutatingDispatcher,
  type MutatingDispatcherOptions,
  type MutationOptions,
} from "../../../src/webhook/dispatch/mutating-dispatcher.ts";
import {
  createValidatingDispatcher,
  type ValidatingDispatcher,
} from "../../../src/webhook/dispatch/validating-dispatcher.ts";
import type { DispatchOptions } from "../../../src/webhook/matching/dispatch-options.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation, startWebhookRig, type WebhookRig } from "../webhook-rig.ts";

/** Both dispatchers over webhooks on a real TLS server; what a case registers is gone with the next. */
export interface DispatchRig {
  webhooks(): WebhookRig;
  /** By path, which is a webhook's name unless it says otherwise. */
  answers(): WebhookRig["answers"];
  paths(): readonly string[];
  /** What was published of calls. */
  readonly published: WebhookMessage[];
  /** For the case at hand. */
  use(options: Partial<MutatingDispatcherOptions>): void;
  validating(...webhooks: Partial<Webhook>[]): void;
  mutating(...webhooks: Partial<Webhook>[]): void;
  add(configuration: WebhookConfiguration): void;
  /** No webhooks any more. */
  clear(): void;
  validate(
    attributes?: AdmissionAttributes,
    options?: DispatchOptions,
  ): ReturnType<ValidatingDispatcher["validate"]>;
  mutate(
    attributes?: AdmissionAttributes,
    options?: MutationOptions,
  ): ReturnType<MutatingDispatcher["mutate"]>;
}

export function useDispatchers(): DispatchRig {
  let rig: WebhookRig;
  let configurations: WebhookConfiguration[];
  let more: Partial<MutatingDispatcherOptions>;
  const published: WebhookMessage[] = [];
  const listen = (message: unknown): void => void published.push(message as WebhookMessage);
  before(async () => {
    rig = await startWebhookRig();
    diagnosticsChannel("countersign:webhook").subscribe(listen);
  });
  beforeEach(() => {
    rig.seen.length = 0;
    published.length = 0;
    for (const path of Object.keys(rig.answers)) delete rig.answers[path];
    configurations = [];
    more = {};
  });
  after(async () => {
    diagnosticsChannel("countersign:webhook").unsubscribe(listen);
    await rig.close();
  });
  const options = (): MutatingDispatcherOptions => ({
    client: rig.client,
    configurations: () => configurations,
    namespaceLabels: () => ({ team: "a" }),
    ...more,
  });
  return {
    webhooks: () => rig,
    answers: () => rig.answers,
    paths: () => rig.seen.map(({ path }) => path),
    published,
    use(given) {
      more = given;
    },
    validating: (...webhooks) =>
      void configurations.push(rig.configuration("ValidatingWebhookConfiguration", "v", ...webhooks)),
    mutating: (...webhooks) =>
      void configurations.push(rig.configuration("MutatingWebhookConfiguration", "m", ...webhooks)),
    add: (configuration) => void configurations.push(configuration),
    clear() {
      configurations = [];
    },
    validate: (attributes = creation, given = {}) =>
      createValidatingDispatcher(options()).validate(attributes, given),
    mutate: (attributes = creation, given = {}) =>
      createMutatingDispatcher(options()).mutate(attributes, given),
  };
}

export const allow = (): object => ({ allowed: true });

/** The answer of a webhook that patches. */
export const patchOf = (...operations: object[]): object => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

export const label = (name: string, value: JSONValue): object => ({
  op: "add",
  path: `/metadata/labels/${name}`,
  value,
});

export function labelsOf(object: JSONValue | undefined): JSONValue {
  return (object as { metadata: { labels: JSONValue } }).metadata.labels;
}

/** What the API server's client is answered with. */
export async function refusalStatus(work: Promise<unknown>): Promise<Status & { readonly code: number }> {
  return dispatchStatus(await rejectionOf(work));
}
