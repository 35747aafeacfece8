import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { partsOf } from "../contract/objects.ts";
import { createApiClient } from "../rig/api-client.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import {
  type SampleApiserver,
  startSampleApiserver,
  wardleAccount,
  wardleGroup,
} from "../rig/sample-apiserver.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { execUser, grantAsPrinted, type Plugin } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { executable, type ServeProcess, startServe } from "./serve-process.ts";

const account = `${wardleAccount.namespace}/${wardleAccount.name}`;
const caller = `system:serviceaccount:${account.replace("/", ":")}`;

const message = "flunders are no secret";
const policy = `import { definePolicy } from "countersign";

export default definePolicy<{ metadata: { labels?: Record<string, string> } }>({
  name: "no-secret-flunders",
  match: [{ apiGroups: ["wardle.example.com"], apiVersions: ["*"], operations: ["CREATE"], resources: ["flunders"] }],
  validate: (review) => review.object.metadata.labels?.secret === undefined || review.deny("${message}"),
});
`;

await describeWith(
  ["kube-apiserver 1.37", "sample-apiserver"],
  "an unmodified Go aggregated API server proves who calls",
  () => {
    let controlPlane: RealControlPlane;
    let wardle: SampleApiserver;
    let serve: ServeProcess;
    let audience: string;
    const createFlunder = (name: string, labels: object = {}) =>
      controlPlane.kubectl(["create", "-f", "-"], JSON.stringify(flunder(name, labels)));
    /** What stood in the plugin's answers to the server. */
    const captured = (): readonly string[] =>
      readFileSync(join(controlPlane.folder, "captured"), "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { status: { token: string } }).status.token);

    before(async () => {
      controlPlane = await startRealControlPlane({ aggregation: true });
      const port = await freePort();
      // by URL: this server looks a Service's name up in DNS, which there is none of here
      audience = `https://localhost:${port}/validate/flunders`;
      const authentication = { webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } };
      const route = (path: string): object => ({
        path,
        audiences: [`https://localhost:${port}${path}`],
        authentication,
        policy: { file: "flunders.ts" },
      });
      serve = await startServe({
        folder: controlPlane.folder,
        port,
        names: [],
        issuers: [{ name: "cluster" }],
        kubeconfig: controlPlane.kubeconfigFile,
        webhooks: [route("/validate/flunders"), route("/validate/other")],
        policies: { "flunders.ts": policy },
      });
      wardle = await startSampleApiserver({
        controlPlane,
        webhookKubeconfig: (kubeconfigFile) => {
          const users = [{ name: "*", user: execUser(tapped(kubeconfigFile, controlPlane.folder)) }];
          return JSON.stringify({ apiVersion: "v1", kind: "Config", users });
        },
      });
      await strictKubectl(controlPlane)(["apply", "-f", "-"], configuration(serve));
      await grantAsPrinted(controlPlane, [
        "--webhook-configuration=validating/flunders",
        `--service-account=${account}`,
      ]);
      await poll(
        "the webhook to be in effect",
        async () =>
          (await createFlunder("probe", { secret: "yes" })).stderr.includes(message) ? true : undefined,
        { intervalMs: 200 },
      );
    });
    after(async () => {
      await wardle?.stop();
      await serve?.stop();
      await controlPlane?.stop();
    });

    it("a Flunder made by kubectl through kube-apiserver is reviewed, its caller and its user named, and admitted", async () => {
      const { code, stderr } = await createFlunder("admitted");
      expect(code, stderr).to.equal(0);
      const line = await poll("the request in the log", () =>
        serve.log().find(({ name }) => name === "admitted"),
      );
      expect(line).to.include({ caller, user: "admin", msg: "allowed", mode: "enforce" });
    });

    it("one that the policy denies is denied, with its message", async () => {
      const { code, stderr } = await createFlunder("denied", { secret: "yes" });
      expect(code).to.equal(1);
      expect(stderr).to.contain(`admission webhook "flunders.example.com" denied the request: ${message}`);
    });

    it("the token is bound to the configuration, and attests this one group", () => {
      const { claims } = partsOf(captured().at(-1)!);
      expect(claims).to.containSubset({ aud: [audience], sub: caller });
      expect(claims["kubernetes.io"]).to.containSubset({
        validatingwebhookconfiguration: { name: "flunders" },
        attestations: { admissionReviewAPIGroups: [wardleGroup] },
      });
    });

    it("one plugin run serves the calls of ten minutes", () => {
      // placeholders before the grants were made are no tokens
      expect(captured().filter((token) => token.startsWith("ey"))).to.have.length(1);
    });

    for (const group of ["apps", "*"])
      it(`the issuer refuses the server's own ServiceAccount a token that attests ${group}`, async () => {
        const user = JSON.parse(readFileSync(wardle.kubeconfigFile, "utf8")) as {
          users: { user: { token: string } }[];
        };
        const client = createApiClient({ ...controlPlane, token: user.users[0]!.user.token });
        const path = `/api/v1/namespaces/${wardleAccount.namespace}/serviceaccounts/${wardleAccount.name}/token`;
        const answer = await client.post(path, tokenRequest(audience, group));
        client.close();
        expect(answer.status).to.equal(403);
        expect((answer.body as { message: string }).message).to.match(
          new RegExp(
            `^admissionReviewAPIGroups\\.authentication\\.k8s\\.io "${group.replace("*", "\\*")}" is forbidden: User "${caller}" cannot attest resource`,
          ),
        );
      });

    describe("its captured token", () => {
      const replay = async (path: string, group: string): Promise<readonly unknown[]> => {
        const client = createApiClient({ url: serve.url, caPem: serve.caPem, token: captured().at(-1)! });
        const uid = `replayed-${path}-${group}`;
        const answer = await client.post(path, review(uid, group));
        client.close();
        // the policy's own line comes first, and has no code where it allowed
        const line = await poll("the request in the log", () =>
          serve.log().find((one) => one.uid === uid && one.code !== undefined),
        );
        const { response } = answer.body as { response: { uid: string; allowed: boolean } };
        expect([answer.status, response.uid]).to.deep.equal([200, uid]);
        return [response.allowed, line.code];
      };

      it("is accepted where it belongs", async () => {
        expect(await replay("/validate/flunders", wardleGroup)).to.deep.equal([true, 200]);
      });

      it("is refused on a review of group apps", async () => {
        expect(await replay("/validate/flunders", "apps")).to.deep.equal([false, "ERR_GROUP_NOT_ATTESTED"]);
      });

      it("is refused on another route", async () => {
        expect(await replay("/validate/other", wardleGroup)).to.deep.equal([false, "ERR_TOKEN_AUDIENCE"]);
      });
    });
  },
);

/** The plugin as a Go server would name it, with an ear on what it answers. */
function tapped(kubeconfigFile: string, folder: string): Plugin {
  const plugin = [process.execPath, executable, "exec-credential"];
  const flags = [
    `--service-account=${account}`,
    `--api-group=${wardleGroup}`,
    `--kubeconfig=${kubeconfigFile}`,
  ];
  return {
    command: "/bin/sh",
    args: ["-c", `"$0" "$@" | tee -a ${join(folder, "captured")}`, ...plugin, ...flags],
  };
}

function configuration({ url, caBundle }: ServeProcess): object {
  const webhook = {
    name: "flunders.example.com",
    clientConfig: { url: `${url}/validate/flunders`, caBundle },
    rules: [
      { apiGroups: [wardleGroup], apiVersions: ["*"], operations: ["CREATE"], resources: ["flunders"] },
    ],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  };
  const api = "admissionregistration.k8s.io/v1";
  return {
    apiVersion: api,
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "flunders" },
    webhooks: [webhook],
  };
}

function flunder(name: string, labels: object): object {
  return {
    apiVersion: `${wardleGroup}/v1alpha1`,
    kind: "Flunder",
    metadata: { name, namespace: "default", labels },
    spec: {},
  };
}

function tokenRequest(audience: string, group: string): object {
  return {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {
      audiences: [audience],
      boundObjectRef: {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        name: "flunders",
      },
      attestations: { admissionReviewAPIGroups: [group] },
    },
  };
}

function review(uid: string, group: string): object {
  const version = group === wardleGroup ? "v1alpha1" : "v1";
  const kind = { group, version, kind: group === wardleGroup ? "Flunder" : "Deployment" };
  const resource = { group, version, resource: group === wardleGroup ? "flunders" : "deployments" };
  const request = {
    uid,
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    name: "replayed",
    namespace: "default",
    operation: "CREATE",
    userInfo: { username: "admin" },
    object: { apiVersion: `${group}/${version}`, kind: kind.kind, metadata: { name: "replayed" } },
    oldObject: null,
    options: null,
  };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
}
