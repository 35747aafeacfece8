import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { partsOf } from "../contract/objects.ts";
import type { WebhookCall } from "../rig/capturing-webhook.ts";
import { poll } from "../rig/poll.ts";
import { type AggregatedCluster, startAggregatedCluster } from "./aggregated-cluster.ts";
import {
  fruit,
  group,
  namespace,
  picker,
  pickerUser,
  serverCaller,
  stranger,
  strangerUser,
  watchedConfiguration,
} from "./aggregated-objects.ts";
import { describeWith } from "./requirements.ts";
import type { LogLine } from "./serve-process.ts";

const fruits = `fruits.${group}`;
const collection = `/apis/${group}/v1alpha1/namespaces/${namespace}/fruits`;

await describeWith(["kube-apiserver 1.37"], "an aggregated API server in TypeScript proves who calls", () => {
  let cluster: AggregatedCluster;
  const as = (user: string): readonly string[] => [`--as=${user}`, "--as-group=system:serviceaccounts"];
  const minted = (): readonly LogLine[] =>
    cluster.said().filter((line) => line.channel === "countersign:token" && line.outcome === "minted");
  const tokenOf = (call: WebhookCall): string => (call.headers.authorization ?? "").replace("Bearer ", "");
  const askedWith = (): string => tokenOf(cluster.watcher.calls("/asking").at(-1)!);
  const untilCreated = (name: string): Promise<unknown> =>
    poll(
      "a fruit to be created",
      async () => ((await cluster.createFruit(name)).code === 0 ? true : undefined),
      { intervalMs: 300 },
    );

  before(async () => {
    cluster = await startAggregatedCluster();
    // the server watches configurations: all four are in effect when the mutating one and the watchers are
    await poll("the webhooks to be in effect", async () => {
      const { stderr } = await cluster.createFruit("bad-probe", { color: "grey" });
      return stderr.includes("denied the request") && cluster.watcher.calls("/asking").length > 0
        ? true
        : undefined;
    });
  });
  after(async () => {
    await cluster?.stop();
  });

  describe("kubectl, through kube-apiserver", () => {
    it("creates a fruit, which comes back mutated and is stored so, caller and user kept apart", async () => {
      const { code, stderr } = await cluster.createFruit("apple");
      expect(code, stderr).to.equal(0);
      const stored = JSON.parse(
        await cluster.kubectl(["get", fruits, "apple", "-n", namespace, "-o", "json"]),
      );
      expect(stored).to.containSubset({
        metadata: { name: "apple", annotations: { ripened: `${serverCaller} for admin` } },
        spec: { color: "red" },
      });
    });

    for (const [name, spec, webhook, message] of [
      ["stone", { color: "grey" }, "colors.example.com", "no fruit is grey"],
      ["bad-apple", { color: "red" }, "names.example.com", "no fruit is bad"],
    ] as const)
      it(`is told who denied ${name}, in kube-apiserver's words, and nothing is stored`, async () => {
        const { code, stderr } = await cluster.createFruit(name, spec);
        expect(code).to.equal(1);
        expect(stderr).to.contain(`admission webhook "${webhook}" denied the request: ${message}`);
        const stored = await cluster.controlPlane.kubectl(["get", fruits, name, "-n", namespace]);
        expect(stored.stderr).to.contain("NotFound");
      });

    // kube-apiserver asks the same RBAC before it passes a request on; below, the server is asked without it
    it("is refused (403) for a user without the grant, before any webhook is called", async () => {
      const before = cluster.watcher.calls("/asking").length;
      const { code, stderr } = await cluster.createFruit("stolen", {}, ...as(strangerUser));
      expect(code).to.equal(1);
      expect(stderr).to.contain(
        `fruits.${group} is forbidden: User "${strangerUser}" cannot create resource "fruits" in API group "${group}" in the namespace "${namespace}"`,
      );
      expect(cluster.watcher.calls("/asking")).to.have.length(before);
    });

    it("creates as a user with the grant, whose name the webhooks see", async () => {
      const { code, stderr } = await cluster.createFruit("picked", {}, ...as(pickerUser));
      expect(code, stderr).to.equal(0);
      const call = cluster.watcher.calls("/asking").at(-1)!;
      expect(call.review.request).to.containSubset({ name: "picked", userInfo: { username: pickerUser } });
    });

    it("can say who may", async () => {
      const ask = (user: string) =>
        cluster.controlPlane.kubectl(["auth", "can-i", "create", fruits, "-n", namespace, ...as(user)]);
      expect((await ask(pickerUser)).stdout).to.equal("yes\n");
      expect((await ask(strangerUser)).stdout).to.equal("no\n");
    });

    it("matches conditions that ask what the user may do", async () => {
      // the administrator may do anything, so also what the condition excuses
      expect((await cluster.createFruit("bad-smuggled")).code).to.equal(0);
      const binding = [
        "create",
        "role",
        "fruit-creator",
        "--verb=create,get",
        `--resource=${fruits}`,
        "-n",
        namespace,
      ];
      await cluster.kubectl(binding);
      await cluster.kubectl([
        "create",
        "rolebinding",
        "fruit-creator",
        "--role=fruit-creator",
        "-n",
        namespace,
        `--serviceaccount=${namespace}:creator`,
      ]);
      const creator = `system:serviceaccount:${namespace}:creator`;
      await cluster.kubectl(["delete", fruits, "bad-smuggled", "-n", namespace]);
      const denied = await poll("the grant to be in effect", async () => {
        const { stderr } = await cluster.createFruit("bad-smuggled", {}, ...as(creator));
        return stderr.includes("forbidden") ? undefined : stderr;
      });
      expect(denied).to.contain('admission webhook "names.example.com" denied the request: no fruit is bad');
    });

    it("applies, patches, lists, explains and deletes", async () => {
      await cluster.kubectl(["apply", "-f", "-"], fruit("pear", { color: "green" }));
      await cluster.kubectl(["apply", "-f", "-"], fruit("pear", { color: "yellow", sweetness: 7 }));
      const table = await cluster.kubectl(["get", "fr", "pear", "-n", namespace]);
      expect(table).to.match(/^NAME +COLOR +SWEETNESS\npear +yellow +7\n$/);
      expect(await cluster.kubectl(["explain", "fruits.spec"])).to.contain("Its colour, in one word.");
      await cluster.kubectl(["delete", fruits, "pear", "-n", namespace]);
      expect(await cluster.kubectl(["get", fruits, "-n", namespace, "-o", "name"])).to.not.contain("pear");
    });

    it("is told of a field that there is not, and of a dry run that nothing is stored", async () => {
      const unknown = await cluster.createFruit("square", { shape: "square" });
      expect(unknown.stderr).to.contain('strict decoding error: unknown field "spec.shape"');
      expect((await cluster.createFruit("dry", {}, "--dry-run=server")).code).to.equal(0);
      const stored = await cluster.controlPlane.kubectl(["get", fruits, "dry", "-n", namespace]);
      expect(stored.code).to.equal(1);
    });
  });

  describe("its tokens", () => {
    it("there is one for each webhook, for its own audience and the server's own group, and no more", async () => {
      await cluster.createFruit("once-more");
      const audiences = minted().map(({ audience }) => audience);
      expect(new Set(audiences).size).to.equal(audiences.length);
      const webhooks = `https://webhooks.${namespace}.svc:${cluster.serve.port}`;
      expect(audiences).to.have.members([
        `${webhooks}/validate/colors`,
        `${webhooks}/mutate/ripen`,
        `https://localhost:${cluster.serve.port}/validate/names`,
        `https://localhost:${cluster.watcher.port}/asking`,
        `https://localhost:${cluster.watcher.port}/plain`,
      ]);
      expect(minted().map(({ apiGroup }) => apiGroup)).to.deep.equal(Array(5).fill(group));
    });

    it("each is bound to its webhook's configuration, as the server's own ServiceAccount", async () => {
      const uid = await uidOfWatchers();
      const { claims } = partsOf(askedWith());
      expect(claims).to.containSubset({ sub: serverCaller });
      expect(claims["kubernetes.io"]).to.containSubset({
        validatingwebhookconfiguration: { name: "fruit-watchers", uid },
        attestations: { admissionReviewAPIGroups: [group] },
      });
    });

    it("all three webhooks accepted it, and knew the caller", async () => {
      await cluster.createFruit("known");
      const lines = await poll("the requests in the log", () => {
        const found = cluster.serve.log().filter(({ name }) => name === "known");
        return found.length === 3 ? found : undefined;
      });
      for (const line of lines)
        expect(line).to.include({ caller: serverCaller, user: "admin", msg: "allowed" });
    });

    it("a configuration that was deleted and made anew has a new one at once, without a restart", async () => {
      const before = askedWith();
      await cluster.kubectl(["delete", "validatingwebhookconfiguration", "fruit-watchers"]);
      await cluster.kubectl(["apply", "-f", "-"], watchedConfiguration(cluster.watcher));
      const uid = await uidOfWatchers();
      const boundTo = (token: string): unknown =>
        (partsOf(token).claims["kubernetes.io"] as Record<string, { uid: string }>)
          .validatingwebhookconfiguration!.uid;
      await poll("a review with a token for the new configuration", async () => {
        const calls = cluster.watcher.calls("/asking").length;
        expect((await cluster.createFruit(`anew-${calls}`)).code).to.equal(0);
        // the watch may not have seen it yet; what was never to be sent is a token of the old one for the new
        if (cluster.watcher.calls("/asking").length === calls) return undefined;
        return boundTo(askedWith()) === uid ? true : undefined;
      });
      expect(askedWith()).to.not.equal(before);
    });
  });

  describe("asked directly, without the aggregation layer", () => {
    const headers = { "X-Remote-User": "admin", "X-Remote-Group": "system:masters" };
    const ask = (
      tls: { readonly cert?: string | Buffer; readonly key?: string | Buffer },
      sent: Readonly<Record<string, string>>,
    ): Promise<{ status: number; body: { message?: string } }> =>
      new Promise((resolve, reject) => {
        request(`${cluster.url}${collection}`, { ...tls, ca: cluster.caPem, headers: sent, agent: false })
          .once("error", reject)
          .once("response", (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            response.once("end", () => resolve({ status: response.statusCode!, body: JSON.parse(text) }));
          })
          .end();
      });
    const proxy = () => ({
      cert: readFileSync(join(cluster.controlPlane.folder, "front-proxy-client.crt")),
      key: readFileSync(join(cluster.controlPlane.folder, "front-proxy-client.key")),
    });
    const tokenFor = async ({ name }: { readonly name: string }): Promise<string> =>
      (await cluster.kubectl(["create", "token", name, "-n", namespace])).trim();

    it("forged headers without the proxy's certificate make nobody an administrator", async () => {
      const { status, body } = await ask({}, headers);
      expect(status).to.equal(403);
      expect(body.message).to.contain('User "system:anonymous" cannot list resource "fruits"');
    });

    it("nor with a certificate of somebody else's CA, under the proxy's name", async () => {
      const forged = createCertificateAuthority().issue({ commonName: "front-proxy-client" });
      const { status, body } = await ask({ cert: forged.certificatePem, key: forged.keyPem }, headers);
      expect([status, body.message]).to.deep.equal([401, "Unauthorized"]);
    });

    it("nor beside a good token: the token's user is who asks", async () => {
      const authorization = `Bearer ${await tokenFor(stranger)}`;
      const { status, body } = await ask({}, { ...headers, authorization });
      expect(status).to.equal(403);
      expect(body.message).to.contain(`User "${strangerUser}" cannot list`);
    });

    it("the proxy's own certificate is believed", async () => {
      expect((await ask(proxy(), headers)).status).to.equal(200);
      expect((await ask(proxy(), { "X-Remote-User": "jane" })).body.message).to.contain('User "jane"');
    });

    it("a token is reviewed, and its user authorized", async () => {
      expect((await ask({}, { authorization: `Bearer ${await tokenFor(picker)}` })).status).to.equal(200);
      const refused = await ask({}, { authorization: `Bearer ${await tokenFor(stranger)}` });
      expect(refused).to.containSubset({
        status: 403,
        body: { reason: "Forbidden", details: { kind: "fruits", group } },
      });
      expect((await ask({}, { authorization: "Bearer not-a-token" })).status).to.equal(401);
    });

    it("impersonation is authorized, and never ignored", async () => {
      const authorization = `Bearer ${await tokenFor(picker)}`;
      const { status, body } = await ask({}, { authorization, "Impersonate-User": "admin" });
      expect(status).to.equal(403);
      expect(body.message).to.contain(`User "${pickerUser}" cannot impersonate resource "users"`);
    });
  });

  describe("what must hold when things go wrong", () => {
    it("a refusal (401) makes it drop the token once, and not in a loop", async () => {
      for (const refusal of [
        { status: 401, body: "" },
        { status: 200, body: undefined },
      ]) {
        // a token younger than ten seconds is not dropped: the next would be refused as well
        expect((await cluster.createFruit(`before-refusal-${refusal.status}`)).code).to.equal(0);
        await cluster.advance(11_000);
        cluster.watcher.answer("/asking", ({ review }) =>
          refusal.body === undefined
            ? {
                body: {
                  ...review,
                  response: { uid: review.request.uid, allowed: false, status: { code: 401 } },
                },
              }
            : refusal,
        );
        const startedAt = performance.now();
        for (let call = 0; call < 5; call++) await cluster.createFruit(`refused-${call}`);
        const periods = 1 + Math.floor((performance.now() - startedAt) / 10_000);
        const tokens = cluster.watcher.calls("/asking").slice(-5).map(tokenOf);
        expect(new Set(tokens).size).to.be.within(2, 1 + periods);
        expect(tokens[1]).to.not.equal(tokens[0]);
        cluster.watcher.answer("/asking", ({ review }) => ({
          body: { ...review, response: { uid: review.request.uid, allowed: true } },
        }));
      }
    });

    it("certificate and caBundle of the webhooks are rotated: tokens stay, and nothing is restarted", async () => {
      await untilCreated("before-rotation");
      const before = minted().length;
      const authority = createCertificateAuthority({ commonName: "rotated-ca" });
      const dnsNames = ["localhost", `webhooks.${namespace}.svc`];
      const pair = authority.issue({ commonName: "countersign", dnsNames });
      const value = Buffer.from(authority.certificatePem).toString("base64");
      const patch = JSON.stringify([{ op: "replace", path: "/webhooks/0/clientConfig/caBundle", value }]);
      for (const name of ["validating/fruit-colors", "validating/fruit-names", "mutating/fruit-ripening"]) {
        const resource = name.replace("/", "webhookconfiguration/");
        await cluster.kubectl(["patch", resource, "--type=json", "-p", patch]);
      }
      await poll("the new caBundle to count", async () => {
        const { stderr } = await cluster.createFruit("bad-distrusted", { color: "grey" });
        return stderr.includes("not signed by a CA we trust") ? true : undefined;
      });
      const { folder } = cluster.controlPlane;
      writeFileSync(join(folder, "tls.crt"), pair.certificatePem);
      writeFileSync(join(folder, "tls.key"), pair.keyPem);
      await untilCreated("after-rotation");
      expect(minted()).to.have.length(before);
    });

    it("attest revoked: calls go on until the tokens end, then the error names the missing grant", async () => {
      await cluster.restartServer({ strict: true });
      await untilCreated("before-revocation");
      expect(await mayAttest()).to.equal(true);
      const role = "countersign:webhook-attester:orchard:apiserver:fruits.example.dev";
      const grant = await cluster.kubectl(["get", "clusterrolebinding", role, "-o", "json"]);
      await cluster.kubectl(["delete", "clusterrolebinding", role]);
      await poll("attest to be refused", async () => ((await mayAttest()) ? undefined : true));
      await cluster.advance(9 * 60_000);
      expect((await cluster.createFruit("still-going")).code).to.equal(0);
      await poll("the refused renewal", () =>
        cluster
          .said()
          .find((line) => line.channel === "countersign:token" && line.code === "ERR_TOKEN_REQUEST_ATTEST"),
      );
      expect((await cluster.createFruit("still-going-on")).code).to.equal(0);
      await cluster.advance(60_000);
      const ended = await cluster.createFruit("ended");
      expect(ended.code).to.equal(1);
      expect(ended.stderr).to.match(/failed calling webhook ".*": .*attest.*fruits\.example\.dev/);
      const { metadata, ...rest } = JSON.parse(grant) as { metadata: { name: string } };
      await cluster.kubectl(["apply", "-f", "-"], { ...rest, metadata: { name: metadata.name } });
      await cluster.restartServer({});
      await untilCreated("granted-again");
    });

    it("goes on when kube-apiserver has been restarted", async () => {
      await cluster.controlPlane.restart({});
      await untilCreated("after-restart");
    });
  });

  describe("asking tokens only for webhooks that say so (KEP-2510, by annotation)", () => {
    it("those get one, the others are called with nothing", async () => {
      await cluster.restartServer({ webhooks: "authenticationSource" });
      await untilCreated("asked-for");
      expect(askedWith()).to.match(/^ey/);
      expect(cluster.watcher.calls("/plain").at(-1)!.headers).to.not.have.property("authorization");
      const audiences = minted().map(({ audience }) => audience);
      expect(audiences).to.have.length(4);
      expect(audiences).to.not.contain(`https://localhost:${cluster.watcher.port}/plain`);
    });
  });

  const mayAttest = async (): Promise<boolean> => {
    const resourceAttributes = {
      verb: "attest",
      group: "authentication.k8s.io",
      resource: "admissionReviewAPIGroups",
      name: group,
    };
    const answered = await cluster.kubectl(
      ["create", "--raw", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "-f", "-"],
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: serverCaller, resourceAttributes },
      },
    );
    return (JSON.parse(answered) as { status: { allowed: boolean } }).status.allowed;
  };
  const uidOfWatchers = (): Promise<string> =>
    cluster.kubectl([
      "get",
      "validatingwebhookconfiguration",
      "fruit-watchers",
      "-o",
      "jsonpath={.metadata.uid}",
    ]);
});
