import { expect } from "chai";
import type { ApiAnswer } from "../rig/api-client.ts";
import {
  type AnswerWebhook,
  type CapturingWebhook,
  reviewAnswer,
  startCapturingWebhook,
  type WebhookCall,
} from "../rig/capturing-webhook.ts";
import { poll } from "../rig/poll.ts";
import { type ConfigurationKind, createNamespace, object, paths, type StoredObject } from "./objects.ts";
import type { Contract } from "./target.ts";

/** One webhook that is called only for the objects of its case. */
export interface HookedCase {
  readonly webhookName: string;
  readonly configuration: StoredObject;
  /** The path it is called on. */
  readonly path: string;
  /** The labels that make it called. */
  readonly labels: Readonly<Record<string, string>>;
  /** The calls of this case, without those that found out whether the webhook is in effect. */
  calls(): readonly WebhookCall[];
  answer(answer: AnswerWebhook): void;
}

export interface HookOptions {
  readonly kind?: ConfigurationKind;
  /** More fields of the webhook, in place of the fixture's. */
  readonly webhook?: Readonly<Record<string, unknown>>;
  readonly by?: "url" | "service";
  /** Called for the objects of an earlier case as well. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What stands between `/` and the end of the configured path. */
  readonly pathSuffix?: string;
  /** Until the webhook is in effect it is polled with ConfigMaps; what it must answer them with. */
  readonly whileProbed?: AnswerWebhook;
}

export interface WebhookFixture {
  readonly server: () => CapturingWebhook;
  readonly namespace: () => string;
  /** Registers a webhook for ConfigMaps and waits until it is called. Removed after the case. */
  hook(options?: HookOptions): Promise<HookedCase>;
  create(hooked: Pick<HookedCase, "labels">, more?: object, query?: string): Promise<ApiAnswer>;
  configMaps(): string;
}

const serviceName = "capturing-webhook";
const probeName = "in-effect";

/** A webhook server that the target calls, by URL, and by a Service of type ExternalName that leads back to this machine. */
export function useWebhook(contract: Contract): WebhookFixture {
  const { admin, unique } = contract;
  let server: CapturingWebhook;
  let namespace: string;
  const created: string[] = [];
  const configMaps = (): string => `${paths.namespaces}/${namespace}/configmaps`;

  before(async () => {
    namespace = await createNamespace(contract, { "contract.example.com/hooked": "true" });
    server = await startCapturingWebhook({ names: [`${serviceName}.${namespace}.svc`] });
    const spec = { type: "ExternalName", externalName: "localhost" };
    object(
      await admin().post(`${paths.namespaces}/${namespace}/services`, {
        metadata: { name: serviceName },
        spec,
      }),
    );
  });
  afterEach(async () => {
    for (const path of created.splice(0)) await admin().delete(path);
  });
  after(async () => {
    await server?.close();
  });

  const create: WebhookFixture["create"] = ({ labels }, more = {}, query = "") =>
    admin().post(`${configMaps()}${query}`, { metadata: { name: unique("reviewed"), labels }, ...more });

  const clientConfig = (by: "url" | "service", path: string): object =>
    by === "url"
      ? { url: `https://localhost:${server.port}${path}`, caBundle: server.caBundle }
      : { service: { namespace, name: serviceName, port: server.port, path }, caBundle: server.caBundle };

  const hook: WebhookFixture["hook"] = async ({
    kind = "validating",
    webhook = {},
    by = "url",
    pathSuffix = "",
    ...options
  } = {}) => {
    const id = unique("hook");
    const path = `/${id}${pathSuffix}`;
    const labels = { ...options.labels, [id]: "yes" };
    if (options.whileProbed) server.answer(path, options.whileProbed);
    const webhookName = `${id}.contract.example.com`;
    const configuration = object(
      await admin().post(paths[kind], {
        metadata: { name: id },
        webhooks: [
          {
            name: webhookName,
            clientConfig: clientConfig(by, path),
            rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
            objectSelector: { matchLabels: options.labels ?? labels },
            sideEffects: "None",
            admissionReviewVersions: ["v1"],
            ...webhook,
          },
        ],
      }),
    );
    created.push(`${paths[kind]}/${id}`);
    // paths are cleaned on the way: a trailing slash does not arrive
    const arrivesAt = path.length > 1 ? path.replace(/\/+$/, "") : path;
    await poll("the webhook to be in effect", async () => {
      await admin().post(`${configMaps()}?dryRun=All`, {
        metadata: { name: unique(probeName), labels: options.labels ?? labels },
      });
      return server.calls(arrivesAt).length > 0 ? true : undefined;
    });
    return {
      webhookName,
      configuration,
      path: arrivesAt,
      labels: options.labels ?? labels,
      calls: () =>
        server.calls(arrivesAt).filter(({ review }) => !String(review.request.name).startsWith(probeName)),
      answer: (answer) => server.answer(arrivesAt, answer),
    };
  };

  return { server: () => server, namespace: () => namespace, hook, create, configMaps };
}

export const allow: AnswerWebhook = (call) => ({ body: reviewAnswer(call, { allowed: true }) });
export const answering =
  (response: Readonly<Record<string, unknown>>): AnswerWebhook =>
  (call) => ({ body: reviewAnswer(call, response) });

/** The one call that reached the webhook. */
export function onlyCall(hooked: HookedCase): WebhookCall {
  expect(hooked.calls()).to.have.length(1);
  return hooked.calls()[0]!;
}
