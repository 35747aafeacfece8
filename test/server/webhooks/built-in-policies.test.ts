import { expect } from "chai";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { object, paths } from "../../contract/objects.ts";
import { podOf } from "../../policies/built-in/pod-review.ts";
import { type ApiAnswer, type ApiClient, createApiClient } from "../../rig/api-client.ts";
import {
  authority,
  createServerFolder,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "./server-rig.ts";

const pods = `${paths.namespaces}/shop/pods`;
const good = "registry.example/team/app:v1";

describe("a built-in policy", () => {
  let folder: ServerFolder;
  let running: RunningServer;
  let controlPlane: ControlPlane;
  let admin: ApiClient;

  before(async () => {
    folder = createServerFolder();
    controlPlane = await startControlPlane();
    admin = createApiClient({ ...controlPlane, token: controlPlane.adminToken });
    object(await admin.post(paths.namespaces, { metadata: { name: "shop" } }));
    object(await create("old", "registry.other/app"));
    const parameters = { registries: ["registry.example/team/"] };
    running = await startServer(folder, {
      webhooks: [
        {
          path: "/validate",
          authentication: { mode: "off" },
          policy: { builtIn: "trusted-registries", parameters },
        },
      ],
    });
    object(await admin.post(paths.validating, configuration()));
  });
  after(async () => {
    admin?.close();
    await running?.server.close();
    await controlPlane?.stop();
    folder.remove();
  });

  const create = (name: string, image: string): Promise<ApiAnswer> =>
    admin.post(pods, { ...podOf(image), metadata: { name } });
  const label = (name: string, spec: object = {}): Promise<ApiAnswer> =>
    admin.patch(`${pods}/${name}`, "application/merge-patch+json", {
      metadata: { labels: { seen: "yes" } },
      ...spec,
    });
  const configuration = (): object => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "countersign" },
    webhooks: [
      {
        name: "trusted-registries.countersign.dev",
        clientConfig: {
          url: `https://localhost:${running.port}/validate`,
          caBundle: Buffer.from(authority.certificatePem).toString("base64"),
        },
        rules: [
          { operations: ["CREATE", "UPDATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] },
        ],
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });

  it("lets an API server create a Pod of a trusted registry", async () => {
    object(await create("trusted", good));
  });

  it("makes an API server refuse another, and tell its client why", async () => {
    const answer = await create("untrusted", "nginx");
    expect(object<{ message: string }>(answer, 403).message).to.equal(
      'admission webhook "trusted-registries.countersign.dev" denied the request: container "app": nginx ' +
        "(docker.io/library/nginx) is from no trusted registry. Trusted: registry.example/team/",
    );
    expect((await admin.get(`${pods}/untrusted`)).status).to.equal(404);
  });

  it("lets a Pod from before it be labelled, and its image not be changed for another one like it", async () => {
    object(await label("old"), 200);
    const spec = { containers: [{ name: "app", image: "registry.other/app:v2" }] };
    object(await label("old", { spec }), 403);
  });

  it("is counted by its own name", async () =>
    expect((await running.admin("/metrics")).text).to.match(
      /countersign_policy_verdicts_total\{[^}]*policy="trusted-registries",outcome="denied"[^}]*\} [1-9]/,
    ));
});
