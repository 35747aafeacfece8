import { expect } from "chai";
import { partsOf } from "../contract/objects.ts";
import { createApiClient } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import { describeWith } from "./requirements.ts";
import { type StoryCluster, startStory } from "./story-cluster.ts";
import { badImage, caller, configuration, deployment, goodImage } from "./story-objects.ts";

const account = "--service-account=kube-system/webhook-caller";

await describeWith(["kube-apiserver 1.37"], "the commands against kube-apiserver 1.37", () => {
  let story: StoryCluster;
  const mint = async (configurationName: string, webhook: string): Promise<string> => {
    const { code, stdout, stderr } = await story.countersign([
      "token",
      account,
      `--webhook-configuration=validating/${configurationName}`,
      `--webhook=${webhook}`,
      "--api-group=apps",
    ]);
    expect(code, stderr).to.equal(0);
    return stdout.trim();
  };
  const review = async (token: string, path: string): Promise<unknown> => {
    const client = createApiClient({ url: story.serve.url, caPem: story.serve.caPem, token });
    const kind = { group: "apps", version: "v1", kind: "Deployment" };
    const resource = { group: "apps", version: "v1", resource: "deployments" };
    const names = { name: "sent", namespace: "story", operation: "CREATE", userInfo: { username: "admin" } };
    const request = {
      uid: "sent",
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      ...names,
      object: deployment("sent", {}, goodImage),
      oldObject: null,
      options: null,
    };
    const answer = await client.post(path, {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request,
    });
    client.close();
    return answer.body;
  };

  before(async () => {
    story = await startStory({
      version: "1.37",
      pluginFlags: [account, "--api-group=*"],
      authentication: {
        mode: "enforce",
        webhookTokens: {
          kinds: ["ValidatingWebhookConfiguration"],
          serviceAccounts: [{ namespace: "kube-system", name: "webhook-caller" }],
        },
      },
    });
  });
  after(async () => {
    await story?.stop();
  });

  it("token prints one that is bound, for the webhook's audience and the group", async () => {
    const { claims } = partsOf(await mint("story-service", "fail.service.example.com"));
    expect(claims).to.containSubset({
      aud: [story.audiences.service],
      sub: caller,
      "kubernetes.io": {
        attestations: { admissionReviewAPIGroups: ["apps"] },
        validatingwebhookconfiguration: { name: "story-service" },
      },
    });
  });

  it("token prints a plain one's claims, and never the token with them", async () => {
    const { code, stdout, stderr } = await story.countersign([
      "token",
      account,
      "--audience=https://example.com",
      "-o",
      "claims",
    ]);
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.containSubset({ aud: ["https://example.com"], sub: caller });
    expect(stdout).to.not.contain("eyJ");
  });

  it("token says what to grant where attest is missing", async () => {
    const { code, stderr } = await story.countersign([
      "token",
      "--service-account=story/countersign",
      "--webhook-configuration=validating/story-service",
      "--webhook=fail.service.example.com",
      "--api-group=apps",
    ]);
    expect(code).to.equal(1);
    expect(stderr).to.match(/attest/);
  });

  it("verify accepts a token on its route and refuses it on another, by the server's own configuration", async () => {
    const token = await mint("story-service", "fail.service.example.com");
    const verify = (path: string) =>
      story.countersign(
        ["verify", `--config=${story.serve.config}`, `--path=${path}`, "--api-group=apps"],
        token,
      );
    const accepted = await verify("/validate/service");
    expect([accepted.code, accepted.stderr], accepted.stdout).to.deep.equal([0, ""]);
    const refused = await verify("/validate/url");
    expect(refused.code, refused.stdout).to.equal(1);
    expect(refused.stdout).to.contain(story.audiences.service).and.to.contain(story.audiences.url);
    for (const { stdout } of [accepted, refused]) expect(stdout).to.not.contain(token.split(".")[2]!);
  });

  for (const [image, code] of [
    [goodImage, 0],
    [badImage, 1],
  ] as const)
    it(`call with a token ends with ${code} for ${image}`, async () => {
      const target = ["--webhook-configuration=validating/story-url", "--webhook=fail.url.example.com"];
      const answer = await story.countersign(
        ["call", ...target, account, "--api-group=apps", "--force", "-f", "-"],
        JSON.stringify(deployment("called", {}, image)),
      );
      expect(answer.code, answer.stdout + answer.stderr).to.equal(code);
    });

  it("call reaches a Service webhook at another address, under the Service's name", async () => {
    const target = [
      "--webhook-configuration=validating/story-service",
      "--webhook=fail.service.example.com",
      `--resolve=127.0.0.1:${story.serve.port}`,
    ];
    const answer = await story.countersign(
      ["call", ...target, account, "--api-group=apps", "--force", "-f", "-"],
      JSON.stringify(deployment("called", {}, goodImage)),
    );
    expect(answer.code, answer.stdout + answer.stderr).to.equal(0);
  });

  it("call without a token is refused", async () => {
    const target = ["--webhook-configuration=validating/story-url", "--webhook=fail.url.example.com"];
    const answer = await story.countersign(
      ["call", ...target, "--force", "-f", "-"],
      JSON.stringify(deployment("called", {}, goodImage)),
    );
    expect(answer.code).to.equal(1);
    expect(answer.stdout).to.contain("the caller of this webhook was not accepted");
  });

  it("serve with tokenReview refuses a token whose configuration was deleted; without it goes on until it expires", async () => {
    const clientConfig = { url: story.audiences.reviewed, caBundle: story.serve.caBundle };
    await story.kubectl(
      ["apply", "-f", "-"],
      configuration({ name: "reviewed", clientConfig, matchLabels: { via: "reviewed" } }),
    );
    const reviewed = await mint("story-reviewed", "fail.reviewed.example.com");
    const offline = await mint("story-url", "fail.url.example.com");
    expect(await review(reviewed, "/validate/reviewed")).to.containSubset({ response: { allowed: true } });
    await story.kubectl(["delete", "validatingwebhookconfiguration", "story-reviewed", "story-url"]);
    await poll(
      "the token to be refused",
      async () => {
        const { response } = (await review(reviewed, "/validate/reviewed")) as {
          response: { allowed: boolean; status?: { code: number } };
        };
        return response.allowed ? undefined : expect(response.status?.code).to.equal(401);
      },
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    expect(await review(offline, "/validate/url")).to.containSubset({ response: { allowed: true } });
  });
});
