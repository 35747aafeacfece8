import { expect } from "chai";
import { type Answered, type Asking, ask, type ServedRig } from "../api/caller-rig.ts";
import { type ApplicationRig, startApplicationRig } from "./application-rig.ts";

const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

describe("createGatewayApplication", () => {
  let rig: ApplicationRig;
  let gateway: ServedRig;
  before(async function () {
    this.timeout(30_000);
    rig = await startApplicationRig();
    await rig.grant(
      "anything",
      { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
      {
        nonResourceURLs: ["*"],
        verbs: ["*"],
      },
    );
    gateway = await rig.serve({ authenticator: rig.authenticator({ anonymous: true }) });
  });
  after(() => rig?.stop());

  const asTenant = (path: string, asking: Asking = {}, at = gateway): Promise<Answered> =>
    ask(at.url, rig.controlPlane.caPem, path, { certificate: rig.certificateOf("tenant"), ...asking });
  const asNobody = (path: string): Promise<Answered> => ask(gateway.url, rig.controlPlane.caPem, path);
  const asAnything = (path: string, asking: Asking = {}): Promise<Answered> =>
    asTenant(path, { certificate: rig.certificateOf("anything"), ...asking });

  describe("discovery", () => {
    it("has for everybody who is authenticated what kubectl logs looks for", async () => {
      expect((await asTenant("/api")).json).to.deep.include({ kind: "APIVersions", versions: ["v1"] });
      const { groups } = (await asTenant("/apis")).json as { groups: { name: string }[] };
      expect(groups.map(({ name }) => name)).to.deep.equal(["authentication.k8s.io"]);
      const { resources } = (await asTenant("/api/v1")).json as {
        resources: { name: string; kind: string }[];
      };
      expect(resources.map(({ name, kind }) => `${name} ${kind}`)).to.deep.equal([
        "nodes/proxy NodeProxyOptions",
        "pods Pod",
        "pods/log Pod",
      ]);
    });

    it("is in one document for who would rather have that", async () => {
      const accept = `${aggregated("v2")},${aggregated("v2beta1")},application/json`;
      const answer = await asTenant("/api", { headers: { Accept: accept } });
      expect(answer.headers).to.include({ "content-type": aggregated("v2"), vary: "Accept" });
      expect(answer.json).to.include({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
      const older = await asTenant("/apis", { headers: { Accept: aggregated("v2beta1") } });
      expect(older.headers["content-type"]).to.equal(aggregated("v2beta1"));
    });

    it("names what is switched on alone", async () => {
      const off = await rig.serve({
        selfSubjectReviews: { selfSubjectReview: false, selfSubjectAttributesReview: false },
      });
      expect((await asTenant("/apis", {}, off)).json.groups).to.deep.equal([]);
      expect((await asTenant("/apis/authentication.k8s.io", {}, off)).status).to.equal(404);
      expect((await asTenant(reviews, { method: "POST", body: "{}" }, off)).status).to.equal(404);
    });

    it("is nobody's who is not authenticated", async () => {
      expect((await asNobody("/api")).status).to.equal(403);
    });

    it("406 for who would have none of its forms", async () => {
      const answer = await asTenant("/api", { headers: { Accept: "text/html" } });
      expect(answer.json).to.include({ code: 406, reason: "NotAcceptable" });
    });
  });

  it("says who its caller is, and by what it knew", async () => {
    const answer = await asTenant(reviews, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}',
    });
    expect(answer.status).to.equal(201);
    expect(answer.headers["countersign-authenticated-by"]).to.equal("clientCertificate");
    expect(answer.json.status).to.containSubset({ userInfo: { username: "tenant" } });
  });

  it("says so in the seed's words, too, for who has the shipped grant", async () => {
    const path = "/apis/authentication.k8s.io/v1alpha1/selfsubjectattributesreview";
    const answer = await asTenant(path, { method: "POST", body: "{}" });
    expect(answer.status).to.equal(201);
    expect(answer.json.status).to.containSubset({ name: "tenant", userInfo: { username: "tenant" } });
  });

  it("has the cluster's version, by which clients choose what they ask", async () => {
    const answer = await asTenant("/version");
    const { body } = await rig.cluster.request({ path: "/version" });
    expect(answer.json).to.deep.equal(body);
  });

  describe("health", () => {
    for (const path of ["/healthz", "/livez", "/readyz"])
      it(`${path} is open to everybody, by every method that reads`, async () => {
        const answer = await asNobody(path);
        expect([answer.status, answer.text]).to.deep.equal([200, "ok"]);
        expect((await asTenant(path, { method: "HEAD" })).status).to.equal(200);
        expect((await asTenant(path, { method: "POST" })).status).to.equal(405);
      });

    it("is not ready where a check fails, and does not say why", async () => {
      const failing = await rig.serve({
        health: {
          readyz: [
            {
              name: "kubelet-client-certificate",
              check() {
                throw new Error("secret");
              },
            },
          ],
        },
      });
      const answer = await asTenant("/readyz", {}, failing);
      expect(answer.status).to.equal(500);
      expect(answer.text).to.contain("[-]kubelet-client-certificate failed: reason withheld");
      expect(answer.text).to.not.contain("secret");
    });
  });

  describe("what is not served", () => {
    for (const path of [
      "/",
      "/metrics",
      "/openapi/v2",
      "/api/v1/nodes",
      "/api/v1/nodes/node-1",
      "/api/v1/namespaces",
      "/api/v1/namespaces/default/secrets",
      "/api/v1/namespaces/default/pods/a/status",
      "/api/v1/namespaces/default/pods/a/log/x",
      "/api/v1/namespaces/default/pods/a/",
      "/api/v1/pods/a",
      "/api/v1/pods/a/log",
      "/apis/v1/namespaces/default/pods/a",
      "/apis/apps/v1/namespaces/default/pods/a/log",
      "/api/v2/namespaces/default/pods/a",
      "/api/v1/proxy/nodes/node-1/pods",
      "/api/v1/watch/pods",
      "/apis/authentication.k8s.io/v1/tokenreviews",
      "/healthz/ping",
      "/healthz/",
      "/version/",
      "/constructor",
      "/__proto__",
    ])
      it(`${path}: 404 for who may, 403 for who may not`, async () => {
        const answer = await asAnything(path);
        expect(answer.status).to.equal(404);
        expect(answer.json).to.deep.include({
          kind: "Status",
          reason: "NotFound",
          message: "the server could not find the requested resource",
        });
        // system:discovery and system:public-info-viewer open these to everybody
        if (!/^\/(?:version|openapi)/.test(path)) expect((await asTenant(path)).status).to.equal(403);
      });

    for (const [method, path] of [
      ["POST", "/api/v1/namespaces/default/pods"],
      ["PUT", "/api/v1/namespaces/default/pods/a"],
      ["DELETE", "/api/v1/namespaces/default/pods/a"],
      ["HEAD", "/api/v1/namespaces/default/pods/a"],
      ["POST", "/api"],
      ["DELETE", "/version"],
      // whoever misses a pod is not to hear that there is no namespace
      ["GET", "/api/v1/namespaces/default"],
      ["GET", reviews],
    ] as const)
      it(`${method} ${path}: 405`, async () => {
        const body = method === "POST" || method === "PUT" ? { body: "{}" } : {};
        expect((await asAnything(path, { method, ...body })).status).to.equal(405);
      });

    it("a body of what is read: 400", async () => {
      for (const path of ["/api", "/healthz", "/api/v1/namespaces/default/pods"]) {
        const answer = await asAnything(path, { body: "x" });
        expect([answer.status, answer.json.message]).to.deep.equal([
          400,
          "a body is not read here: send the request without one",
        ]);
      }
    });

    it("an upgrade, however it is asked for: 400, in good time, where nothing is to be upgraded", async () => {
      for (const [path, method] of [
        ["/api", "GET"],
        ["/api/v1/namespaces/default/pods/a/log", "GET"],
        [reviews, "POST"],
      ] as const)
        for (const headers of [
          { Connection: "Upgrade", Upgrade: "websocket" },
          { Connection: "Upgrade", Upgrade: "SPDY/3.1" },
          { Upgrade: "h2c" },
          { Connection: "close, UPGRADE" },
        ]) {
          const answer = await asAnything(path, { method, headers });
          expect([answer.status, answer.json.reason]).to.deep.equal([400, "BadRequest"]);
        }
    });

    it("not even to whom it is refused: authentication comes first", async () => {
      const headers = { Connection: "Upgrade", Upgrade: "websocket" };
      const answer = await ask((await rig.serve()).url, rig.controlPlane.caPem, "/api", { headers });
      expect([answer.status, answer.json.message]).to.deep.equal([401, "Unauthorized"]);
    });
  });

  it("impersonates who may be, through to who somebody is", async () => {
    await rig.grant("boss", { apiGroups: [""], resources: ["users"], verbs: ["impersonate"] });
    const answer = await asTenant(reviews, {
      method: "POST",
      certificate: rig.certificateOf("boss"),
      headers: { "Impersonate-User": "jane" },
      body: "{}",
    });
    expect(answer.json.status).to.deep.equal({
      userInfo: { username: "jane", groups: ["system:authenticated"] },
    });
  });
});
