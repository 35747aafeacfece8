import type { IncomingMessage, ServerResponse } from "node:http";
import type { AdmissionAttributes } from "../../src/admission/admission-attributes.ts";
import type { JSONObject } from "../../src/admission/json-value.ts";
import type {
  Webhook,
  WebhookConfiguration,
  WebhookConfigurationKind,
} from "../../src/apis/admissionregistration.ts";
import { createAuthenticationInfoResolver } from "../../src/webhook/client/authentication-info-resolver.ts";
import { createWebhookClient, type WebhookClient } from "../../src/webhook/client/webhook-client.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../tls-server.ts";

/** What a webhook under test does with a review's request: members of its response, or anything at all with `response`. */
export type Answer = (
  request: JSONObject & { uid: string },
  response: ServerResponse,
  incoming: IncomingMessage,
) => object | undefined;

export interface WebhookRig {
  readonly server: TLSServer;
  readonly client: WebhookClient;
  /** By path. */
  readonly answers: Record<string, Answer>;
  /** Requests by path, in order. */
  readonly seen: { path: string; request: JSONObject & { uid: string } }[];
  configuration(
    kind: WebhookConfigurationKind,
    name: string,
    ...webhooks: Partial<Webhook>[]
  ): WebhookConfiguration;
  close(): Promise<void>;
}

/** Webhooks on a real TLS server, a webhook for every path, called through `svc.ns.svc`. */
export async function startWebhookRig(): Promise<WebhookRig> {
  const answers: WebhookRig["answers"] = {};
  const seen: WebhookRig["seen"] = [];
  const server = await startTLSServer(async (incoming, response) => {
    const path = (incoming.url ?? "").split("?")[0]!;
    const { request } = JSON.parse(await readBody(incoming));
    seen.push({ path, request });
    const answer = answers[path]?.(request, response, incoming);
    if (answer === undefined) return;
    const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };
    answerJSON(response, 200, { ...review, response: { uid: request.uid, ...answer } });
  });
  const client = createWebhookClient({
    resolver: createAuthenticationInfoResolver({}),
    services: { resolve: () => ({ host: "127.0.0.1", port: server.port }) },
  });
  return {
    server,
    client,
    answers,
    seen,
    configuration: (kind, name, ...webhooks) => ({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind,
      metadata: { name, uid: `uid-of-${name}` },
      webhooks: webhooks.map((webhook) => webhookOf(server, webhook)),
    }),
    async close() {
      client.close();
      await server.close();
    },
  };
}

/** A webhook for everything at path `/NAME`, unless said otherwise. */
function webhookOf(server: TLSServer, webhook: Partial<Webhook>): Webhook {
  const { name = "a" } = webhook;
  return {
    clientConfig: {
      service: { name: "svc", namespace: "ns", path: `/${name}` },
      caBundle: Buffer.from(server.ca).toString("base64"),
    },
    rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...webhook,
    name,
  };
}

/** The creation of a Deployment. */
export const creation: AdmissionAttributes = {
  operation: "CREATE",
  kind: { group: "apps", version: "v1", kind: "Deployment" },
  resource: { group: "apps", version: "v1", resource: "deployments" },
  name: "web",
  namespace: "shop",
  userInfo: { username: "jane", groups: ["system:authenticated"] },
  object: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", labels: { app: "web" } } },
};
