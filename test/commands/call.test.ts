import { expect } from "chai";
import { parse } from "yaml";
import type { Webhook, WebhookClientConfig } from "../../src/apis/admissionregistration.ts";
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
  /** By path, before `answer`. */
  let answers: Readonly<Record<string, object>>;
  let clientConfig: WebhookClientConfig & { readonly service: object };
  let seen: { request: Record<string, never>; authorization: string | undefined; raw: string };
  before(async () => {
    rig = await startControlPlaneRig();
    server = await startTLSServer(async (incoming, response) => {
      const raw = await readBody(incoming);
      const { request } = JSON.parse(raw);
      const [path = ""] = (incoming.url ?? "").split("?");
      seen = { request, authorization: incoming.headers.authorization, raw };
      const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };
      answerJSON(response, 200, { ...review, response: { uid: request.uid, ...(answers[path] ?? answer) } });
    });
    file = await rig.write("deployment.yaml", deployment);
    clientConfig = {
      service: { name: "svc", namespace: "ns", path: "/v" },
      caBundle: Buffer.from(server.ca).toString("base64"),
    };
    await register(rig, "validating", "v", { name: "v.example.com", clientConfig });
    await register(rig, "mutating", "m", { name: "m.example.com", clientConfig });
  });
  beforeEach(() => {
    answer = { allowed: true };
    answers = {};
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
    const { allowed, webhooks } = JSON.parse((await run("mutating/m", "-o", "json")).out());
    expect([allowed, webhooks[0].patch]).to.deep.equal([true, operations]);
    expect(parse((await run("mutating/m", "-o", "yaml")).out()).webhooks[0]).to.include({
      ...{ webhook: "m.example.com", outcome: "allowed", allowed: true, httpStatus: 200 },
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

  describe("where an API server would not call", () => {
    const unselected = { matchLabels: { called: "no" } };
    const rows: readonly (readonly [string, Partial<Webhook>, RegExp])[] = [
      ["rules", { rules: [] }, /none of its rules matches CREATE of apps\/v1\/deployments$/],
      ["namespaceSelector", { namespaceSelector: unselected }, /its namespaceSelector does not select it$/],
      ["objectSelector", { objectSelector: unselected }, /its objectSelector does not select it$/],
      [
        "match condition",
        { matchConditions: [{ name: "never", expression: "request.name == 'other'" }] },
        /its match condition "never" is false$/,
      ],
      [
        "match condition that fails under Ignore",
        { matchConditions: [{ name: "fails", expression: "object.spec.gone == 1" }] },
        /cannot be evaluated: .*; its failurePolicy is Ignore$/,
      ],
    ];
    for (const [what, members, why] of rows)
      it(`because of its ${what}, says so and does not; --force does, and says so too`, async () => {
        const name = what.toLowerCase().replaceAll(" ", "-");
        await register(rig, "validating", name, { name: `${name}.example.com`, clientConfig, ...members });
        seen = undefined!;
        const { code, out } = await run(`validating/${name}`);
        const [, verdict] = /^VERDICT +not called: (.*)$/m.exec(out()) ?? [];
        expect([code, seen]).to.deep.equal([0, undefined]);
        expect(verdict).to.match(why);
        expect(out()).to.not.match(/HTTP|CREDENTIALS/);
        const forced = await run(`validating/${name}`, "--force");
        expect(forced.code).to.equal(0);
        expect(forced.out()).to.match(
          /VERDICT +allowed\nBUT +an API server would not call it: .+\nHTTP +200\n/,
        );
        expect(seen.request).to.include({ name: "web" });
      });

    it("because a condition cannot be evaluated under Fail, the request is refused: exit 1", async () => {
      const failing = [{ name: "fails", expression: "object.spec.gone == 1" }];
      const name = "fails.example.com";
      const closed = { clientConfig, failurePolicy: "Fail", matchConditions: failing } as const;
      await register(rig, "validating", "fails", { name, ...closed });
      const { code, out } = await run("validating/fails");
      expect(code).to.equal(1);
      expect(out()).to.match(/VERDICT +refused without a call: its match conditions cannot be evaluated: /);
    });

    it("asks the cluster where a condition asks who may", async () => {
      const expression = "authorizer.group('apps').resource('deployments').check('create').allowed()";
      const matchConditions = [{ name: "may", expression: `!${expression}` }];
      await register(rig, "validating", "may", { name: "may.example.com", clientConfig, matchConditions });
      expect((await run("validating/may")).out()).to.match(/not called: its match condition "may" is false/);
    });
  });

  describe("of a configuration with several webhooks", () => {
    const patchOf = (from: string, to: string): string =>
      Buffer.from(
        JSON.stringify([
          { op: "test", path: "/metadata/labels/app", value: from },
          { op: "replace", path: "/metadata/labels/app", value: to },
        ]),
      ).toString("base64");
    const at = (path: string) => ({ ...clientConfig, service: { ...clientConfig.service, path } });
    before(async () => {
      const never = { objectSelector: { matchLabels: { never: "ever" } } };
      const several = [
        { name: "one.example.com", clientConfig: at("/one") },
        { name: "two.example.com", clientConfig: at("/two"), ...never },
        { name: "three.example.com", clientConfig: at("/three") },
      ];
      await register(rig, "validating", "several", ...several);
      await register(rig, "mutating", "several", ...several);
    });
    const verdicts = (out: string): string[] => [...out.matchAll(/^VERDICT +(.*)$/gm)].map(([, one]) => one!);

    it("calls all that match in their order and tells each verdict", async () => {
      answers = { "/one": { allowed: false, status: { message: "no" } }, "/three": { allowed: true } };
      const { code, out } = await run("validating/several");
      expect(code).to.equal(1);
      expect([...out().matchAll(/^WEBHOOK +(.*)$/gm)].map(([, name]) => name)).to.deep.equal([
        ...["one.example.com", "two.example.com", "three.example.com"],
      ]);
      expect(verdicts(out())).to.deep.equal([
        "denied: no",
        "not called: its objectSelector does not select it",
        "allowed",
      ]);
      expect(JSON.parse((await run("validating/several", "-o", "json")).out())).to.deep.include({
        allowed: false,
      });
      const chosen = await run("validating/several", "--webhook", "three.example.com");
      expect([chosen.code, verdicts(chosen.out())]).to.deep.equal([0, ["allowed"]]);
    });

    it("shows each mutating webhook what those before it made of the object", async () => {
      const patchType = "JSONPatch";
      answers = {
        "/one": { allowed: true, patchType, patch: patchOf("web", "shop") },
        "/three": { allowed: true, patchType, patch: patchOf("shop", "store") },
      };
      const { code, out } = await run("mutating/several");
      expect([code, seen.request]).to.have.nested.property("[1].object.metadata.labels.app", "shop");
      expect(code).to.equal(0);
      expect(out())
        .to.match(/- +app: web\n\+ +app: shop\n/)
        .and.match(/- +app: shop\n\+ +app: store\n/);
    });

    it("calls no mutating webhook after one that refused", async () => {
      answers = { "/one": { allowed: false }, "/three": { allowed: true } };
      const { code, out } = await run("mutating/several");
      expect(code).to.equal(1);
      expect(verdicts(out()).at(-1)).to.equal("not called: the request was refused before");
    });
  });

  it("presents what the API server's webhook kubeconfig says, and a requested token in its place", async () => {
    const users = [{ name: "*.ns.svc", user: { token: "of-the-kubeconfig" } }];
    const webhookKubeconfig = await rig.write("webhooks", JSON.stringify({ users }));
    const { out } = await run("validating/v", "--webhook-kubeconfig", webhookKubeconfig);
    expect(seen.authorization).to.equal("Bearer of-the-kubeconfig");
    expect(out()).to.match(/CREDENTIALS +token\n/);
    const account = ["--service-account", "kube-system/caller"];
    await run("validating/v", "--webhook-kubeconfig", webhookKubeconfig, ...account);
    expect(seen.authorization).to.match(/^Bearer ey/);
    const fault = await faultOf("validating/v", "--webhook-kubeconfig", "/nonexistent");
    expect(fault.code).to.equal("ERR_KUBECONFIG");
  });

  it("runs the plugin of the API server's webhook kubeconfig, told what an API server tells it", async () => {
    const program = `
      const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const { server, "tls-server-name": name, "certificate-authority-data": ca } = spec.cluster;
      const token = [server, name, ca === process.env.CA].join("|");
      const kind = "ExecCredential", apiVersion = "client.authentication.k8s.io/v1";
      // as our own plugin has it where it has no token: for this call only
      const status = { token, expirationTimestamp: "2001-01-01T00:00:00Z" };
      console.log(JSON.stringify({ kind, apiVersion, status }));`;
    const exec = {
      ...{
        apiVersion: "client.authentication.k8s.io/v1",
        interactiveMode: "Never",
        provideClusterInfo: true,
      },
      ...{ command: process.execPath, args: ["-e", program] },
      env: [{ name: "CA", value: Buffer.from(server.ca).toString("base64") }],
    };
    const users = JSON.stringify({ users: [{ name: "*", user: { exec } }] });
    await run("validating/v", "--webhook-kubeconfig", await rig.write("exec", users));
    expect(seen.authorization).to.equal("Bearer https://svc.ns.svc:443|svc.ns.svc|true");
  });

  it("shows what is sent, and no secret of it", async () => {
    const account = ["--service-account", "kube-system/caller"];
    const { out } = await run("validating/v", "--show-request", ...account);
    expect(out())
      .to.match(
        /\nREQUEST\n {2}POST https:\/\/svc\.ns\.svc:443\/v\?timeout=10s\n {2}Host: svc\.ns\.svc:443\n/,
      )
      .and.include("  Authorization: Bearer [redacted]\n")
      .and.match(/\n {2}request:\n(?:.*\n)* {4}operation: CREATE\n/);
    const token = seen.authorization!.split(" ")[1]!;
    const json = (await run("validating/v", "-o", "json", ...account)).out();
    expect(JSON.parse(json).webhooks[0].request.body.request).to.deep.include({
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    });
    expect(json).to.include("9007199254740993");
    for (const text of [out(), json]) expect(text).to.not.include(token);
    expect((await run("validating/v")).out()).to.not.include("REQUEST");
  });

  it("reviews a subresource, and a connection to one", async () => {
    const rules = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*" as const], resources: ["*/*"] }];
    await register(rig, "validating", "all", { name: "all.example.com", clientConfig, rules });
    await run("validating/all", "--subresource", "status");
    expect(seen.request).to.deep.include({ subResource: "status", requestSubResource: "status" });
    const options = await rig.write("exec.yaml", "{apiVersion: v1, kind: PodExecOptions, command: [sh]}");
    const connect = ["--operation", "CONNECT", "--name", "p", "-f", options];
    await run("validating/all", ...connect, "--resource", "v1/pods", "--subresource", "exec");
    expect(seen.request).to.deep.include({
      operation: "CONNECT",
      kind: { group: "", version: "v1", kind: "PodExecOptions" },
      resource: { group: "", version: "v1", resource: "pods" },
      ...{ subResource: "exec", name: "p", namespace: "default", oldObject: null, options: null },
    });
    expect((await faultOf("validating/all", ...connect)).message).to.match(/--subresource is required/);
    expect((await faultOf("validating/all", ...connect, "--subresource", "exec")).message).to.match(
      /no PodExecOptions in v1: name its resource with --resource/,
    );
    const wrong = [...connect, "--subresource", "exec", "--resource"];
    expect((await faultOf("validating/all", ...wrong, "pods")).message).to.match(/--resource=pods: must be/);
    expect((await faultOf("validating/all", ...wrong, "v1/pots")).message).to.match(/has no pots in v1/);
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

  it("fails where the webhook does, and by its failurePolicy", async () => {
    answer = { allowed: true, uid: "other" };
    const open = await run("validating/v");
    expect(open.code).to.equal(0);
    expect(open.out()).to.match(
      /VERDICT +failed, which its failurePolicy ignores: failed calling webhook "v\.example\.com": received invalid webhook response: expected response\.uid/,
    );
    const failurePolicy = "Fail";
    await register(rig, "validating", "closed", { name: "closed.example.com", clientConfig, failurePolicy });
    const closed = await run("validating/closed");
    expect([closed.code, closed.out()]).to.have.nested.property("[0]", 1);
    expect(closed.out()).to.match(/VERDICT +failed: failed calling webhook/);
  });

  it("refuses what a configuration's annotation cannot mean", async () => {
    const annotations = {
      "countersign.dev/authentication-source": '{"gone.example.com":{"tokenRequest":{}}}',
    };
    await rig.client.request({
      path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
      body: { metadata: { name: "annotated", annotations }, webhooks: [] },
    });
    expect((await faultOf("validating/annotated")).code).to.equal("ERR_CONFIGURATION");
  });
});
