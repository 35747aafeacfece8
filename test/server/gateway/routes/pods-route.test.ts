import { expect } from "chai";
import type { Kubelet } from "../../../../src/testing/kubelet/kubelet.ts";
import { type Answered, type Asking, ask, type ServedRig } from "../../api/caller-rig.ts";
import { type ApplicationRig, startApplicationRig } from "../application-rig.ts";

const pods = "/api/v1/namespaces/default/pods";
const readPods = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] };

describe("gateway: pods", () => {
  let rig: ApplicationRig;
  let gateway: ServedRig;
  let kubelet: Kubelet;

  before(async function () {
    this.timeout(60_000);
    rig = await startApplicationRig();
    kubelet = await rig.startKubelet();
    await rig.startKubelet();
    for (const name of ["a", "b", "c"]) await kubelet.runPod({ name });
    await rig.cluster.request({
      method: "PATCH",
      path: `${pods}/b`,
      headers: { "Content-Type": "application/merge-patch+json" },
      body: { metadata: { labels: { app: "web" } } },
    });
    await rig.grant("tenant", readPods);
    await rig.grant("of-a", { ...readPods, resourceNames: ["a"] });
    await rig.grant("group:system:nodes", readPods);
    gateway = await rig.serve();
  });
  after(() => rig?.stop());

  const get = (path: string, user = "tenant", asking: Asking = {}): Promise<Answered> =>
    ask(gateway.url, rig.controlPlane.caPem, path, { certificate: rig.certificateOf(user), ...asking });
  const namesOf = ({ json }: Answered): string[] =>
    (json.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
  const node = (name: string): Asking => ({
    certificate: rig.certificateOf(`system:node:${name}`, "system:nodes"),
  });

  it("one, as the API server has it", async () => {
    const answer = await get(`${pods}/a`);
    const { body } = await rig.cluster.request({ path: `${pods}/a` });
    expect(answer.json).to.deep.equal(body);
    expect(answer.headers["content-type"]).to.equal("application/json");
  });

  it("several, as the API server lists them: selected, limited, continued", async () => {
    expect(namesOf(await get(pods))).to.deep.equal(["a", "b", "c"]);
    expect(namesOf(await get("/api/v1/pods"))).to.deep.equal(["a", "b", "c"]);
    expect(namesOf(await get(`${pods}?labelSelector=app%3Dweb`))).to.deep.equal(["b"]);
    expect(namesOf(await get(`${pods}?fieldSelector=metadata.name%3Dc`))).to.deep.equal(["c"]);
    const first = await get(`${pods}?limit=2`);
    expect(namesOf(first)).to.deep.equal(["a", "b"]);
    const token = encodeURIComponent((first.json.metadata as { continue: string }).continue);
    expect(namesOf(await get(`${pods}?limit=2&continue=${token}`))).to.deep.equal(["c"]);
  });

  it("are a table for who would rather have one, one pod's among them", async () => {
    const headers = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
    for (const path of [pods, `${pods}?limit=2`, `${pods}/a`, `${pods}?includeObject=Object`]) {
      const { json } = await get(path, "tenant", { headers });
      const [own, query] = path.split("?");
      const { body } = await rig.cluster.request({
        path: own!,
        headers,
        query: Object.fromEntries(new URLSearchParams(query)),
      });
      expect(json.kind).to.equal("Table");
      expect(json).to.deep.equal(body);
    }
    expect((await get(`${pods}/a`, "of-a", { headers })).json.kind).to.equal("Table");
    expect((await get(`${pods}/missing`, "tenant", { headers })).status).to.equal(404);
    expect((await get(pods, "of-a", { headers })).status).to.equal(403);
    expect((await get(`${pods}/b`, "", { headers, ...node("node-2") })).status).to.equal(403);
  });

  it("is told in the API server's words what is wrong with the question", async () => {
    const missing = await get(`${pods}/missing`);
    expect([missing.status, missing.json.message]).to.deep.equal([404, 'pods "missing" not found']);
    expect((await get(`${pods}?labelSelector=%3D%3D`)).status).to.equal(400);
  });

  it("may not be watched: 405", async () => {
    for (const value of ["true", "1", "", "yes"])
      expect((await get(`${pods}?watch=${value}`)).json).to.include({
        code: 405,
        reason: "MethodNotAllowed",
      });
    expect((await get(`${pods}?watch=false`)).status).to.equal(200);
  });

  it("403 for who may not, in an API server's words", async () => {
    for (const [path, verb] of [
      [`${pods}/a`, "get"],
      [pods, "list"],
    ] as const)
      expect((await get(path, "stranger")).json.message).to.contain(
        `User "stranger" cannot ${verb} resource "pods"`,
      );
  });

  describe("a grant for one name", () => {
    it("lists by that name, and gets it", async () => {
      expect((await get(`${pods}/a`, "of-a")).status).to.equal(200);
      expect((await get(`${pods}/b`, "of-a")).status).to.equal(403);
      expect(namesOf(await get(`${pods}?fieldSelector=metadata.name%3Da`, "of-a"))).to.deep.equal(["a"]);
      expect((await get(pods, "of-a")).status).to.equal(403);
    });

    for (const selector of [
      "metadata.name!=x\\,metadata.name=a",
      "metadata.name=a\\",
      "spec.nodeName!=x\\,metadata.name=a",
    ])
      it(`does not list others by ${selector}`, async () => {
        const answer = await get(`${pods}?fieldSelector=${encodeURIComponent(selector)}`, "of-a");
        expect(answer.status).to.be.oneOf([400, 403]);
      });

    it("nor by a second selector, of which only the first counts", async () => {
      const query = "fieldSelector=metadata.name%3Da&fieldSelector=metadata.name%3Db";
      expect(namesOf(await get(`${pods}?${query}`, "of-a"))).to.deep.equal(["a"]);
    });
  });

  describe("a node", () => {
    it("sees the pods that run on it, and no others", async () => {
      expect((await get(`${pods}/a`, "", node("node-1"))).status).to.equal(200);
      expect((await get(`${pods}/a`, "", node("node-2"))).status).to.equal(403);
    });

    it("lists by its own name only", async () => {
      const own = `${pods}?fieldSelector=spec.nodeName%3Dnode-1`;
      expect(namesOf(await get(own, "", node("node-1")))).to.deep.equal(["a", "b", "c"]);
      for (const query of [
        "",
        "?fieldSelector=spec.nodeName%3Dnode-2",
        "?fieldSelector=spec.nodeName!%3Dnode-1",
        "?fieldSelector=metadata.name!%3Dx%5C,spec.nodeName%3Dnode-1",
      ])
        expect((await get(`${pods}${query}`, "", node("node-1"))).status).to.be.oneOf([400, 403]);
    });
  });

  describe("an API server that refuses the gateway", () => {
    it("is 500, and never taken for the caller's own refusal", async () => {
      const unknown = await rig.serve({ cluster: rig.clusterAs("not-a-token") });
      const asking = { certificate: rig.certificateOf("tenant") };
      const { status, text } = await ask(unknown.url, rig.controlPlane.caPem, `${pods}/a`, asking);
      expect(status).to.equal(500);
      expect(text).to.contain("the API server refuses the gateway (401)").and.not.contain("not-a-token");
    });
  });
});
