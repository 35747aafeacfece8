import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createTrustedRegistries } from "../../src/policies/built-in/trusted-registries.ts";
import { type ApiAnswer, type ApiClient, createApiClient } from "../rig/api-client.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";
import { type ServeProcess, startServe } from "./serve-process.ts";

const registries = ["registry.example/team/"];
const good = "registry.example/team/app:v1";
const pods = "/api/v1/namespaces/default/pods";
const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const strategic = "application/strategic-merge-patch+json";

await describeWith(["kube-apiserver 1.37"], "trusted-registries behind an unmodified kube-apiserver", () => {
  let folder: string;
  let controlPlane: RealControlPlane;
  let serve: ServeProcess;
  let admin: ApiClient;

  before(async function () {
    this.timeout(180_000);
    folder = mkdtempSync(join(tmpdir(), "countersign-registries-"));
    controlPlane = await startRealControlPlane({});
    admin = createApiClient({ ...controlPlane, token: controlPlane.adminToken });
    // no controller makes it here, and Pods are not created without
    await admin.post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
    const policy = { builtIn: "trusted-registries", parameters: { registries } };
    const webhooks = [{ path: "/images", authentication: { mode: "off" }, policy }];
    serve = await startServe({
      folder,
      names: [],
      port: await freePort(),
      issuers: [],
      webhooks,
      policies: {},
    });
    const before = await admin.post(pods, pod("old", { containers: [{ name: "app", image: "nginx" }] }));
    expect(before.status, before.text).to.equal(201);
    await admin.post(configurations, configuration());
    await poll("the webhook to be called", async () =>
      (await create("probe", { containers: [{ name: "app", image: "nginx" }] }, "?dryRun=All")).status === 403
        ? true
        : undefined,
    );
  });
  after(async () => {
    admin?.close();
    await serve?.stop();
    await controlPlane?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const configuration = (): object => ({
    metadata: { name: "countersign" },
    webhooks: [
      {
        name: "trusted-registries.countersign.dev",
        clientConfig: { url: `${serve.url}/images`, caBundle: serve.caBundle },
        rules: createTrustedRegistries({ registries }).match,
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
  const pod = (name: string, spec: object): object => ({ metadata: { name }, spec });
  const create = (name: string, spec: object, query = ""): Promise<ApiAnswer> =>
    admin.post(`${pods}${query}`, pod(name, spec));
  const containers = [{ name: "app", image: good }];
  const debug = (name: string, image: string): Promise<ApiAnswer> =>
    admin.patch(`${pods}/${name}/ephemeralcontainers`, strategic, {
      spec: { ephemeralContainers: [{ name: "debug", image }] },
    });

  const created: readonly (readonly [string, object, number])[] = [
    ["images that are trusted", { containers, initContainers: [{ name: "first", image: good }] }, 201],
    ["an image that is not", { containers: [{ name: "app", image: "nginx" }] }, 403],
    [
      "an init container whose image is not",
      { containers, initContainers: [{ name: "a", image: "nginx" }] },
      403,
    ],
    [
      "a volume that is an image which is not",
      { containers, volumes: [{ name: "data", image: { reference: "registry.other/data:v1" } }] },
      403,
    ],
    [
      "a volume that is an image which is",
      { containers, volumes: [{ name: "data", image: { reference: "registry.example/team/data:v1" } }] },
      201,
    ],
  ];
  for (const [index, [what, spec, status]] of created.entries())
    it(`answers ${status} for a Pod with ${what}`, async () => {
      const answer = await create(`created-${index}`, spec);
      expect(answer.status, answer.text).to.equal(status);
    });

  it("is what kubectl shows", async () => {
    const { code, stderr } = await controlPlane.kubectl(["run", "mine", "--image=nginx"]);
    expect(code).to.equal(1);
    expect(stderr.trim()).to.equal(
      'Error from server (Forbidden): admission webhook "trusted-registries.countersign.dev" denied the request: ' +
        'container "mine": nginx (docker.io/library/nginx) is from no trusted registry. Trusted: registry.example/team/',
    );
  });

  it("lets a Pod from before it be labelled, and given no other image that is not trusted", async () => {
    expect((await controlPlane.kubectl(["label", "pod", "old", "seen=yes"])).code).to.equal(0);
    const changed = await controlPlane.kubectl(["set", "image", "pod/old", "app=nginx:1.29"]);
    expect(changed.stderr).to.include("nginx:1.29 (docker.io/library/nginx) is from no trusted registry");
    expect((await controlPlane.kubectl(["set", "image", "pod/old", `app=${good}`])).code).to.equal(0);
  });

  it("judges what is debugged with, as kubectl debug adds it", async () => {
    await create("debugged", { containers });
    const denied = await debug("debugged", "busybox");
    expect(denied.status, denied.text).to.equal(403);
    expect(denied.text).to.include("ephemeral container");
    expect((await debug("debugged", good)).status).to.equal(200);
  });

  it("leaves a Deployment to the Pods it makes", async () => {
    const { code } = await controlPlane.kubectl(["create", "deployment", "web", "--image=nginx"]);
    expect(code).to.equal(0);
  });
});
