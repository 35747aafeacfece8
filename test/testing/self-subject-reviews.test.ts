import { request } from "node:https";
import { expect } from "chai";
import type { SelfSubjectReview } from "../../src/apis/authentication.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import type { ControlPlaneOptions } from "../../src/testing/control-plane-options.ts";
import { type ApiAnswer, type ApiClient, createApiClient } from "../rig/api-client.ts";

const group = "authentication.k8s.io";
const seed = { kind: "SelfSubjectAttributesReview", apiVersion: `${group}/v1alpha1` };
const seedPath = `/apis/${group}/v1alpha1/selfsubjectattributesreview`;
const reviewPath = (version: string): string => `/apis/${group}/${version}/selfsubjectreviews`;
const versions = ["v1", "v1beta1", "v1alpha1"];
const authenticatedBy = "countersign-authenticated-by";

describe("the embedded control plane, asked who one is beyond Kubernetes 1.37", () => {
  let controlPlane: ControlPlane | undefined;
  let admin: ApiClient;

  const start = async (options: ControlPlaneOptions = {}): Promise<ControlPlane> => {
    controlPlane = await startControlPlane(options);
    const { url, caPem, adminToken } = controlPlane;
    admin = createApiClient({ url, caPem, token: adminToken });
    return controlPlane;
  };
  afterEach(async () => {
    admin?.close();
    await controlPlane?.stop();
    controlPlane = undefined;
  });
  const userInfo = { username: "admin", groups: ["system:masters", "system:authenticated"] };
  const statusOf = async (path: string): Promise<number> => (await admin.post(path, {})).status;

  for (const version of versions)
    it(`answers SelfSubjectReview ${version}`, async () => {
      await start();
      const { status, body } = await admin.post(reviewPath(version), {});
      expect(status).to.equal(201);
      expect(body).to.deep.include({
        kind: "SelfSubjectReview",
        apiVersion: `${group}/${version}`,
        status: { userInfo },
      });
    });

  it("answers the seed's kind with the attributes where its type and where its example have them", async () => {
    await start();
    const { status, body } = await admin.post(seedPath, seed);
    expect(status).to.equal(201);
    const { username: name, groups } = userInfo;
    expect(body).to.deep.include({ ...seed, status: { userInfo, name, groups } });
  });

  it("does not warn of the seed's answer when it is sent back, nor believe it", async () => {
    const { clock } = await start();
    const first = await admin.request("POST", seedPath, {
      body: seed,
      headers: { "Impersonate-User": "jane", "Impersonate-Uid": "u", "Impersonate-Extra-a": "b" },
    });
    expect((first.body as SelfSubjectReview).status).to.deep.include({
      name: "jane",
      uid: "u",
      extra: { a: ["b"] },
    });
    clock.advance(60_000);
    const again = await admin.post(seedPath, first.body);
    expect(again.headers).to.not.have.property("warning");
    expect((again.body as SelfSubjectReview).status).to.include({ name: "admin" });
  });

  it("lets everybody who is authenticated ask all of them, and anonymous none", async () => {
    await start();
    const headers = { "Impersonate-User": "jane" };
    const nobody = admin.as();
    for (const path of [...versions.map(reviewPath), seedPath]) {
      expect((await admin.request("POST", path, { body: {}, headers })).status, path).to.equal(201);
      expect((await nobody.post(path, {})).status, path).to.equal(403);
    }
    nobody.close();
  });

  it("grants the seed's kind by the name in its path and by the one in its proposal's rule", async () => {
    await start();
    const { body } = await admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/system:basic-user");
    expect((body as { rules: unknown[] }).rules).to.deep.include({
      apiGroups: [group],
      resources: ["selfsubjectattributesreview", "selfsubjectattributesreviews"],
      verbs: ["create"],
    });
  });

  it("prefers v1 in discovery", async () => {
    await start();
    const { body } = await admin.get(`/apis/${group}`);
    expect((body as { preferredVersion: object }).preferredVersion).to.include({ version: "v1" });
    const names = async (version: string): Promise<string[]> =>
      (
        (await admin.get(`/apis/${group}/${version}`)).body as { resources: { name: string }[] }
      ).resources.map(({ name }) => name);
    expect(await names("v1beta1")).to.deep.equal(["selfsubjectreviews"]);
    expect(await names("v1alpha1")).to.deep.equal(["selfsubjectattributesreview", "selfsubjectreviews"]);
  });

  describe("switched off", () => {
    const notFound = (answer: ApiAnswer): void => {
      expect(answer.status).to.equal(404);
      expect(answer.body).to.include({ kind: "Status", reason: "NotFound", code: 404 });
    };

    it("answers none of SelfSubjectReview's paths, and the seed's still", async () => {
      await start({ selfSubjectReviews: { selfSubjectReview: false } });
      for (const version of versions) notFound(await admin.post(reviewPath(version), {}));
      expect(await statusOf(seedPath)).to.equal(201);
    });

    it("answers, as 1.37 does, v1 alone", async () => {
      await start({ selfSubjectReviews: { selfSubjectReview: ["v1"], selfSubjectAttributesReview: false } });
      expect(await statusOf(reviewPath("v1"))).to.equal(201);
      for (const path of [reviewPath("v1beta1"), reviewPath("v1alpha1"), seedPath])
        notFound(await admin.post(path, {}));
      const { body } = await admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/system:basic-user");
      expect(JSON.stringify(body)).to.not.contain("attributesreview");
    });
  });

  describe("tells who knew the caller:", () => {
    const headerOf = ({ headers }: ApiAnswer): unknown => headers[authenticatedBy];

    it("a static token", async () => {
      await start();
      expect(headerOf(await admin.post(reviewPath("v1"), {}))).to.equal("staticToken");
    });

    it("a ServiceAccount's token, also where somebody else is impersonated", async () => {
      await start();
      const token = await admin.post("/api/v1/namespaces/default/serviceaccounts/default/token", {});
      const account = admin.as((token.body as { status: { token: string } }).status.token);
      expect(headerOf(await account.post(seedPath, {}))).to.equal("serviceAccountToken");
      account.close();
      const headers = { "Impersonate-User": "jane" };
      const impersonating = await admin.request("POST", reviewPath("v1"), { body: {}, headers });
      expect(headerOf(impersonating)).to.equal("staticToken");
    });

    it("a client certificate, whose digest is the credential's id", async () => {
      const { url, caPem, certificateAuthority } = await start();
      const { certificatePem: cert, keyPem: key } = certificateAuthority.issue({
        commonName: "jane",
        organization: "dev",
      });
      const answered = await new Promise<{ by: unknown; review: SelfSubjectReview }>((resolve, reject) => {
        const options = { method: "POST", ca: caPem, cert, key, agent: false };
        request(new URL(reviewPath("v1"), url), options, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
          response.once("end", () =>
            resolve({ by: response.headers[authenticatedBy], review: JSON.parse(text) }),
          );
        })
          .once("error", reject)
          .end("{}");
      });
      expect(answered.by).to.equal("clientCertificate");
      const { username, groups, extra } = answered.review.status?.userInfo ?? {};
      expect([username, groups]).to.deep.equal(["jane", ["dev", "system:authenticated"]]);
      expect(extra?.["authentication.kubernetes.io/credential-id"]?.[0]).to.match(
        /^X509SHA256=[0-9a-f]{64}$/,
      );
    });

    it("and nobody where the question is refused, or another one", async () => {
      await start();
      expect(headerOf(await admin.post(reviewPath("v1"), ""))).to.equal(undefined);
      expect(headerOf(await admin.get("/version"))).to.equal(undefined);
    });
  });
});
