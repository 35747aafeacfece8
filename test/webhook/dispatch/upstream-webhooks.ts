import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import type { Answer, WebhookRig } from "../webhook-rig.ts";
import { allow, patchOf } from "./dispatch-rig.ts";

/** The webhooks of upstream's test server, by path. They answer v1beta1 as it may be: without version, kind and uid. */
export const upstreamAnswers: Readonly<Record<string, Answer>> = {
  "/allow": () => ({ ...allow(), auditAnnotations: { key1: "value1" } }),
  "/noop": allow,
  "/disallow": () => ({ allowed: false, status: { code: 403 } }),
  "/disallowReason": () => ({ allowed: false, status: { code: 403, message: "not today" } }),
  "/internalErr": (_, response) => void response.writeHead(500).end("broken"),
  "/nonStatusError": (_, response) => void response.socket!.end("bad-http"),
  "/nilResponse": (_, response) => void response.writeHead(200).end("{}"),
  "/invalidAnnotation": () => ({ ...allow(), auditAnnotations: { "invalid*key": "value1" } }),
  "/removeLabel": () => ({
    ...patchOf({ op: "remove", path: "/metadata/labels/remove" }),
    auditAnnotations: { key1: "value1" },
  }),
  "/addLabel": () => patchOf({ op: "add", path: "/metadata/labels/added", value: "test" }),
  "/invalidPatch": () => patchText("[{"),
  "/invalidMutation": () => patchText('[{"op": "add", "CORRUPTED_KEY":}]'),
};

function patchText(text: string): object {
  return { allowed: true, patchType: "JSONPatch", patch: Buffer.from(text).toString("base64") };
}

/** One of them for everything, through a Service; `members` come last. */
export function upstreamWebhook(
  { server }: WebhookRig,
  name: string,
  path: string,
  members: Partial<Webhook> = {},
): Webhook {
  return {
    name,
    clientConfig: {
      service: { name: "svc", namespace: "ns", path: `/${path}` },
      caBundle: Buffer.from(server.ca).toString("base64"),
    },
    rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
    admissionReviewVersions: ["v1beta1"],
    ...members,
  };
}

/** The same by URL: localhost leads to where the server listens. */
export function byURL({ server }: WebhookRig, path: string): Partial<Webhook> {
  const url = `https://localhost:${server.port}/${path}`;
  return { clientConfig: { url, caBundle: Buffer.from(server.ca).toString("base64") } };
}
