import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { curingExpression } from "../../src/webhook/endpoints/token-request-interceptor.ts";
import { type ApiAnswer, type ApiClient, createApiClient } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import { type AgentProcess, metricOf, startAgent } from "./agent-process.ts";
import { execUser } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { type StoryCluster, startStory } from "./story-cluster.ts";
import { attested, refusalMessage } from "./story-expectations.ts";
import { caller, callerAccount, guardConfiguration, guardRules, namespace } from "./story-objects.ts";

const { configMaps, tokenRequests } = guardRules;
/** The plugin gives up 2 s after it was started; a busy machine is given as long again. */
const deadlineMs = 4_000;

await describeWith(
  ["kube-apiserver 1.37"],
  "a webhook that kube-apiserver 1.37 calls for the very request that would bring its token",
  () => {
    let story: StoryCluster;
    let agent: AgentProcess;
    let client: ApiClient;
    let count = 0;

    const startOurAgent = () =>
      startAgent({
        folder: join(story.folder, "agent"),
        kubeconfigFile: story.minterFile,
        configuration: { serviceAccount: callerAccount, apiGroup: "*" },
      });
    const guard = (rules: readonly object[], more: object = {}) =>
      story.kubectl(["apply", "-f", "-"], guardConfiguration(story.serve, { rules, ...more }));
    const removeGuard = () =>
      story.kubectl(["delete", "validatingwebhookconfiguration", "story-guard", "--ignore-not-found"]);
    const createToken = (): Promise<ApiAnswer> =>
      client.post(`/api/v1/namespaces/${namespace}/serviceaccounts/countersign/token`, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {},
      });
    const createConfigMap = (): Promise<ApiAnswer> =>
      client.post(`/api/v1/namespaces/${namespace}/configmaps`, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `guarded-${++count}` },
      });
    const until = (what: string, ask: () => Promise<ApiAnswer>, isIt: (answer: ApiAnswer) => boolean) =>
      poll(what, async () => {
        const answer = await ask();
        return isIt(answer) ? answer : undefined;
      });
    const created = ({ status }: ApiAnswer): boolean => status === 201;
    const refused = ({ text }: ApiAnswer): boolean => text.includes("guard.example.com");
    const guardedCalls = (text: string) =>
      story.serve
        .log()
        .filter(({ path, msg }) => path === "/validate/guard" && msg === "allowed")
        .filter((line) => JSON.stringify(line).includes(text));
    const untilGuarded = (what: "configmaps" | "serviceaccounts/token") => {
      const { length } = guardedCalls(what);
      const ask = what === "configmaps" ? createConfigMap : createToken;
      return until(
        `the guard to accept ${what}`,
        ask,
        (answer) => created(answer) && guardedCalls(what).length > length,
      );
    };

    before(async () => {
      story = await startStory(attested);
      client = createApiClient({ ...story.controlPlane, token: story.controlPlane.adminToken });
      agent = await startOurAgent();
    });
    after(async () => {
      client?.close();
      await agent?.stop();
      await story?.stop();
    });

    const expectRefusedAtOnce = (): void => {
      for (const [what, ask] of [
        ["a request for a token", createToken],
        ["whatever else it is called for", createConfigMap],
      ] as const)
        it(`${what} is refused by it, and waits no longer than the plugin would`, async () => {
          const begun = performance.now();
          const { status, text } = await ask();
          expect(performance.now() - begun).to.be.below(deadlineMs);
          expect(
            [status, text.includes("guard.example.com"), text.includes(refusalMessage)],
            text,
          ).to.deep.equal([401, true, true]);
        });
    };
    const expectOthersUnhindered = async (): Promise<void> => {
      const { code, stored, stderr } = await story.createDeployment({
        via: "service",
        failurePolicy: "Fail",
      });
      expect([code, stored], stderr).to.deep.equal([0, true]);
    };

    describe("with the agent, which holds no token for it", () => {
      before(async () => {
        await story.restartWith({
          service: execUser(agent.plugin),
          guard: execUser(agent.plugin),
          url: execUser(agent.plugin),
        });
        // the agent holds the other webhook's token
        await poll("the other webhook's token", async () =>
          (await story.createDeployment({ via: "service", failurePolicy: "Fail" })).code === 0
            ? true
            : undefined,
        );
        await guard([configMaps, tokenRequests]);
        await until("the guard to be in effect", createToken, refused);
      });

      expectRefusedAtOnce();

      it("what it is not called for keeps working", expectOthersUnhindered);

      it("readiness, log and metric name the webhook and what cures it", async () => {
        // its watch may be a back-off behind kube-apiserver, which was started anew
        await poll("readiness to name the host", async () => {
          const { ready, text } = await agent.readiness();
          return !ready && text.includes(`[-]token-${story.hosts.guard}`) ? true : undefined;
        });
        const line = agent.log().find(({ code }) => code === "ERR_TOKEN_REQUEST_INTERCEPTED");
        expect(line?.detail).to.contain("guard.example.com").and.to.contain("serviceaccounts/token");
        expect(line?.detail).to.contain(JSON.stringify(curingExpression));
        const sample = `countersign_agent_token_request_intercepted{host="${story.hosts.guard}",webhook="guard.example.com"}`;
        expect(metricOf(await agent.metrics(), sample)).to.equal(1);
      });

      it("kubectl create token fails with what the webhook said", async () => {
        const { code, stderr } = await story.controlPlane.kubectl([
          "create",
          "token",
          "countersign",
          "-n",
          namespace,
        ]);
        expect(code).to.equal(1);
        expect(stderr).to.contain("guard.example.com");
      });

      it("lint calls it an error beforehand", async () => {
        const file = join(story.folder, "guard.json");
        writeFileSync(file, JSON.stringify(guardConfiguration(story.serve, { rules: [tokenRequests] })));
        const { code, stdout } = await story.countersign(["lint", file]);
        expect(code).to.equal(1);
        expect(stdout).to.contain("intercepts-token-requests").and.to.contain("story-guard");
      });

      it("with the matchCondition all of it works, and nobody was started again", async () => {
        await guard([configMaps, tokenRequests], {
          matchConditions: [{ name: "no-token-requests", expression: curingExpression }],
        });
        await until("tokens to be minted", createToken, created);
        await untilGuarded("configmaps");
        expect(guardedCalls("configmaps").at(-1)).to.include({ caller });
        expect((await agent.readiness()).ready).to.equal(true);
      });

      it("made anew it stays warm: what the old one's token was shown for brings the new one's", async () => {
        await removeGuard();
        await guard([configMaps, tokenRequests]);
        await untilGuarded("serviceaccounts/token");
        const answer = await createToken();
        expect(answer.status, answer.text).to.equal(201);
      });

      it("cold again, it works again once the rule is removed", async () => {
        await agent.stop();
        agent = await startOurAgent();
        await story.restartWith({ guard: execUser(agent.plugin) });
        await until("the guard to be in effect", createToken, refused);
        await guard([configMaps]);
        await until("tokens to be minted", createToken, created);
        await untilGuarded("configmaps");
      });
    });

    describe("with the agent, which holds a token for it", () => {
      before(async () => {
        await removeGuard();
        await guard([configMaps]);
        await story.restartWith({ guard: execUser(agent.plugin), url: execUser(agent.plugin) });
        await untilGuarded("configmaps");
        await guard([configMaps, tokenRequests]);
        await untilGuarded("serviceaccounts/token");
      });

      it("requests for tokens are reviewed by it, its caller named, and admitted", async () => {
        const answer = await createToken();
        expect(answer.status, answer.text).to.equal(201);
        expect(guardedCalls("serviceaccounts/token").at(-1)).to.include({ caller });
      });

      it("further webhooks' tokens are minted", async () => {
        const { code, stored, stderr } = await story.createDeployment({ via: "url", failurePolicy: "Fail" });
        expect([code, stored], stderr).to.deep.equal([0, true]);
      });

      it("a kube-apiserver that is started again is given the token that is held", async () => {
        await story.restartWith({ guard: execUser(agent.plugin), url: execUser(agent.plugin) });
        const answer = await createToken();
        expect(answer.status, answer.text).to.equal(201);
      });
    });

    describe("with the plugin alone", () => {
      before(async () => {
        await removeGuard();
        await story.restartWith({ guard: execUser(story.plugin), service: execUser(story.plugin) });
        await poll("the other webhook's token", async () =>
          (await story.createDeployment({ via: "service", failurePolicy: "Fail" })).code === 0
            ? true
            : undefined,
        );
        await guard([configMaps, tokenRequests]);
        await until("the guard to be in effect", createToken, refused);
      });

      expectRefusedAtOnce();

      it("what it is not called for keeps working", expectOthersUnhindered);

      it("with the rule removed all of it works, and nobody was started again", async () => {
        await guard([configMaps]);
        await until("tokens to be minted", createToken, created);
        await untilGuarded("configmaps");
      });
    });

    describe("with the plugin alone, which keeps a token for it", () => {
      const cacheFolder = () => join(story.folder, "plugin-cache");
      const restart = () => {
        const args = [...story.plugin.args, `--cache-dir=${cacheFolder()}`];
        return story.restartWith({ guard: execUser({ ...story.plugin, args }) });
      };
      const keptFile = () => {
        const [name] = readdirSync(cacheFolder()).filter((one) => one.endsWith(".json"));
        return join(cacheFolder(), name!);
      };
      const kept = () =>
        JSON.parse(readFileSync(keptFile(), "utf8")) as {
          readonly token: string;
          readonly requestedAt: number;
          readonly expiresAt: number;
        };
      /** As if it had been asked for so much earlier. */
      const age = (ms: number): void => {
        const { requestedAt, expiresAt, ...rest } = kept();
        const older = { requestedAt: requestedAt - ms, expiresAt: expiresAt - ms };
        writeFileSync(keptFile(), JSON.stringify({ ...rest, ...older }));
      };

      before(async () => {
        await removeGuard();
        await restart();
        await guard([configMaps]);
        await untilGuarded("configmaps");
        await guard([configMaps, tokenRequests]);
        await untilGuarded("serviceaccounts/token");
      });

      for (const time of ["a first", "a second"])
        it(`is refreshed ${time} time, behind the call that found it due, which is not held up`, async () => {
          const { token } = kept();
          age(500_000);
          // whoever starts anew holds none, and runs the plugin
          await restart();
          const begun = performance.now();
          const answer = await createToken();
          expect(performance.now() - begun).to.be.below(deadlineMs);
          expect(answer.status, answer.text).to.equal(201);
          await poll("the next token", () => kept().token !== token || undefined);
          expect(kept().expiresAt).to.be.above(Date.now() + 480_000);
        });
    });
  },
);
