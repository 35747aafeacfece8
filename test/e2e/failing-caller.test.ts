import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import type { Plugin } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { type CreatedDeployment, type StoryCluster, startStory } from "./story-cluster.ts";
import { attested, expectRefused, failurePolicies, ways, withFlags } from "./story-expectations.ts";
import { badImage } from "./story-objects.ts";

await describeWith(
  ["kube-apiserver 1.37"],
  "a kube-apiserver 1.37 that cannot prove who calls is refused, whatever the failurePolicy",
  () => {
    let story: StoryCluster;
    const bystanderCalls = () => story.bystander.calls("/");
    /** The plugin's kubeconfig with an API server at another port of this machine. */
    const minterAt = (name: string, port: number): string => {
      const file = join(story.folder, `${name}.kubeconfig`);
      const kubeconfig = readFileSync(join(story.folder, "kube-system-webhook-caller.kubeconfig"), "utf8");
      writeFileSync(file, kubeconfig.replace(story.controlPlane.url, `https://127.0.0.1:${port}`), {
        mode: 0o600,
      });
      return file;
    };

    before(async () => {
      story = await startStory(attested);
    });
    after(async () => {
      await story?.stop();
    });

    describe("with the exec user removed from the kubeconfig", () => {
      before(() => story.restart());
      for (const via of ways)
        for (const failurePolicy of failurePolicies)
          it(`a create is refused by ${via} under ${failurePolicy}`, () =>
            expectRefused(story, via, failurePolicy, "ERR_CREDENTIALS_MISSING"));

      it("the bystander is shown no credential", () => {
        expect(bystanderCalls().at(-1)!.headers).to.not.have.property("authorization");
      });
    });

    const unable = (
      title: string,
      arrange: () => Promise<Plugin>,
      repair: () => Promise<unknown> = async () => undefined,
    ): void => {
      describe(`with the plugin unable to mint: ${title}`, () => {
        before(async () => story.restart(await arrange()));
        after(repair);
        for (const failurePolicy of failurePolicies)
          it(`a create is refused under ${failurePolicy}, and the bystander is called`, () =>
            expectRefused(story, "service", failurePolicy, "ERR_TOKEN_MALFORMED"));

        it("it says why once on stderr, exits 0 and prints a placeholder that has expired", async () => {
          const { code, stdout, stderr } = await story.runPlugin(
            await arrange(),
            `https://countersign.story.svc:${story.serve.port}`,
          );
          const { status } = JSON.parse(stdout) as { status: { token: string; expirationTimestamp: string } };
          expect(code).to.equal(0);
          expect(stderr.trim().split("\n")).to.have.length(1);
          expect(Date.parse(status.expirationTimestamp)).to.be.below(Date.now());
          expect(status.token).to.not.match(/^ey/);
        });
      });
    };

    unable("its API server is away", async () =>
      withFlags(story.plugin, `--kubeconfig=${minterAt("away", 1)}`),
    );

    describe("with an API server that accepts and says nothing", () => {
      let silent: Server;
      before(async () => {
        silent = createServer((socket) => socket.on("error", () => undefined).resume());
        await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      });
      after(() => new Promise((resolve) => silent.close(resolve)));

      it("the plugin gives up within its deadline of 2 s, with a placeholder", async () => {
        const { port } = silent.address() as AddressInfo;
        const begun = performance.now();
        const { code, stdout } = await story.runPlugin(
          withFlags(story.plugin, `--kubeconfig=${minterAt("silent", port)}`),
          story.serve.url,
        );
        expect(performance.now() - begun).to.be.below(2_500);
        expect([
          code,
          (JSON.parse(stdout) as { status: { token: string } }).status.token.startsWith("ey"),
        ]).to.deep.equal([0, false]);
      });
    });

    unable(
      "attest is not granted",
      async () => {
        await story.kubectl([
          "delete",
          "clusterrolebinding",
          "countersign:webhook-attester:kube-system:webhook-caller:*",
          "--ignore-not-found",
        ]);
        return story.plugin;
      },
      () =>
        story.kubectl([
          "create",
          "clusterrolebinding",
          "countersign:webhook-attester:kube-system:webhook-caller:*",
          "--clusterrole=countersign:webhook-attester:kube-system:webhook-caller:*",
          "--serviceaccount=kube-system:webhook-caller",
        ]),
    );

    unable(
      "two configurations at one host and port",
      async () => {
        const clientConfig = {
          service: { name: "countersign", namespace: "story", port: story.serve.port, path: "/another" },
          caBundle: story.serve.caBundle,
        };
        await story.kubectl(["apply", "-f", "-"], {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "MutatingWebhookConfiguration",
          metadata: { name: "story-another" },
          webhooks: [
            {
              name: "another.service.example.com",
              clientConfig,
              rules: [],
              sideEffects: "None",
              admissionReviewVersions: ["v1"],
            },
          ],
        });
        return story.plugin;
      },
      () => story.kubectl(["delete", "mutatingwebhookconfiguration", "story-another"]),
    );

    describe("with a client certificate instead of the plugin", () => {
      const certificateOf = (commonName: string): object => {
        const { certificatePem, keyPem } = story.clientAuthority.issue({ commonName });
        const data = (pem: string): string => Buffer.from(pem).toString("base64");
        return { "client-certificate-data": data(certificatePem), "client-key-data": data(keyPem) };
      };

      it("a named one is accepted, and named in the log", async () => {
        await story.restartAs(certificateOf("kube-apiserver"));
        const created = await story.createDeployment({ via: "service", failurePolicy: "Fail" });
        expect([created.code, created.stored], created.stderr).to.deep.equal([0, true]);
        const line = await poll("the request in the log", () =>
          story.serve.log().find((one) => one.name === created.name),
        );
        expect(line).to.include({ caller: "kube-apiserver", user: "admin", msg: "allowed" });
      });

      it("one of the same authority with another name is refused", async () => {
        await story.restartAs(certificateOf("kubelet"));
        await expectRefused(story, "service", "Ignore", "ERR_CERTIFICATE_UNNAMED");
      });
    });

    describe("with the plugin's executable missing", () => {
      let calls: { serve: number; bystander: number };
      const count = () => ({
        serve: story.serve.log().filter((line) => line.path === "/validate/service").length,
        bystander: bystanderCalls().length,
      });
      before(async () => {
        await story.restart({ ...story.plugin, command: `${story.folder}/no-such-program` });
        calls = count();
      });
      const expectFailedCall = ({ stderr, code, stored }: CreatedDeployment): void => {
        expect(stderr).to.match(
          /failed calling webhook "fail\.(service|bystander)\.example\.com": .*no-such-program/,
        );
        expect([code, stored]).to.deep.equal([1, false]);
      };

      it("a create fails under Fail: no webhook that the kubeconfig's user matches can be called", async () => {
        expectFailedCall(await story.createDeployment({ via: "service", failurePolicy: "Fail" }));
      });

      it("an object gets in under Ignore before anybody is called, whatever the policy says of it", async () => {
        const created = await story.createDeployment({
          via: "service",
          failurePolicy: "Ignore",
          image: badImage,
        });
        expect([created.code, created.stored], created.stderr).to.deep.equal([0, true]);
        expect(count()).to.deep.equal(calls);
      });
    });
  },
);
