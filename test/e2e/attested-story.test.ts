import { expect } from "chai";
import { partsOf } from "../contract/objects.ts";
import { createApiClient } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import { describeWith } from "./requirements.ts";
import { type StoryCluster, startStory, untilDeployment } from "./story-cluster.ts";
import {
  attested,
  failurePolicies,
  refusalMessage,
  refusedFor,
  ways,
  withFlags,
} from "./story-expectations.ts";
import { badImage, caller, deployment, goodImage, namespace } from "./story-objects.ts";

const policyMessage = "images come from registry.example.com only";

await describeWith(["kube-apiserver 1.37"], "an unmodified kube-apiserver 1.37 proves who calls", () => {
  let story: StoryCluster;
  const bystanderCalls = () => story.bystander.calls("/");

  before(async () => {
    story = await startStory(attested);
  });
  after(async () => {
    await story?.stop();
  });

  describe("with the plugin", () => {
    before(async () => {
      await story.restart(story.plugin);
      await untilDeployment(
        story,
        { via: "service", failurePolicy: "Fail", image: badImage },
        ({ code }) => code === 1,
      );
    });

    for (const via of ways)
      for (const failurePolicy of failurePolicies) {
        it(`a Deployment is reviewed by ${via} under ${failurePolicy}, its caller named, and admitted`, async () => {
          const created = await story.createDeployment({ via, failurePolicy });
          expect([created.code, created.stored], created.stderr).to.deep.equal([0, true]);
          const line = await poll("the request in the log", () =>
            story.serve.log().find((one) => one.name === created.name),
          );
          expect(line).to.include({
            caller,
            user: "admin",
            msg: "allowed",
            path: `/validate/${via}`,
            mode: "enforce",
          });
        });

        it(`one that the policy denies is denied by ${via} under ${failurePolicy}, with its message`, async () => {
          const created = await story.createDeployment({
            via,
            failurePolicy,
            image: badImage,
          });
          expect(created.stderr).to.contain(
            `admission webhook "${failurePolicy.toLowerCase()}.${via}.example.com" denied the request: ${policyMessage}`,
          );
          expect([created.code, created.stored]).to.deep.equal([1, false]);
        });
      }

    it("a mutating policy changes what it means to, and keeps integers beyond 2^53", async () => {
      const grace = "9007199254740993";
      const text = JSON.stringify(deployment("stamped", { stamp: "yes" }, goodImage)).replace(
        '"containers"',
        `"terminationGracePeriodSeconds":${grace},"containers"`,
      );
      await story.kubectl(["create", "-f", "-"], text);
      const stored = await story.kubectl(["get", "deployment", "stamped", "-n", namespace, "-o", "json"]);
      expect(JSON.parse(stored)).to.containSubset({
        metadata: { annotations: { seen: `${caller} for admin` } },
      });
      expect(stored).to.match(new RegExp(`"terminationGracePeriodSeconds": ${grace}\\b`));
    });

    it("each webhook is shown a token of its own: bound to its configuration, for its audience, attesting *", async () => {
      await story.createDeployment({ via: "service", failurePolicy: "Fail" });
      const { headers } = bystanderCalls().at(-1)!;
      const { claims } = partsOf((headers.authorization ?? "").replace("Bearer ", ""));
      const uid = await story.kubectl([
        "get",
        "validatingwebhookconfiguration",
        "story-bystander",
        "-o",
        "jsonpath={.metadata.uid}",
      ]);
      expect(claims).to.containSubset({ aud: [story.audiences.bystander], sub: caller });
      expect(claims["kubernetes.io"]).to.containSubset({
        validatingwebhookconfiguration: { name: "story-bystander", uid },
        attestations: { admissionReviewAPIGroups: ["*"] },
      });
    });

    it("the bystander's token, replayed to another webhook, is refused", async () => {
      const { headers, text } = bystanderCalls().at(-1)!;
      const client = createApiClient({
        url: story.serve.url,
        caPem: story.serve.caPem,
        token: headers.authorization!.replace("Bearer ", ""),
      });
      const reason = await refusedFor(story, async () => {
        const answer = await client.request("POST", "/validate/url", { body: text });
        expect(answer.body).to.containSubset({
          response: { allowed: false, status: { code: 401, message: refusalMessage } },
        });
      });
      client.close();
      expect(reason).to.equal("ERR_TOKEN_AUDIENCE");
    });
  });

  describe("a token that was captured", () => {
    let token: string;
    const send = async (path: string, group: string): Promise<unknown> => {
      const client = createApiClient({ url: story.serve.url, caPem: story.serve.caPem, token });
      const answer = await client.post(path, reviewOf(group));
      client.close();
      expect(answer.status, answer.text).to.equal(200);
      return answer.body;
    };
    before(async () => {
      const { code, stdout, stderr } = await story.runPlugin(
        withFlags(story.plugin, "--api-group=apps"),
        story.serve.url,
      );
      expect([code, stderr]).to.deep.equal([0, ""]);
      token = (JSON.parse(stdout) as { status: { token: string } }).status.token;
      expect(partsOf(token).claims).to.containSubset({
        aud: [story.audiences.url],
        "kubernetes.io": { attestations: { admissionReviewAPIGroups: ["apps"] } },
      });
    });

    it("is accepted on its route for its group", async () => {
      expect(await send("/validate/url", "apps")).to.containSubset({
        response: { uid: "captured", allowed: true },
      });
    });

    it("is refused on another route", async () => {
      const reason = await refusedFor(story, async () => {
        expect(await send("/validate/service", "apps")).to.containSubset({
          response: { uid: "captured", allowed: false, status: { code: 401 } },
        });
      });
      expect(reason).to.equal("ERR_TOKEN_AUDIENCE");
    });

    it("is refused for another API group", async () => {
      const reason = await refusedFor(story, async () => {
        expect(await send("/validate/url", "batch")).to.containSubset({
          response: { uid: "captured", allowed: false },
        });
      });
      expect(reason).to.equal("ERR_GROUP_NOT_ATTESTED");
    });
  });
});

function reviewOf(group: string): unknown {
  const kind = { group, version: "v1", kind: group === "apps" ? "Deployment" : "Job" };
  const resource = { group, version: "v1", resource: group === "apps" ? "deployments" : "jobs" };
  const containers = [{ name: "main", image: "registry.example.com/app:1" }];
  const object = {
    apiVersion: `${group}/v1`,
    kind: kind.kind,
    metadata: { name: "captured", namespace: "story" },
    spec: { template: { spec: { containers } } },
  };
  const names = {
    name: "captured",
    namespace: "story",
    operation: "CREATE",
    userInfo: { username: "admin" },
  };
  const request = {
    uid: "captured",
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    ...names,
    object,
    oldObject: null,
    dryRun: false,
    options: null,
  };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
}
