import { expect } from "chai";
import { parse } from "yaml";
import { call } from "../../src/commands/call.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../tls-server.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default, labels: {app: web}}
spec:
  replicas: 9007199254740993
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
`;

describe("countersign call", () => {
  let rig: ControlPlaneRig;
  let server: TLSServer;
  let file: string;
  let answer: object;
  let seen: { request: Record<string, never>; authorization: string | undefined; raw: string };
  before(async () => {
    rig = await startControlPlaneRig();
    server = await startTLSServer(async (incoming, response) => {
      const raw = await readBody(incoming);
      const { request } = JSON.parse(raw);
      seen = { request, authorization: incoming.headers.authorization, raw };
      const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };
      answerJSON(response, 200, { ...review, response: { uid: request.uid, ...answer } });
    });
    file = await rig.write("deployment.yaml", deployment);
    const clientConfig = {
      service: { name: "svc", namespace: "ns", path: "/v" },
      caBundle: Buffer.from(server.ca).toString("base64"),
    };
    await register(rig, "validating", "v", { name: "v.example.com", clientConfig });
    await register(rig, "mutating", "m", { name: "m.example.com", clientConfig });
  });
  beforeEach(() => {
    answer = { allowed: true };
  });
  after(async () => {
    await server.close();
    await rig.close();
  });

  const argsOf = (configuration: string, args: readonly string[]): string[] => [
    ...["--kubeconfig", rig.kubeconfig, "--resolve", `127.0.0.1:${server.port}`],
    ...["--webhook-configuration", configuration, ...(args.includes("-f") ? [] : ["-f", file]), ...args],
  ];
  async function run(
    configuration: string,
    ...args: string[]
  ): Promise<CapturedIO & { readonly code: number }> {
    const io = capturedIO({}, deployment);
    return { ...io, code: await call.run(argsOf(configuration, args), io) };
  }
  const faultOf = async (configuration: string, ...args: string[]) =>
    rejectionOf(call.run(argsOf(configuration, args), capturedIO()));

  it("asks what an API server would ask, as who we are, and tells the verdict", async () => {
    const { code, out, err } = await run("validating/v");
    expect([code, err()]).to.deep.equal([0, ""]);
    expect(out()).to.match(/^WEBHOOK +v\.example\.com\nVERDICT +allowed\nHTTP +200\nCREDENTIALS +none\n$/);
    expect(seen.request).to.deep.include({
      operation: "CREATE",
      resource: { group: "apps", version: "v1", resource: "deployments" },
      namespace: "default",
      name: "web",
      dryRun: false,
    });
    expect(seen.request.userInfo).to.include({ username: "admin" });
    expect(seen.raw).to.include('"replicas":9007199254740993');
  });

  it("exits 1 for a denial, with its code, words and warnings", async () => {
    answer = { allowed: false, status: { code: 403, message: "not this image" }, warnings: ["old"] };
    const { code, out } = await run("validating/v");
    expect(code).to.equal(1);
    expect(out())
      .to.match(/VERDICT +denied \(403\): not this image\n/)
      .and.match(/WARNING +old\n/);
  });

  it("sends a requested token along and says so", async () => {
    const { out } = await run("validating/v", "--service-account", "kube-system/caller");
    expect(out()).to.match(/CREDENTIALS +requestedToken\n/);
    const claims = JSON.parse(Buffer.from(seen.authorization!.split(".")[1]!, "base64url").toString());
    expect(claims["kubernetes.io"].attestations).to.deep.equal({ admissionReviewAPIGroups: ["apps"] });
    expect(out()).to.not.include(seen.authorization!.split(" ")[1]!);
    await run("validating/v", "--service-account", "kube-system/caller", "--mode", "audience");
    expect(seen.authorization).to.match(/^Bearer /);
  });

  it("calls without a token that cannot be had, and says why", async () => {
    const { code, out } = await run(
      "validating/v",
      "--service-account",
      "kube-system/caller",
      "--api-group",
      "*",
    );
    expect(code).to.equal(0);
    expect(out()).to.match(/CREDENTIALS +none\nNO TOKEN +ERR_TOKEN_REQUEST_ATTEST: /);
    expect(seen.authorization).to.equal(undefined);
  });

  it("shows a patch as a diff", async () => {
    const operations = [{ op: "replace", path: "/metadata/labels/app", value: "shop" }];
    const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
    answer = { allowed: true, patchType: "JSONPatch", patch };
    const { out } = await run("mutating/m");
    expect(out())
      .to.match(/PATCH\n/)
      .and.match(/\n- {5}app: web\n\+ {5}app: shop\n/)
      .and.match(/\n {2}\.\.\.\n/);
    expect(JSON.parse((await run("mutating/m", "-o", "json")).out()).patch).to.deep.equal(operations);
    expect(parse((await run("mutating/m", "-o", "yaml")).out())).to.include({
      allowed: true,
      httpStatus: 200,
    });
  });

  it("sends the cluster's object as the old one on UPDATE, and only an old one on DELETE", async () => {
    await rig.client.request({
      path: "/apis/apps/v1/namespaces/default/deployments",
      body: { ...parse(deployment), spec: { ...parse(deployment).spec, replicas: 1 } },
    });
    await run("validating/v", "--operation", "UPDATE", "--dry-run");
    expect(seen.request).to.deep.include({ operation: "UPDATE", dryRun: true });
    expect(seen.request).to.have.nested.property("oldObject.spec.replicas", 1);
    await run("validating/v", "--operation", "DELETE");
    expect(seen.request).to.deep.include({ operation: "DELETE", object: null });
    expect(seen.request).to.have.nested.property("oldObject.metadata.name", "web");
  });

  it("reads the object from stdin", async () => {
    expect((await run("validating/v", "-f", "-")).code).to.equal(0);
  });

  it("says when an API server would not have called", async () => {
    const configMap = await rig.write(
      "configmap.yaml",
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}",
    );
    const { code, err } = await run("validating/v", "-f", configMap, "-n", "kube-system");
    expect(code).to.equal(0);
    expect(err()).to.match(/rules of v\.example\.com do not match/);
    expect(seen.request).to.include({ namespace: "kube-system" });
  });

  it("says what is wrong with the object and the flags", async () => {
    const list = await rig.write("list.yaml", "[1]");
    const unknown = await rig.write("unknown.yaml", "{apiVersion: apps/v1, kind: Deplyoment}");
    const untyped = await rig.write("untyped.yaml", "{kind: Deployment}");
    expect((await faultOf("validating/v", "-f", list)).message).to.match(/must hold one object/);
    expect((await faultOf("validating/v", "-f", unknown)).message).to.match(/no Deplyoment in apps\/v1/);
    expect((await faultOf("validating/v", "-f", untyped)).message).to.match(/apiVersion: must be a string/);
    expect((await faultOf("validating/v", "-f", "/nonexistent")).message).to.match(
      /cannot be read \(ENOENT\)/,
    );
    expect((await faultOf("validating/v", "-f", await rig.write("bad.yaml", "a: ["))).code).to.equal(
      "ERR_USAGE",
    );
    const io = capturedIO();
    const args = ["--webhook-configuration", "validating/v", "-f", file, "--resolve", "nowhere"];
    expect((await rejectionOf(call.run(args, io))).message).to.match(/--resolve=nowhere: must be HOST:PORT/);
  });

  it("fails where the webhook does", async () => {
    answer = { allowed: true, uid: "other" };
    expect((await faultOf("validating/v")).message).to.match(
      /failed calling webhook "v\.example\.com": received invalid webhook response: expected response\.uid/,
    );
  });
});
