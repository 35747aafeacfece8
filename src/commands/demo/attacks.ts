import { generateKeyPairSync, randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";
import type { ErrorCode } from "../../errors.ts";
import type { PostedAnswer, PostedReview } from "./caller-process.ts";
import type { Narrator } from "./narrator.ts";
import {
  callerAccount,
  deploymentReview,
  serverName,
  tenantAccount,
  tenantGroup,
  webhookPath,
} from "./objects.ts";
import { attestedIntent, type Stage } from "./stage.ts";

/** One way to pretend, and the one reason it has to be refused for. */
interface Attack {
  readonly name: string;
  readonly code: ErrorCode;
  authorization(stage: Stage): Promise<readonly string[]>;
}

const hourMs = 3_600_000;

const attacks: readonly Attack[] = [
  { name: "no token", code: "ERR_CREDENTIALS_MISSING", authorization: async () => [] },
  {
    name: "a forged signature: the right claims, the right key id, another key",
    code: "ERR_TOKEN_SIGNATURE",
    authorization: async (stage) => [`Bearer ${forged(await goodToken(stage))}`],
  },
  {
    name: "an expired token, minted an hour ago",
    code: "ERR_TOKEN_EXPIRED",
    async authorization(stage) {
      await stage.controlPlane.call("advance", { ms: -hourMs });
      try {
        // asked for without our client, which would not take a token that is expired on arrival
        return [`Bearer ${await expiredToken(stage)}`];
      } finally {
        await stage.controlPlane.call("advance", { ms: hourMs });
      }
    },
  },
  {
    name: "a token minted for another webhook's audience",
    code: "ERR_TOKEN_AUDIENCE",
    authorization: async (stage) => [
      await bearer(stage, callerAccount, attestedIntent(stage, "*", "https://other.example.com/validate")),
    ],
  },
  {
    name: `a good token that attests ${tenantGroup}, showing a Deployment of apps`,
    code: "ERR_GROUP_NOT_ATTESTED",
    authorization: async (stage) => [await bearer(stage, tenantAccount, attestedIntent(stage, tenantGroup))],
  },
  {
    name: "a plain token of a ServiceAccount that nobody named, for the right audience",
    code: "ERR_CALLER_UNNAMED",
    authorization: async (stage) => [
      await bearer(stage, tenantAccount, { mode: "audience", audiences: [stage.audience] }),
    ],
  },
  {
    name: "two Authorization headers, the good token first",
    code: "ERR_AUTHORIZATION_DUPLICATE",
    authorization: async (stage) => [`Bearer ${await goodToken(stage)}`, "Bearer something-else"],
  },
];

/** Every attacker is refused, each for its own reason in the log, all with one message on the wire. */
export async function repelAttackers(stage: Stage, narrator: Narrator): Promise<void> {
  const messages = new Set<string>();
  for (const attack of attacks) {
    const uid = randomUUID();
    const answer = await post(stage, await attack.authorization(stage), uid);
    const { response } = JSON.parse(answer.body) as AnsweredReview;
    const line = await stage.server.line((one) => one.uid === uid && one.msg === "refused");
    messages.add(`${response.status?.message}`);
    const refused = answer.status === 200 && response.uid === uid && response.allowed === false;
    narrator.check(attack.name, refused && line.code === attack.code, `refused, in the log: ${line.code}`);
  }
  narrator.check(
    `one message on the wire for all of them: "${[...messages].join('", "')}"`,
    messages.size === 1,
  );
}

/** The control: the very same request, with a good token, is served. So it was the token that made the difference. */
export async function acceptGenuine(stage: Stage, narrator: Narrator): Promise<void> {
  const answer = await post(stage, [`Bearer ${await goodToken(stage)}`], randomUUID());
  const { response } = JSON.parse(answer.body) as AnsweredReview;
  narrator.check("the very same review with a good token is served", response.allowed === true);
}

interface AnsweredReview {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly message?: string };
  };
}

function post(stage: Stage, authorization: readonly string[], uid: string): Promise<PostedAnswer> {
  const { webhookPort: port, webhookCA: caPem } = stage;
  const review: PostedReview = {
    port,
    caPem,
    serverName,
    path: webhookPath,
    authorization,
    body: deploymentReview(uid),
  };
  return stage.caller.call<PostedAnswer>("post", review);
}

async function bearer(stage: Stage, ...[account, intent]: Parameters<Stage["mint"]>): Promise<string> {
  return `Bearer ${(await stage.mint(account, intent)).token.reveal()}`;
}

async function goodToken(stage: Stage): Promise<string> {
  return (await stage.mint(callerAccount, attestedIntent(stage, "*"))).token.reveal();
}

async function expiredToken(stage: Stage): Promise<string> {
  const { namespace, name } = callerAccount;
  const { kind, metadata } = stage.configuration;
  const { body } = await stage.client.request<{ readonly status: { readonly token: string } }>({
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: [stage.audience],
        boundObjectRef: {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind,
          name: metadata.name,
          uid: metadata.uid,
        },
        attestations: { admissionReviewAPIGroups: ["*"] },
      },
    },
  });
  return body.status.token;
}

function forged(token: string): string {
  const { header, payload } = jwt.decode(token, { complete: true }) ?? {};
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return jwt.sign(payload as object, privateKey, { algorithm: "RS256", header: header! });
}
