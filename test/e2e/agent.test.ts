import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { type AgentProcess, metricOf, startAgent } from "./agent-process.ts";
import { describeWith } from "./requirements.ts";
import { type StoryCluster, startStory, untilDeployment } from "./story-cluster.ts";
import { attested, expectRefused, failurePolicies, ways } from "./story-expectations.ts";
import { caller, callerAccount } from "./story-objects.ts";

await describeWith(
  ["kube-apiserver 1.37"],
  "an unmodified kube-apiserver 1.37 with the agent proves who calls",
  () => {
    let story: StoryCluster;
    let agent: AgentProcess;
    const attests = { serviceAccount: callerAccount, apiGroup: "*" };
    const startAgentWith = (
      name: string,
      configuration: Readonly<Record<string, unknown>>,
    ): Promise<AgentProcess> =>
      startAgent({
        folder: join(story.folder, name),
        kubeconfigFile: story.minterFile,
        configuration: { ...attests, ...configuration },
      });
    const untilReady = () =>
      poll("the agent to be ready", async () => ((await agent.readiness()).ready ? true : undefined));
    const mints = async (): Promise<number> =>
      metricOf(
        await agent.metrics(),
        'apiserver_webhook_authentication_token_request_total{result="success"}',
      );
    /** The client certificate as files, and as a kubeconfig's user has it. */
    const clientCertificate = () => {
      const { certificatePem, keyPem } = story.clientAuthority.issue({ commonName: "kube-apiserver" });
      const [certFile, keyFile] = [join(story.folder, "client.crt"), join(story.folder, "client.key")];
      writeFileSync(certFile, certificatePem);
      writeFileSync(keyFile, keyPem, { mode: 0o600 });
      return { certFile, keyFile };
    };
    const expectAccepted = async (via: (typeof ways)[number]): Promise<void> => {
      const created = await story.createDeployment({ via, failurePolicy: "Fail" });
      expect([created.code, created.stored], created.stderr).to.deep.equal([0, true]);
      const line = await poll("the request in the log", () =>
        story.serve.log().find((one) => one.name === created.name),
      );
      expect(line).to.include({ caller, user: "admin", msg: "allowed", path: `/validate/${via}` });
    };
    const lastShown = () => {
      const { headers, certificateName } = story.bystander.calls("/").at(-1)!;
      return { bearer: /^Bearer ey/.test(headers.authorization ?? ""), certificateName };
    };

    before(async () => {
      story = await startStory(attested);
    });
    after(async () => {
      await agent?.stop();
      await story?.stop();
    });

    describe("over its socket", () => {
      it("started before kube-apiserver, it says that it waits, and has a token for the first call", async () => {
        await story.controlPlane.halt();
        agent = await startAgentWith("agent", { clientCertificate: clientCertificate() });
        const waiting = await agent.readiness();
        expect([waiting.ready, waiting.text]).to.satisfy(
          ([ready, text]: [boolean, string]) => !ready && text.includes("[-]configurations"),
        );
        await story.restart(agent.plugin);
        await untilReady();
        await expectAccepted("service");
      });

      for (const via of ways)
        it(`a Deployment is reviewed by ${via}, its caller named, and admitted`, () => expectAccepted(via));

      it("each webhook is shown the agent's client certificate beside a token of its own", () => {
        expect(lastShown()).to.deep.equal({ bearer: true, certificateName: "kube-apiserver" });
      });

      it("a kube-apiserver that is started again is given the tokens that are held", async () => {
        const before = await mints();
        await story.restart(agent.plugin);
        for (const via of ways) await expectAccepted(via);
        expect(await mints()).to.equal(before);
      });

      it("while kube-apiserver is away it answers with what it has", async () => {
        await story.controlPlane.halt();
        const { stdout, stderr } = await story.runPlugin(agent.plugin, `https://${story.hosts.bystander}`);
        const { status } = JSON.parse(stdout) as { status: { token: string; expirationTimestamp: string } };
        expect(status.token, stderr).to.match(/^ey/);
        expect(Date.parse(status.expirationTimestamp)).to.be.above(Date.now());
      });

      it("started after kube-apiserver, it ends the refusals without a restart", async () => {
        await agent.stop();
        await story.restart(agent.plugin);
        for (const failurePolicy of failurePolicies)
          await expectRefused(story, "service", failurePolicy, "ERR_TOKEN_MALFORMED");
        agent = await startAgentWith("agent", {});
        await untilDeployment(story, { via: "service", failurePolicy: "Fail" }, ({ code }) => code === 0);
        await expectAccepted("service");
      });
    });

    describe("by token files", () => {
      const file = (host: string): string => join(story.folder, "by-file", host);

      before(async () => {
        await agent?.stop();
        const { certFile, keyFile } = clientCertificate();
        const tokenFiles = (["service", "url", "bystander"] as const).map((host) => ({
          host: story.hosts[host],
          file: file(host),
        }));
        agent = await startAgentWith("by-file", { tokenFiles });
        const user = (host: string): object => ({
          tokenFile: file(host),
          "client-certificate": certFile,
          "client-key": keyFile,
        });
        await poll("the token files", () =>
          tokenFiles.every((one) => readFileSync(one.file, "utf8").startsWith("ey")) ? true : undefined,
        );
        await story.restartWith({ service: user("service"), bystander: user("bystander"), url: user("url") });
      });

      for (const via of ways)
        it(`a Deployment is reviewed by ${via}, its caller named, and admitted`, () => expectAccepted(via));

      it("one user shows token and client certificate together", () => {
        expect(lastShown()).to.deep.equal({ bearer: true, certificateName: "kube-apiserver" });
      });

      it("the files are this user's alone and end with the token", () => {
        const { mode } = statSync(file("service"));
        expect([mode & 0o777, /[\w-]$/.test(readFileSync(file("service"), "utf8"))]).to.deep.equal([
          0o600,
          true,
        ]);
      });

      it("a kube-apiserver that is started again without the agent goes on with what the files hold", async () => {
        await agent.stop();
        const { certFile, keyFile } = clientCertificate();
        await story.restartWith({
          service: { tokenFile: file("service"), "client-certificate": certFile, "client-key": keyFile },
        });
        await expectAccepted("service");
      });
    });
  },
);
