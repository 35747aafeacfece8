import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { partsOf } from "../contract/objects.ts";
import { createApiClient } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import { describeWith } from "./requirements.ts";
import {
  type CreatedDeployment,
  type FailurePolicy,
  type Plugin,
  type StoryCluster,
  startStory,
  untilDeployment,
  type Via,
} from "./story-cluster.ts";
import { badImage, caller, deployment, goodImage, namespace } from "./story-objects.ts";

const failurePolicies: readonly FailurePolicy[] = ["Fail", "Ignore"];
const ways: readonly Via[] = ["service", "url"];
const refusalMessage = "the caller of this webhook was not accepted";
const policyMessage = "images come from registry.example.com only";

await describeWith(["kube-apiserver 1.37"], "an unmodified kube-apiserver 1.37 proves who calls", () => {
  let story: StoryCluster;
  const withFlags = (...flags: readonly string[]): Plugin => ({
    ...story.plugin,
    args: [
      ...story.plugin.args.filter((arg) => !flags.some((flag) => arg.startsWith(flag.split("=")[0]!))),
      ...flags,
    ],
  });
  /** The plugin's kubeconfig with an API server at another port of this machine. */
  const minterAt = (name: string, port: number): string => {
    const file = join(story.folder, `${name}.kubeconfig`);
    const kubeconfig = readFileSync(join(story.folder, "webhook-caller.kubeconfig"), "utf8");
    writeFileSync(file, kubeconfig.replace(story.controlPlane.url, `https://127.0.0.1:${port}`), {
      mode: 0o600,
    });
    return file;
  };
  const bystanderCalls = () => story.bystander.calls("/");
  const refusals = () => story.serve.log().filter(({ msg }) => msg === "refused");
  /** Why `serve` refused a caller while this ran. Its log arrives through a pipe, later than its answer. */
  const refusedFor = async (run: () => Promise<void>): Promise<unknown> => {
    const before = refusals().length;
    await run();
    return poll("the refusal in the log", () => refusals()[before]?.code);
  };

  before(async () => {
    story = await startStory({
      version: "1.37",
      pluginFlags: ["--service-account=kube-system/webhook-caller", "--api-group=*"],
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

  /** Refused by serve as a caller, not by kube-apiserver for a failed call; nothing stored; the bystander was called. */
  const expectRefused = async (via: Via, failurePolicy: FailurePolicy, code: string): Promise<void> => {
    const calls = bystanderCalls().length;
    const reason = await refusedFor(async () => {
      const created = await story.createDeployment({ via, failurePolicy });
      expect(created.stderr).to.contain(
        `admission webhook "${failurePolicy.toLowerCase()}.${via}.example.com" denied the request: ${refusalMessage}`,
      );
      expect([created.code, created.stored]).to.deep.equal([1, false]);
    });
    expect(reason).to.equal(code);
    expect(bystanderCalls()).to.have.length(calls + 1);
  };

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
      const reason = await refusedFor(async () => {
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
      const { code, stdout, stderr } = await story.runPlugin(withFlags("--api-group=apps"), story.serve.url);
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
      const reason = await refusedFor(async () => {
        expect(await send("/validate/service", "apps")).to.containSubset({
          response: { uid: "captured", allowed: false, status: { code: 401 } },
        });
      });
      expect(reason).to.equal("ERR_TOKEN_AUDIENCE");
    });

    it("is refused for another API group", async () => {
      const reason = await refusedFor(async () => {
        expect(await send("/validate/url", "batch")).to.containSubset({
          response: { uid: "captured", allowed: false },
        });
      });
      expect(reason).to.equal("ERR_GROUP_NOT_ATTESTED");
    });
  });

  describe("with the exec user removed from the kubeconfig", () => {
    before(() => story.restart());
    for (const via of ways)
      for (const failurePolicy of failurePolicies)
        it(`a create is refused by ${via} under ${failurePolicy}`, () =>
          expectRefused(via, failurePolicy, "ERR_CREDENTIALS_MISSING"));

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
          expectRefused("service", failurePolicy, "ERR_TOKEN_MALFORMED"));

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

  unable("its API server is away", async () => withFlags(`--kubeconfig=${minterAt("away", 1)}`));

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
        withFlags(`--kubeconfig=${minterAt("silent", port)}`),
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
        "countersign:webhook-attester:kube-system:webhook-caller",
        "--ignore-not-found",
      ]);
      return story.plugin;
    },
    () =>
      story.kubectl([
        "create",
        "clusterrolebinding",
        "countersign:webhook-attester:kube-system:webhook-caller",
        "--clusterrole=countersign:webhook-attester:kube-system:webhook-caller",
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
      await expectRefused("service", "Ignore", "ERR_CERTIFICATE_UNNAMED");
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
