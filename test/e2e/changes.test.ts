import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { partsOf } from "../contract/objects.ts";
import { type ApiAnswer, type ApiClient, createApiClient } from "../rig/api-client.ts";
import { type CapturingWebhook, reviewAnswer, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { poll } from "../rig/poll.ts";
import { type AgentProcess, metricOf, startAgent } from "./agent-process.ts";
import { execUser } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { type StoryCluster, startStory } from "./story-cluster.ts";
import { attested } from "./story-expectations.ts";
import {
  callerAccount,
  configuration,
  deployment,
  goodImage,
  namespace,
  webhookKubeconfig,
} from "./story-objects.ts";

/** What a bound promises, and this much for a busy machine to show it. */
const slackMs = 10_000;
const grant = "countersign:webhook-attester:kube-system:webhook-caller:*";

await describeWith(
  ["kube-apiserver 1.37"],
  "what changes while kube-apiserver 1.37 and the agent run",
  () => {
    let story: StoryCluster;
    let agent: AgentProcess;
    let client: ApiClient;
    /** Called with tokens from the agent's socket; the bystander with those of a token file. */
    let webhook: CapturingWebhook;

    const startOurAgent = () =>
      startAgent({
        folder: join(story.folder, "agent"),
        kubeconfigFile: story.minterFile,
        configuration: {
          serviceAccount: callerAccount,
          apiGroup: "*",
          tokenFiles: [{ host: story.hosts.bystander, file: "bystander.token" }],
        },
      });
    const tokenFile = () => join(story.folder, "agent", "bystander.token");
    const server = () => `https://localhost:${webhook.port}`;
    const byExec = () =>
      configuration({
        name: "by-exec",
        clientConfig: { url: `${server()}/`, caBundle: webhook.caBundle },
        matchLabels: {},
      });
    const byFile = () => {
      const service = { name: "bystander", namespace, port: story.bystander.port };
      const { caBundle } = story.bystander;
      return configuration({ name: "bystander", clientConfig: { service, caBundle }, matchLabels: {} });
    };
    /** A Deployment that all of them and serve review, and nobody keeps. */
    const create = (): Promise<ApiAnswer> =>
      client.post(
        `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`,
        deployment("changed", { via: "service", failurePolicy: "Fail" }, goodImage),
      );
    const untilCreated = () =>
      poll("a Deployment to be admitted", async () => ((await create()).status === 201 ? true : undefined));
    const uidOf = async (name: string): Promise<string> =>
      story.kubectl(["get", "validatingwebhookconfiguration", name, "-o", "jsonpath={.metadata.uid}"]);
    const boundTo = (token: string): unknown => {
      if (!token.startsWith("ey")) return undefined;
      const { claims } = partsOf(token);
      return (claims["kubernetes.io"] as { validatingwebhookconfiguration: { uid: string } })
        .validatingwebhookconfiguration.uid;
    };
    const shownTo = (called: CapturingWebhook): unknown =>
      boundTo((called.calls("/").at(-1)?.headers.authorization ?? "").replace("Bearer ", ""));
    const mints = async (): Promise<number> =>
      metricOf(
        await agent.metrics(),
        'apiserver_webhook_authentication_token_request_total{result="success"}',
      );
    /** As kube-apiserver would run it, for the webhook that is called with tokens from the socket. */
    const plugin = async (which: "agent" | "alone") => {
      const chosen = which === "agent" ? agent.plugin : story.plugin;
      const { stdout, stderr } = await story.runPlugin(chosen, server());
      const { status } = JSON.parse(stdout) as { status: { token: string; expirationTimestamp: string } };
      return { ...status, stderr };
    };

    before(async () => {
      story = await startStory(attested);
      client = createApiClient({ ...story.controlPlane, token: story.controlPlane.adminToken });
      webhook = await startCapturingWebhook();
      await story.kubectl(["apply", "-f", "-"], byExec());
      agent = await startOurAgent();
      await poll("the token file", () =>
        boundTo(readFileSync(tokenFile(), "utf8")) === undefined ? undefined : true,
      );
      await story.controlPlane.restart({
        webhookKubeconfig: webhookKubeconfig([
          { name: story.hosts.service, user: execUser(agent.plugin) },
          { name: `localhost:${webhook.port}`, user: execUser(agent.plugin) },
          { name: story.hosts.bystander, user: { tokenFile: tokenFile() } },
        ]),
      });
      await untilCreated();
    });
    after(async () => {
      client?.close();
      await agent?.stop();
      await webhook?.close();
      await story?.stop();
    });

    it("a webhook that answers 401 fails its call; the next one passes, and no token is minted for it", async () => {
      const before = await mints();
      let refusals = 3;
      webhook.answer("/", (call) =>
        refusals-- > 0 ? { status: 401, body: "" } : { body: reviewAnswer(call, { allowed: true }) },
      );
      for (let call = 0; call < 3; call++) expect((await create()).text).to.contain("failed calling webhook");
      expect((await create()).status).to.equal(201);
      expect(await mints()).to.equal(before);
    });

    it("one that denies with code 401 denies, and no token is minted for it", async () => {
      const before = await mints();
      webhook.answer("/", (call) => ({
        body: reviewAnswer(call, { allowed: false, status: { code: 401, message: "not you" } }),
      }));
      expect((await create()).text).to.contain("not you");
      webhook.answer("/", (call) => ({ body: reviewAnswer(call, { allowed: true }) }));
      expect((await create()).status).to.equal(201);
      expect(await mints()).to.equal(before);
    });

    it("a webhook's certificate and caBundle that are rotated interrupt no longer than kube-apiserver needs to see them", async () => {
      for (const [rotated, changed] of [
        [webhook, byExec],
        [story.bystander, byFile],
      ] as const) {
        const shown = shownTo(rotated);
        rotated.rotate();
        expect((await create()).text).to.contain("certificate signed by unknown authority");
        await story.kubectl(["apply", "-f", "-"], changed());
        await untilCreated();
        expect(shownTo(rotated)).to.equal(shown);
      }
    });

    it("attest that is revoked lets calls go on; who then needs a token is told which grant is missing", async () => {
      await story.kubectl(["delete", "clusterrolebinding", grant]);
      await poll("the plugin to be refused", async () =>
        /attest/.test((await plugin("alone")).stderr) ? true : undefined,
      );
      const alone = await plugin("alone");
      expect(alone.stderr).to.contain("ERR_TOKEN_REQUEST_ATTEST").and.to.contain("attest");
      expect((await create()).status).to.equal(201);
      await agent.stop();
      agent = await startOurAgent();
      await plugin("agent");
      const { ready } = await agent.readiness();
      expect(ready).to.equal(false);
      const line = await poll("the agent to say why", () =>
        agent.log().find(({ code }) => code === "ERR_TOKEN_REQUEST_ATTEST"),
      );
      expect(line.detail).to.contain("attest");
      expect(boundTo(readFileSync(tokenFile(), "utf8")), "what the file holds").to.equal(
        await uidOf("story-bystander"),
      );
    });

    it("and granted again, tokens come again without a restart", async () => {
      await story.kubectl([
        "create",
        "clusterrolebinding",
        grant,
        `--clusterrole=${grant}`,
        `--serviceaccount=${callerAccount.namespace}:${callerAccount.name}`,
      ]);
      await poll("the agent to have a token", async () =>
        boundTo((await plugin("agent")).token) === undefined ? undefined : true,
      );
      await poll("the agent to be ready", async () => ((await agent.readiness()).ready ? true : undefined));
    });

    describe("a configuration that is deleted and made anew", () => {
      let uids: { byExec: string; byFile: string };

      before(async () => {
        await untilCreated();
        await story.kubectl(["delete", "validatingwebhookconfiguration", "story-by-exec", "story-bystander"]);
        await story.kubectl(["apply", "-f", "-"], {
          apiVersion: "v1",
          kind: "List",
          items: [byExec(), byFile()],
        });
        uids = { byExec: await uidOf("story-by-exec"), byFile: await uidOf("story-bystander") };
      });

      it("has a token from the agent as soon as that has seen it", async () => {
        await poll("the token", async () =>
          boundTo((await plugin("agent")).token) === uids.byExec ? true : undefined,
        );
      });

      it("has one from the plugin alone whenever that is run, which is no later than the old one's expiry", async () => {
        const { token, expirationTimestamp } = await plugin("alone");
        expect(boundTo(token)).to.equal(uids.byExec);
        const { exp } = partsOf(token).claims as { exp: number };
        expect(Date.parse(expirationTimestamp)).to.be.at.most(exp * 1000);
      });

      it("is shown its own token within 60 s by the socket, and 50 s after the token file was written", async () => {
        const untilShown = (called: CapturingWebhook, uid: string, boundMs: number) =>
          poll(
            "the new token to be shown",
            async () => {
              expect((await create()).status).to.equal(201);
              return shownTo(called) === uid ? true : undefined;
            },
            { timeoutMs: boundMs + slackMs, intervalMs: 500 },
          );
        await poll("the token file", () =>
          boundTo(readFileSync(tokenFile(), "utf8")) === uids.byFile ? true : undefined,
        );
        await Promise.all([
          untilShown(webhook, uids.byExec, 60_000),
          untilShown(story.bystander, uids.byFile, 50_000),
        ]);
      });
    });
  },
);
