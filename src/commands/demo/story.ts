import { admissionReviewAPIGroups, serviceAccountUsername } from "../../apis/authentication.ts";
import type { SubjectAccessReview } from "../../apis/authorization.ts";
import { readTokenPayload } from "../../credentials/token-payload.ts";
import { errorCodeOf } from "../../errors.ts";
import { rbacGrants } from "../../inspection/rbac-grants.ts";
import type { ControlPlaneStatistics } from "../../testing/control-plane.ts";
import { acceptGenuine, repelAttackers } from "./attacks.ts";
import type { Narrator } from "./narrator.ts";
import {
  callerAccount,
  deployment,
  rbacPath,
  tenantAccount,
  tenantGroup,
  webhookName,
  webhookPath,
} from "./objects.ts";
import { attestedIntent, type Stage } from "./stage.ts";

const callerUsername = serviceAccountUsername(callerAccount);

/** The story, act by act. */
export const story: readonly { readonly title: string; readonly tell: Act }[] = [
  {
    title: "Three processes: an API server, a webhook server, and somebody who can reach the webhook's port",
    tell: introduce,
  },
  { title: "A ServiceAccount to call webhooks as, and its grant", tell: grant },
  { title: "A token for this one webhook", tell: mint },
  { title: "A Deployment that the policy likes", tell: admit },
  { title: "A Deployment that it does not", tell: deny },
  { title: "The attackers", tell: repel },
  { title: "What it cost", tell: cost },
];

type Act = (stage: Stage, narrator: Narrator) => Promise<void>;

async function introduce({ url, webhookPort, audience }: Stage, narrator: Narrator): Promise<void> {
  narrator.say(`API server       ${url}
webhook server   https://127.0.0.1:${webhookPort}${webhookPath}, mode enforce
its audience     ${audience}`);
}

async function grant({ client, configuration }: Stage, narrator: Narrator): Promise<void> {
  const tenantGrants = rbacGrants({ configuration, serviceAccount: tenantAccount, apiGroups: [tenantGroup] });
  for (const object of tenantGrants) await client.request({ path: rbacPath(object), body: object });
  narrator.say(`\`attest\` on admissionReviewAPIGroups.authentication.k8s.io says whose reviews a ServiceAccount may show:
the issuer asks about the ServiceAccount a token is for, not about who requests it.`);
  const rows = [
    { account: callerAccount, group: "*", allowed: true },
    { account: tenantAccount, group: tenantGroup, allowed: true },
    { account: tenantAccount, group: "apps", allowed: false },
  ];
  for (const { account, group, allowed } of rows) {
    const user = serviceAccountUsername(account);
    const held = (await mayAttest(client, user, group)) === allowed;
    narrator.check(`${user} may${allowed ? "" : " not"} attest "${group}"`, held);
  }
}

async function mayAttest(client: Stage["client"], user: string, name: string): Promise<boolean> {
  const resourceAttributes = {
    verb: "attest",
    group: "authentication.k8s.io",
    resource: admissionReviewAPIGroups,
    name,
  };
  const { body } = await client.request<SubjectAccessReview>({
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user, resourceAttributes },
    },
  });
  return body.status?.allowed === true;
}

async function mint(stage: Stage, narrator: Narrator): Promise<void> {
  const { token } = await stage.mint(callerAccount, attestedIntent(stage, "*"));
  const { aud, exp, iat, sub, "kubernetes.io": bound } = readTokenPayload(token) ?? {};
  narrator.say(`its claims (the token itself is never printed):
${JSON.stringify({ sub, aud, lifetimeSeconds: Number(exp) - Number(iat), "kubernetes.io": bound }, undefined, 2)}`);
  narrator.check(
    "it lives ten minutes and has one audience",
    Number(exp) - Number(iat) === 600 && Array.isArray(aud),
  );
}

async function admit(stage: Stage, narrator: Narrator): Promise<void> {
  await create(stage, "web", "registry.example.com/team/web:1.27");
  const line = await stage.server.line(({ msg, name }) => msg === "allowed" && name === "web");
  narrator.check("it was created through the API server", true);
  narrator.check(
    "the API server's call carried a token, and the webhook knew who called",
    line.caller === callerUsername && line.method === "webhookToken",
    `caller ${line.caller} (${line.method}), user ${line.user}`,
  );
}

async function deny(stage: Stage, narrator: Narrator): Promise<void> {
  const message = await create(stage, "miner", "docker.io/somebody/miner:latest").then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : errorCodeOf(error)),
  );
  const told = `admission webhook "${webhookName}" denied the request: images come from registry.example.com only`;
  narrator.check(
    "it was denied, and the API server's client is told why",
    message?.includes(told) === true,
    message,
  );
}

async function repel(stage: Stage, narrator: Narrator): Promise<void> {
  narrator.say(
    "Each posts a well-formed review to the webhook's port. The webhook is registered with failurePolicy: Ignore.",
  );
  await repelAttackers(stage, narrator);
  await acceptGenuine(stage, narrator);
}

async function cost(stage: Stage, narrator: Narrator): Promise<void> {
  const before = await stage.controlPlane.call<ControlPlaneStatistics>("statistics");
  for (const name of ["api", "worker", "cron"])
    await create(stage, name, `registry.example.com/team/${name}:1`);
  const after = await stage.controlPlane.call<ControlPlaneStatistics>("statistics");
  const webhookCalls = after.webhookCalls - before.webhookCalls;
  narrator.say(`So far ${before.calls} calls to the API server, ${before.webhookCalls} from it to the webhook, and ${before.tokensMinted} tokens minted:
most of them for the attackers, one for the API server itself.`);
  narrator.check(
    `three more Deployments: ${webhookCalls} webhook calls, ${after.tokensMinted - before.tokensMinted} tokens minted`,
    webhookCalls === 3 && after.tokensMinted === before.tokensMinted,
    "a token is kept until it is due for renewal, at eight minutes of its ten",
  );
}

function create({ client }: Stage, name: string, image: string): Promise<unknown> {
  return client.request({ path: "/apis/apps/v1/namespaces/shop/deployments", body: deployment(name, image) });
}
