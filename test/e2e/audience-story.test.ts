import { expect } from "chai";
import { partsOf } from "../contract/objects.ts";
import { poll } from "../rig/poll.ts";
import { describeWith } from "./requirements.ts";
import { type StoryCluster, startStory, untilDeployment } from "./story-cluster.ts";
import { badImage, caller } from "./story-objects.ts";

await describeWith(
  ["kube-apiserver 1.37", "kube-apiserver 1.34"],
  "kube-apiserver 1.34, which attests nothing, proves who calls by plain tokens of a named ServiceAccount",
  () => {
    let story: StoryCluster;

    before(async () => {
      story = await startStory({
        version: "1.34",
        pluginFlags: ["--service-account=kube-system/webhook-caller", "--mode=audience"],
        authentication: {
          mode: "enforce",
          serviceAccounts: [{ namespace: "kube-system", name: "webhook-caller" }],
        },
      });
      await story.restart(story.plugin);
      await untilDeployment(
        story,
        { via: "service", failurePolicy: "Fail", image: badImage },
        ({ code }) => code === 1,
      );
    });
    after(async () => {
      await story?.stop();
    });

    for (const via of ["service", "url"] as const) {
      it(`a Deployment is reviewed by ${via}, its caller named, and admitted`, async () => {
        const created = await story.createDeployment({ via, failurePolicy: "Fail" });
        expect([created.code, created.stored], created.stderr).to.deep.equal([0, true]);
        const line = await poll("the request in the log", () =>
          story.serve.log().find((one) => one.name === created.name),
        );
        expect(line).to.include({ caller, user: "admin", msg: "allowed", path: `/validate/${via}` });
      });

      it(`one that the policy denies is denied by ${via}`, async () => {
        const created = await story.createDeployment({
          via,
          failurePolicy: "Ignore",
          image: badImage,
        });
        expect(created.stderr).to.contain("denied the request: images come from registry.example.com only");
        expect(created.stored).to.equal(false);
      });
    }

    it("the token shown is plain, for the audience of the webhook's host and port", async () => {
      await story.createDeployment({ via: "service", failurePolicy: "Fail" });
      const { claims } = partsOf(
        story.bystander.calls("/").at(-1)!.headers.authorization!.replace("Bearer ", ""),
      );
      expect(claims).to.containSubset({ aud: [story.audiences.bystander], sub: caller });
      expect(claims["kubernetes.io"]).to.have.all.keys("namespace", "serviceaccount");
    });

    it("an attested token cannot be had here: the plugin says so and webhooks refuse", async () => {
      const attested = {
        ...story.plugin,
        args: [...story.plugin.args.filter((arg) => arg !== "--mode=audience"), "--api-group=*"],
      };
      const { code, stdout, stderr } = await story.runPlugin(attested, story.serve.url);
      expect([
        code,
        (JSON.parse(stdout) as { status: { token: string } }).status.token.startsWith("ey"),
      ]).to.deep.equal([0, false]);
      expect(stderr).to.match(/--mode audience|1\.37|cannot bind/);
    });

    for (const failurePolicy of ["Fail", "Ignore"] as const)
      it(`without the exec user a create is refused under ${failurePolicy}`, async () => {
        await story.restart();
        const created = await story.createDeployment({ via: "service", failurePolicy });
        expect(created.stderr).to.contain("denied the request: the caller of this webhook was not accepted");
        expect(created.stored).to.equal(false);
      });
  },
);
