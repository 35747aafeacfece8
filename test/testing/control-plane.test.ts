import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import type { ControlPlaneOptions } from "../../src/testing/control-plane-options.ts";
import { object, partsOf } from "../contract/objects.ts";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { type CapturingWebhook, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { until } from "../until.ts";

const accounts = "/api/v1/namespaces/default/serviceaccounts";
const reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const minuteMs = 60_000;

describe("the embedded control plane", () => {
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  const start = async (options: ControlPlaneOptions = {}): Promise<ControlPlane> => {
    const controlPlane = await startControlPlane(options);
    stops.push(() => controlPlane.stop());
    return controlPlane;
  };
  const clientOf = ({ url, caPem, adminToken }: ControlPlane, token = adminToken): ApiClient => {
    const client = createApiClient({ url, caPem, token });
    stops.push(() => client.close());
    return client;
  };
  const mint = async (admin: ApiClient, spec: object = {}): Promise<string> => {
    const answer = await admin.post(`${accounts}/default/token`, { spec });
    return object<{ status: { token: string } }>(answer).status.token;
  };
  const isAccepted = async (admin: ApiClient, token: string): Promise<boolean> => {
    const { status } = object<{ status: { authenticated?: boolean } }>(
      await admin.post(reviews, { spec: { token } }),
    );
    return status.authenticated === true;
  };

  describe("time", () => {
    it("is its own: what it writes and what it accepts follow the controlled clock", async () => {
      const controlPlane = await start({ clock: { now: () => Date.UTC(2030, 0, 1), random: () => 0 } });
      const admin = clientOf(controlPlane);
      const created = object(await admin.post("/api/v1/namespaces", { metadata: { name: "new" } }));
      expect(created.metadata.creationTimestamp).to.equal("2030-01-01T00:00:00Z");
      const token = await mint(admin);
      expect(partsOf(token).claims).to.include({ iat: 1893456000, nbf: 1893456000, exp: 1893459600 });
      controlPlane.clock.advance(60 * minuteMs + 59_000);
      expect(await isAccepted(admin, token), "go-jose gives a minute's leeway").to.equal(true);
      controlPlane.clock.advance(2_000);
      expect(await isAccepted(admin, token)).to.equal(false);
      expect((await clientOf(controlPlane, token).get("/api")).status).to.equal(401);
    });

    it("may go back: a token from the future is not accepted", async () => {
      const controlPlane = await start();
      const admin = clientOf(controlPlane);
      const token = await mint(admin);
      controlPlane.clock.advance(-2 * minuteMs);
      expect(await isAccepted(admin, token)).to.equal(false);
      controlPlane.clock.advance(2 * minuteMs);
      expect(await isAccepted(admin, token)).to.equal(true);
    });
  });

  describe("signing keys", () => {
    const kidsOf = async (admin: ApiClient): Promise<readonly string[]> => {
      const answer = await admin.get("/openid/v1/jwks", { accept: "*/*" });
      return object<{ keys: { kid: string }[] }>(answer, 200).keys.map(({ kid }) => kid);
    };

    it("may be rotated, the old one still published and accepted", async () => {
      const controlPlane = await start();
      const admin = clientOf(controlPlane);
      const before = await mint(admin);
      await controlPlane.rotateSigningKey();
      const after = await mint(admin);
      const kids = [before, after].map((token) => partsOf(token).header.kid);
      expect(await kidsOf(admin)).to.deep.equal([...kids].reverse());
      expect(await Promise.all([before, after].map((token) => isAccepted(admin, token)))).to.deep.equal([
        true,
        true,
      ]);
    });

    it("may be replaced at once, and then nothing signed before is accepted", async () => {
      const controlPlane = await start();
      const admin = clientOf(controlPlane);
      const before = await mint(admin);
      await controlPlane.rotateSigningKey({ keepOld: false });
      expect(await kidsOf(admin)).to.have.length(1);
      expect(await isAccepted(admin, before)).to.equal(false);
    });

    it("may be of P-256, as a cluster's may", async () => {
      const controlPlane = await start({ signingAlgorithm: "ES256" });
      const admin = clientOf(controlPlane);
      const token = await mint(admin);
      expect(partsOf(token).header).to.include({ alg: "ES256" });
      const discovery = await admin.get("/.well-known/openid-configuration");
      expect(discovery.body).to.deep.include({ id_token_signing_alg_values_supported: ["ES256"] });
      expect(await isAccepted(admin, token)).to.equal(true);
    });
  });

  describe("who is who", () => {
    const whoami = (client: ApiClient): Promise<unknown> =>
      client
        .post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
        .then((answer) => object<{ status: { userInfo: unknown } }>(answer).status.userInfo);

    const asCertificate = (
      { url, caPem }: ControlPlane,
      pair: { readonly certificatePem: string; readonly keyPem: string },
      path: string,
    ): Promise<{ readonly status: number; readonly body: string }> =>
      new Promise((resolve, reject) => {
        const { certificatePem: cert, keyPem: key } = pair;
        const sent = request(new URL(path, url), { ca: caPem, cert, key, agent: false }, (response) => {
          let body = "";
          response.on("data", (chunk) => (body += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        });
        sent.on("error", reject).end();
      });

    it("takes a client certificate's name and organizations for user and groups", async () => {
      const controlPlane = await start();
      const issue = (organization: string): { certificatePem: string; keyPem: string } =>
        controlPlane.certificateAuthority.issue({ commonName: "jane", organization });
      expect((await asCertificate(controlPlane, issue("system:masters"), "/api/v1/secrets")).status).to.equal(
        200,
      );
      const denied = await asCertificate(controlPlane, issue("dev"), "/api/v1/secrets");
      expect([denied.status, JSON.parse(denied.body).message]).to.deep.equal([
        403,
        'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope',
      ]);
    });

    it("answers 401 to a certificate of another authority, and to one for servers", async () => {
      const [controlPlane, other] = [await start(), await start()];
      const stranger = other.certificateAuthority.issue({ commonName: "jane" });
      expect((await asCertificate(controlPlane, stranger, "/version")).status).to.equal(401);
      const server = controlPlane.certificateAuthority.issue({ commonName: "jane", usages: ["serverAuth"] });
      expect((await asCertificate(controlPlane, server, "/version")).status).to.equal(401);
    });

    it("knows a ServiceAccount by its token, with the token's id", async () => {
      const controlPlane = await start();
      const token = await mint(clientOf(controlPlane));
      const { claims } = partsOf(token);
      expect(await whoami(clientOf(controlPlane, token))).to.deep.equal({
        username: "system:serviceaccount:default:default",
        uid: (claims["kubernetes.io"] as { serviceaccount: { uid: string } }).serviceaccount.uid,
        groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
        extra: { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] },
      });
    });

    it("hands out kubeconfigs for whomever, and writes the administrator's for nobody else to read", async () => {
      const folder = await mkdtemp(join(tmpdir(), "countersign-kubeconfig-"));
      stops.push(() => rm(folder, { recursive: true }));
      const controlPlane = await start();
      const file = join(folder, "kubeconfig");
      await writeFile(file, "", { mode: 0o644 });
      await controlPlane.writeKubeconfig(file);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      expect(await readFile(file, "utf8")).to.equal(controlPlane.adminKubeconfig);
      const user = controlPlane.certificateAuthority.issue({ commonName: "jane" });
      const written = parse(controlPlane.kubeconfig(user)) as { users: [{ user: Record<string, string> }] };
      expect(Object.keys(written.users[0].user)).to.deep.equal([
        "client-certificate-data",
        "client-key-data",
      ]);
    });
  });

  describe("kinds of one's own", () => {
    const widgets = { group: "widgets.example.com", version: "v1", kind: "Widget", shortNames: ["wg"] };
    const path = "/apis/widgets.example.com/v1/namespaces/default/widgets";

    it("are stored, found by discovery and kept as they came", async () => {
      const admin = clientOf(await start({ kinds: [widgets] }));
      const spec = { anything: [1, { goes: null }] };
      object(await admin.post(path, { metadata: { name: "a" }, spec }));
      expect(object<{ spec: unknown }>(await admin.get(`${path}/a`), 200).spec).to.deep.equal(spec);
      const { resources } = object<{ resources: object[] }>(
        await admin.get("/apis/widgets.example.com/v1"),
        200,
      );
      expect(resources[0]).to.include({
        name: "widgets",
        singularName: "widget",
        namespaced: true,
        kind: "Widget",
      });
      const patched = await admin.patch(`${path}/a`, "application/merge-patch+json", {
        spec: { anything: null },
      });
      expect(object<{ spec: unknown; metadata: object }>(patched, 200)).to.deep.include({ spec: {} });
    });

    it("take no strategic merge patch, as a CustomResourceDefinition's do not", async () => {
      const admin = clientOf(await start({ kinds: [widgets] }));
      object(await admin.post(path, { metadata: { name: "a" } }));
      const answer = await admin.patch(`${path}/a`, "application/strategic-merge-patch+json", {});
      expect(answer.status).to.equal(415);
    });

    it("may be for the whole cluster, under a plural of their own", async () => {
      const options = { ...widgets, kind: "Box", resource: "boxes", namespaced: false };
      const admin = clientOf(await start({ kinds: [options] }));
      object(await admin.post("/apis/widgets.example.com/v1/boxes", { metadata: { name: "a" } }));
      expect((await admin.get("/apis/widgets.example.com/v1/boxes/a")).status).to.equal(200);
    });
  });

  describe("as a caller of webhooks", () => {
    let webhook: CapturingWebhook;
    beforeEach(async () => {
      webhook = await startCapturingWebhook({ names: ["hook.default.svc"] });
      stops.push(() => webhook.close());
    });
    const register = async (admin: ApiClient, clientConfig: object): Promise<string> => {
      const entry = {
        name: "hook.example.com",
        clientConfig: { ...clientConfig, caBundle: webhook.caBundle },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      };
      const answer = await admin.post(configurations, { metadata: { name: "hooks" }, webhooks: [entry] });
      return object(answer).metadata.uid;
    };
    const createConfigMap = (admin: ApiClient, name: string): Promise<unknown> =>
      admin
        .post("/api/v1/namespaces/default/configmaps", { metadata: { name } })
        .then((answer) => object(answer));

    it("presents nothing unless told to", async () => {
      const controlPlane = await start();
      const admin = clientOf(controlPlane);
      await register(admin, { url: `https://localhost:${webhook.port}/hook` });
      await createConfigMap(admin, "a");
      expect(webhook.calls("/hook")).to.have.length(1);
      expect(webhook.calls("/hook")[0]!.headers).to.not.have.property("authorization");
      expect(controlPlane.statistics()).to.include({ webhookCalls: 1, tokensMinted: 0 });
    });

    it("presents a token of its own ServiceAccount, bound to the configuration, for all groups, minted once", async () => {
      const controlPlane = await start({ webhookAuthentication: {} });
      const admin = clientOf(controlPlane);
      const url = `https://localhost:${webhook.port}/hook`;
      const uid = await register(admin, { url });
      for (const name of ["a", "b", "c"]) await createConfigMap(admin, name);
      const presented = webhook.calls("/hook").map(({ headers }) => headers.authorization);
      expect(new Set(presented).size).to.equal(1);
      const { claims } = partsOf(presented[0]!.slice("Bearer ".length));
      expect(claims).to.include({ sub: "system:serviceaccount:kube-system:webhook-auth" });
      expect(claims.aud).to.deep.equal([url]);
      expect(claims["kubernetes.io"]).to.deep.include({
        attestations: { admissionReviewAPIGroups: ["*"] },
        validatingwebhookconfiguration: { name: "hooks", uid },
      });
      expect(controlPlane.statistics()).to.include({ webhookCalls: 3, tokensMinted: 1 });
    });

    it("presents it to a Service webhook too, under the Service's audience", async () => {
      const controlPlane = await start({
        webhookAuthentication: { serviceAccount: { namespace: "default", name: "caller" } },
      });
      const admin = clientOf(controlPlane);
      const spec = { type: "ExternalName", externalName: "localhost" };
      object(await admin.post("/api/v1/namespaces/default/services", { metadata: { name: "hook" }, spec }));
      const { port } = webhook;
      await register(admin, { service: { namespace: "default", name: "hook", port, path: "/hook" } });
      await createConfigMap(admin, "a");
      const { headers } = webhook.calls("/hook")[0]!;
      expect(headers.host).to.equal(`hook.default.svc:${port}`);
      const { claims } = partsOf(headers.authorization!.slice("Bearer ".length));
      expect(claims.aud).to.deep.equal([`https://hook.default.svc:${port}/hook`]);
      expect(claims.sub).to.equal("system:serviceaccount:default:caller");
    });

    it("under KEP-2510 presents it only to the webhook that asks for it", async () => {
      const controlPlane = await start({ webhookAuthentication: { webhooks: "authenticationSource" } });
      const admin = clientOf(controlPlane);
      const url = `https://localhost:${webhook.port}/hook`;
      await register(admin, { url });
      await createConfigMap(admin, "a");
      const authenticationSource = { tokenRequest: {} };
      const patch = [
        { op: "add", path: "/webhooks/0/clientConfig/authenticationSource", value: authenticationSource },
      ];
      object(await admin.patch(`${configurations}/hooks`, "application/json-patch+json", patch), 200);
      await createConfigMap(admin, "b");
      expect(webhook.calls("/hook").map(({ headers }) => headers.authorization !== undefined)).to.deep.equal([
        false,
        true,
      ]);
    });

    it("calls without a bearer where it cannot mint, and says nothing of it to its client", async () => {
      const controlPlane = await start({ webhookTokens: false, webhookAuthentication: {} });
      const admin = clientOf(controlPlane);
      await register(admin, { url: `https://localhost:${webhook.port}/hook` });
      await createConfigMap(admin, "a");
      expect(webhook.calls("/hook")[0]!.headers).to.not.have.property("authorization");
    });

    it("takes the credentials of an admission kubeconfig", async () => {
      const users = [{ name: "*", user: { token: "from-the-kubeconfig" } }];
      const controlPlane = await start({
        admissionKubeconfig: JSON.stringify({ apiVersion: "v1", kind: "Config", users }),
      });
      const admin = clientOf(controlPlane);
      await register(admin, { url: `https://localhost:${webhook.port}/hook` });
      await createConfigMap(admin, "a");
      expect(webhook.calls("/hook")[0]!.headers.authorization).to.equal("Bearer from-the-kubeconfig");
    });

    it("fails a request whose webhook's Service leads nowhere", async () => {
      const admin = clientOf(await start());
      await register(admin, { service: { namespace: "default", name: "nowhere" } });
      const answer = await admin.post("/api/v1/namespaces/default/configmaps", { metadata: { name: "a" } });
      expect(answer.status).to.equal(500);
      expect(answer.text).to.include('service \\"nowhere\\" not found');
    });
  });

  it("counts the requests it was sent and the tokens it minted", async () => {
    const controlPlane = await start();
    const admin = clientOf(controlPlane);
    await mint(admin);
    await admin.get("/nowhere");
    await admin.post(`${accounts}/default/token`, { spec: { expirationSeconds: 1 } });
    expect(controlPlane.statistics()).to.deep.equal({ calls: 3, tokensMinted: 1, webhookCalls: 0 });
  });

  it("stops while watches are open", async () => {
    const controlPlane = await startControlPlane();
    const admin = clientOf(controlPlane);
    const watch = await admin.watch("/api/v1/namespaces?watch=true");
    await controlPlane.stop();
    await until(() => watch.ended, "the watch to end");
  });
});
