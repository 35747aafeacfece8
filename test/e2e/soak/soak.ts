import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { partsOf } from "../../contract/objects.ts";
import { type ApiClient, createApiClient } from "../../rig/api-client.ts";
import { poll } from "../../rig/poll.ts";
import { type AgentProcess, metricOf, startAgent } from "../agent-process.ts";
import { execUser } from "../package-commands.ts";
import { type StoryCluster, startStory } from "../story-cluster.ts";
import { attested } from "../story-expectations.ts";
import {
  callerAccount,
  deployment,
  goodImage,
  guardConfiguration,
  guardRules,
  namespace,
} from "../story-objects.ts";

/**
 * `npm run soak [MINUTES]`: an unmodified kube-apiserver calls webhooks that accept attested tokens only, without a pause, for
 * longer than two of its tokens live (21 min where nothing is said). One host has its token from the agent's socket, one from
 * the plugin alone, one from the agent's token file; and a guard is called for every request for a token, its own among them.
 * Says what it saw, and ends with 1 where a call failed or a token was not renewed.
 */
const minutes = Number(process.argv[2] ?? 21);
/** A token lives ten minutes and is renewed after eight. */
const renewals = Math.floor(minutes / 8.5);

const say = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const story = await startStory(attested);
let agent: AgentProcess | undefined;
try {
  agent = await startAgent({
    folder: join(story.folder, "agent"),
    kubeconfigFile: story.minterFile,
    configuration: {
      serviceAccount: callerAccount,
      apiGroup: "*",
      tokenFiles: [{ host: story.hosts.bystander, file: "bystander.token" }],
    },
  });
  const client = createApiClient({ ...story.controlPlane, token: story.controlPlane.adminToken });
  await arrange(story, agent, client);
  const seen = await callWithoutPause(story, client);
  client.close();
  const minted = metricOf(
    await agent.metrics(),
    'apiserver_webhook_authentication_token_request_total{result="success"}',
  );
  say(JSON.stringify({ minutes, ...seen, mintedByAgent: minted }));
  // three hosts have their tokens from the agent; the bystander's are seen
  const renewed = minted >= 3 * (1 + renewals) && seen.tokensOfBystander >= 1 + renewals;
  if (seen.failures > 0 || !renewed) process.exitCode = 1;
} finally {
  await agent?.stop();
  await story.stop();
}

/** Warm before it guards: cold, nothing could bring its token. */
async function arrange(cluster: StoryCluster, withAgent: AgentProcess, client: ApiClient): Promise<void> {
  const { hosts, folder, serve, kubectl, plugin } = cluster;
  await kubectl(["apply", "-f", "-"], guardConfiguration(serve, {}));
  await cluster.restartWith({
    service: execUser(withAgent.plugin),
    guard: execUser(withAgent.plugin),
    url: execUser(plugin),
    bystander: { tokenFile: join(folder, "agent", "bystander.token") },
  });
  await poll("all to be accepted", async () => ((await create(client)) === undefined ? true : undefined), {
    timeoutMs: 90_000,
    intervalMs: 500,
  });
  const rules = [guardRules.deployments, guardRules.tokenRequests];
  await kubectl(["apply", "-f", "-"], guardConfiguration(serve, { rules }));
  say(`calling ${Object.values(hosts).join(", ")} for ${minutes} min`);
}

/** What went wrong, or undefined. Two Deployments, one for each of serve's selectors, and a token, none of them kept. */
async function create(client: ApiClient): Promise<string | undefined> {
  for (const via of ["service", "url"]) {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`;
    const { status, text } = await client.post(
      path,
      deployment("soak", { via, failurePolicy: "Fail" }, goodImage),
    );
    if (status !== 201) return text;
  }
  const { status, text } = await client.post(
    `/api/v1/namespaces/${namespace}/serviceaccounts/countersign/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  );
  return status === 201 ? undefined : text;
}

async function callWithoutPause(cluster: StoryCluster, client: ApiClient) {
  const tokens = new Set<unknown>();
  let rounds = 0;
  let failures = 0;
  for (const end = Date.now() + minutes * 60_000; Date.now() < end; await delay(250)) {
    const failure = await create(client);
    rounds += 1;
    if (failure !== undefined) {
      failures += 1;
      say(failure);
    }
    const { authorization = "" } = cluster.bystander.calls("/").at(-1)!.headers;
    tokens.add(partsOf(authorization.replace("Bearer ", "")).claims.jti);
    if (rounds % 240 === 0) say(`${rounds} rounds, ${failures} failures, ${tokens.size} tokens`);
  }
  const guarded = cluster.serve
    .log()
    .filter(({ path, msg }) => path === "/validate/guard" && msg === "allowed").length;
  return { rounds, failures, tokensOfBystander: tokens.size, callsOfGuard: guarded };
}
