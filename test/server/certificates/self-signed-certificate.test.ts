import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import { createSelfSignedCertificate } from "../../../src/server/certificates/self-signed-certificate.ts";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { createRestClient } from "../../../src/transport/rest-client.ts";
import { rejectionOf } from "../../rejection.ts";
import { freePort } from "../../rig/free-port.ts";
import { poll } from "../../rig/poll.ts";
import { createServerFolder, type RunningServer, type ServerFolder } from "../webhooks/server-rig.ts";
import {
  configurationsPath,
  createSelfSignedRig,
  openTLS,
  type SelfSignedRig,
  shakeHands,
  startLoad,
} from "./self-signed-rig.ts";

const dayMs = 24 * 3_600_000;
const blocks = (pem = ""): number => pem.split("BEGIN CERTIFICATE").length - 1;
const eventually = <T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> =>
  poll(what, async () => (await ask()) || undefined, { intervalMs: 20 });

describe("a self-signed certificate", () => {
  let folder: ServerFolder;
  let controlPlane: ControlPlane;
  let rig: SelfSignedRig;
  let count = 0;
  before(async () => {
    folder = createServerFolder();
  });
  after(() => folder.remove());
  beforeEach(async () => {
    controlPlane = await startControlPlane();
    rig = createSelfSignedRig(controlPlane, folder, `countersign-${++count}`);
  });
  afterEach(async () => {
    await rig.stop();
    await controlPlane.stop();
  });
  const secretPath = () => `/api/v1/namespaces/${rig.namespace}/secrets/${rig.name}`;
  const createSecret = (data: Readonly<Record<string, string>> = {}, type = "Opaque") =>
    rig.admin.post(`/api/v1/namespaces/${rig.namespace}/secrets`, {
      metadata: { name: rig.name },
      type,
      data,
    });
  const urlOf = ({ port }: RunningServer): string => `https://localhost:${port}/validate`;
  const logged = (replica: RunningServer, msg: RegExp) =>
    replica.log().filter((line) => msg.test(String(line.msg)));
  /** Of all replicas: what one of a process tells, all others log. */
  const changes = (replica: RunningServer) =>
    logged(replica, /certificate changed$/).map(({ action }) => action);

  describe("of several replicas that start at once", () => {
    for (const replicas of [2, 5])
      for (const secret of ["an empty", "no", "an empty TLS"])
        it(`is one, made once, and verified by what is published: ${replicas} with ${secret} Secret`, async () => {
          if (secret === "an empty") await createSecret();
          if (secret === "an empty TLS")
            await createSecret({ "tls.crt": "", "tls.key": "" }, "kubernetes.io/tls");
          const all = await Promise.all(Array.from({ length: replicas }, () => rig.startReplica()));
          await rig.createConfiguration(all.map(urlOf));
          await rig.untilReady(...all);
          const bundle = await rig.caBundle();
          const texts = (await rig.secretTexts())!;
          expect(bundle).to.equal(texts["ca.crt"]);
          expect(blocks(bundle)).to.equal(1);
          for (const { port } of all) expect(await shakeHands(port, bundle)).to.equal(texts["tls.crt"]);
          expect(changes(all[0]!)).to.deep.equal(["create"]);
        });
  });

  it("is for the names of the configuration, by SAN", async () => {
    const replica = await rig.startReplica({ dnsNames: ["localhost", "countersign.ns.svc"] });
    const { subjectAltName } = new X509Certificate((await rig.secretTexts())!["tls.crt"]!);
    expect(subjectAltName).to.equal("DNS:localhost, DNS:countersign.ns.svc");
    await rig.untilReady(replica);
  });

  it("is for the names of both while a rollout brings another one, and is signed once for it", async () => {
    const old = await rig.startReplica();
    await rig.createConfiguration([urlOf(old)]);
    await rig.untilReady(old);
    const next = await rig.startReplica({ dnsNames: ["new.ns.svc"] });
    const names = async () => new X509Certificate((await rig.secretTexts())!["tls.crt"]!).subjectAltName;
    expect(await names()).to.equal("DNS:localhost, DNS:new.ns.svc");
    for (let times = 0; times < 3; times++) {
      const looks = logged(old, /certificate checked$/).length;
      await rig.touchSecret();
      await eventually("both to look", async () => logged(old, /certificate checked$/).length > looks + 1);
    }
    expect(changes(old)).to.deep.equal(["create", "sign"]);
    const bundle = await rig.caBundle();
    for (const { port } of [old, next])
      expect(await shakeHands(port, bundle)).to.equal((await rig.secretTexts())!["tls.crt"]);
  });

  it("rotates with its CA under load, and no connection fails that is verified by what is published", async () => {
    // far enough in the past for all that is made from now on to be valid in truth, too
    controlPlane.clock.advance(-350 * dayMs);
    const lives = { caValidity: "8760h", certificateValidity: "8760h" };
    const [one, two] = [await rig.startReplica(lives), await rig.startReplica(lives)];
    const replicas = [one, two];
    await rig.createConfiguration(replicas.map(urlOf));
    await rig.untilReady(...replicas);
    const first = (await rig.secretTexts())!;
    const old = await openTLS(one.port, first["ca.crt"]!);
    expect(await ask(old)).to.match(/^HTTP\/1\.1 /);
    const load = startLoad(rig, [one.port, two.port]);
    const step = async (what: string, done: () => Promise<boolean>): Promise<void> => {
      const before = load.count();
      await rig.touchSecret();
      await eventually(what, done);
      await eventually("load after it", async () => load.count() > before + 20);
    };
    controlPlane.clock.advance(340 * dayMs);
    await step("two CAs in the caBundle", async () => blocks(await rig.caBundle()) === 2);
    expect((await rig.secretTexts())!["tls.crt"]).to.equal(first["tls.crt"]);
    await step("the next CA to be noted", async () =>
      (await rig.secretTexts())!["countersign.json"]!.includes("nextPublishedAt"),
    );
    controlPlane.clock.advance(11 * 60_000);
    const served = async (): Promise<string[]> => {
      const bundle = await rig.caBundle();
      return Promise.all(replicas.map(({ port }) => shakeHands(port, bundle)));
    };
    await step("both to serve with the next CA", async () =>
      (await served()).every((certificate) => certificate !== first["tls.crt"]),
    );
    expect(new Set(await served()).size).to.equal(1);
    expect(blocks(await rig.caBundle())).to.equal(2);
    controlPlane.clock.advance(26 * dayMs);
    await step("the old CA to be gone", async () => blocks(await rig.caBundle()) === 1);
    await load.stop();
    expect(load.failures).to.deep.equal([]);
    expect(await ask(old)).to.match(/^HTTP\/1\.1 /);
    old.destroy();
    expect(changes(one)).to.deep.equal(["create", "announce", "notePublished", "promote", "retire"]);
  });

  it("says in the log where an operator asks for a rotation that cannot be understood, and is looked after", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica)]);
    await rig.untilReady(replica);
    const annotations = { "countersign.dev/rotate-after": "at once" };
    await rig.admin.patch(secretPath(), "application/merge-patch+json", { metadata: { annotations } });
    const failures = () => logged(replica, /could not be looked after/);
    await eventually("the log line", async () => failures().length > 0);
    expect(failures()[0]!.detail).to.include('"at once" is no instant like');
    await rig.admin.delete(`${configurationsPath}/${rig.name}`);
    await rig.createConfiguration([urlOf(replica)]);
    await eventually("the caBundle all the same", async () => (await rig.caBundle()) !== "");
  });

  it("is made anew at once where the clock jumped back before it, and what was trusted stays so", async () => {
    const replicas = [await rig.startReplica(), await rig.startReplica()];
    await rig.createConfiguration(replicas.map(urlOf));
    await rig.untilReady(...replicas);
    const before = (await rig.secretTexts())!;
    controlPlane.clock.advance(-30 * dayMs);
    await rig.touchSecret();
    const bundle = await eventually("two CAs in the caBundle", async () => {
      const now = await rig.caBundle();
      return blocks(now) === 2 && now;
    });
    expect(bundle.endsWith(before["ca.crt"]!)).to.equal(true);
    const after = (await rig.secretTexts())!;
    for (const { port } of replicas)
      await eventually("the new one", async () => (await shakeHands(port, bundle)) === after["tls.crt"]);
    expect(new X509Certificate(after["tls.crt"]!).validFromDate.getTime()).to.be.below(
      controlPlane.clock.now(),
    );
    expect(changes(replicas[0]!)).to.deep.equal(["create", "recover"]);
    const [, recovery] = logged(replicas[0]!, /certificate changed$/);
    expect(recovery).to.include({ level: "warn" });
    expect(recovery!.detail).to.match(/^the CA is not valid before/);
  });

  it("is made anew at once where the clock jumped ahead beyond all of it", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica)]);
    await rig.untilReady(replica);
    const before = (await rig.secretTexts())!;
    controlPlane.clock.advance(4000 * dayMs);
    await rig.touchSecret();
    const after = await eventually("another CA", async () => {
      const now = await rig.secretTexts();
      return now!["ca.crt"] !== before["ca.crt"] && now;
    });
    expect(new X509Certificate(after["tls.crt"]!).validToDate.getTime()).to.be.above(
      controlPlane.clock.now(),
    );
    await eventually("its caBundle", async () => (await rig.caBundle()) === after["ca.crt"]);
    await rig.untilReady(replica);
    expect(changes(replica)).to.deep.equal(["create", "recover"]);
  });

  it("is made by the API server's clock, and good by it, whatever our own says", async () => {
    for (const years of [-20, 20]) {
      const now = (): number => Date.now() + years * 365 * dayMs;
      const client = createRestClient(rig.connection().client);
      const name = `${rig.name}${years}`;
      const certificate = await createSelfSignedCertificate({
        configuration: {
          secret: { namespace: rig.namespace, name },
          dnsNames: ["localhost"],
          webhookConfigurations: [{ kind: "ValidatingWebhookConfiguration", name }],
          caValidity: { ms: 365 * dayMs },
          certificateValidity: { ms: 90 * dayMs },
          renewBefore: { ms: 30 * dayMs },
        },
        client,
        clock: { now, random: () => 0 },
        onExchange: () => undefined,
      });
      expect(certificate.current!.notAfter).to.be.closeTo(Date.now() + 90 * dayMs, 60_000);
      const [valid] = certificate.checks;
      await valid!.check();
      await certificate.close();
      client.close();
    }
  });

  it("is published again in a configuration that is made anew or loses it", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica), "https://other.example.com/"]);
    await rig.untilReady(replica);
    const bundle = await rig.caBundle();
    expect((await rig.admin.delete(`${configurationsPath}/${rig.name}`)).status).to.equal(200);
    await rig.createConfiguration([urlOf(replica), "https://other.example.com/"]);
    await eventually("the caBundle", async () => (await rig.caBundle()) === bundle);
    await rig.admin.patch(`${configurationsPath}/${rig.name}`, "application/json-patch+json", [
      { op: "remove", path: "/webhooks/0/clientConfig/caBundle" },
    ]);
    await eventually("the caBundle", async () => (await rig.caBundle()) === bundle);
    const { body } = await rig.admin.get(`${configurationsPath}/${rig.name}`);
    const [, other] = (body as { webhooks: { clientConfig: object }[] }).webhooks;
    expect(other!.clientConfig).to.deep.equal({ url: "https://other.example.com/" });
    expect(changes(replica)).to.deep.equal(["create"]);
  });

  for (const [what, spoil] of [
    ["deleted", () => rig.admin.delete(secretPath())],
    ["emptied", () => rig.admin.patch(secretPath(), "application/merge-patch+json", { data: null })],
    [
      "damaged",
      () =>
        rig.admin.patch(secretPath(), "application/merge-patch+json", { data: { "ca.key": "Z2FyYmFnZQ==" } }),
    ],
  ] as const)
    it(`is the same after its Secret was ${what}`, async () => {
      const replicas = [await rig.startReplica(), await rig.startReplica()];
      await rig.createConfiguration(replicas.map(urlOf));
      await rig.untilReady(...replicas);
      const before = await rig.secretTexts();
      expect((await spoil()).status).to.equal(200);
      await eventually("what is in use to be written again", async () => {
        const now = await rig.secretTexts();
        return now?.["ca.key"] === before!["ca.key"] && now!["tls.crt"] === before!["tls.crt"];
      });
      for (const { port } of replicas) await shakeHands(port, before!["ca.crt"]!);
      expect(changes(replicas[0]!)).to.deep.equal(["create", "restore"]);
    });

  it("is trusted on where another began anew, until the other's is published", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica)]);
    await rig.untilReady(replica);
    const before = (await rig.secretTexts())!;
    const elsewhere = createSelfSignedRig(controlPlane, folder, `${rig.name}-elsewhere`);
    try {
      await elsewhere.startReplica();
      const anew = (await elsewhere.secretTexts())!;
      const load = startLoad(rig, [replica.port]);
      const data = Object.fromEntries(
        Object.entries(anew).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
      );
      await rig.admin.patch(secretPath(), "application/merge-patch+json", { data });
      await eventually(
        "the other's certificate",
        async () => (await shakeHands(replica.port, await rig.caBundle())) === anew["tls.crt"],
      );
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(await rig.caBundle()).to.equal(`${anew["ca.crt"]}${before["ca.crt"]}`);
    } finally {
      await elsewhere.stop();
    }
  });

  it("is never written over what is not ours: the start fails and says so", async () => {
    const data = { "tls.crt": Buffer.from("of somebody else").toString("base64") };
    await createSecret(data);
    const error = await rejectionOf(rig.startReplica());
    expect(error.code).to.equal("ERR_CERTIFICATE_SECRET");
    expect(error.message).to.include("it holds tls.crt");
    expect((await rig.admin.get(secretPath())).body).to.deep.include({ data });
  });

  it("is served on where its Secret becomes somebody else's", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica)]);
    await rig.untilReady(replica);
    const bundle = await rig.caBundle();
    const data = { "countersign.json": null, mine: "", other: "Zm9yZWlnbg==" };
    await rig.admin.patch(secretPath(), "application/merge-patch+json", { data });
    await eventually(
      "the refusal in the log",
      async () => logged(replica, /could not be looked after/).length > 0,
    );
    expect(logged(replica, /could not be looked after/)[0]).to.include({ code: "ERR_CERTIFICATE_SECRET" });
    await shakeHands(replica.port, bundle);
    expect((await replica.admin("/readyz")).status).to.equal(200);
    expect((await replica.admin("/metrics")).text).to.match(
      /countersign_self_signed_failures_total\{code="ERR_CERTIFICATE_SECRET"\} [1-9]/,
    );
  });

  it("is waited for without an API server: no handshake, not ready and why, until it is there", async () => {
    const port = await freePort();
    const replica = await rig.startReplica({}, async () => {
      const { client } = rig.connection();
      return { client: { ...client, server: `https://127.0.0.1:${port}` }, namespace: "default" };
    });
    const refused = await shakeHands(replica.port, "").catch((error: Error) => error.message);
    expect(refused).to.match(/handshake failure/i);
    const { status, text } = await replica.admin("/readyz?verbose");
    expect(status).to.equal(500);
    expect(text).to.include("[-]certificate failed").and.include("[-]ca-bundle failed");
    expect(logged(replica, /readyz check failed/)[0]!.certificate).to.match(
      /there is none yet: .*ECONNREFUSED/,
    );
    expect((await replica.admin("/livez")).status).to.equal(200);
    const late = await startControlPlane({ port });
    try {
      // of other keys: it is told apart by its certificate, and nothing is taken from it
      await eventually(
        "another attempt",
        async () => logged(replica, /could not be looked after/).length > 1,
      );
      expect((await replica.admin("/readyz")).status).to.equal(500);
    } finally {
      await late.stop();
    }
  });

  it("comes as soon as an API server that was away is there", async () => {
    const token = "not-known-yet";
    let known = token;
    const replica = await rig.startReplica({}, async () => {
      const { client } = rig.connection();
      const source = {
        token: async () => {
          const { token: sent } = rig.connection(known).client;
          return sent!.token();
        },
      };
      return { client: { ...client, token: source }, namespace: "default" };
    });
    expect((await replica.admin("/readyz")).status).to.equal(500);
    known = controlPlane.adminToken;
    await rig.untilReady(replica);
    await shakeHands(replica.port, (await rig.secretTexts())!["ca.crt"]!);
  });

  it("is served on while the API server is away, to old connections and new ones", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica)]);
    await rig.untilReady(replica);
    const bundle = await rig.caBundle();
    const open = await openTLS(replica.port, bundle);
    await controlPlane.stop();
    await eventually("a watch that failed", async () => logged(replica, /watch failed/).length > 0);
    await shakeHands(replica.port, bundle);
    expect((await replica.admin("/readyz")).status).to.equal(200);
    expect(open.readyState).to.equal("open");
    open.destroy();
  });

  it("is not ready before every configuration trusts it, and says which does not", async () => {
    const accounts = `/api/v1/namespaces/${rig.namespace}/serviceaccounts`;
    await rig.admin.post(accounts, { metadata: { name: rig.name } });
    const grant = async (verbs: readonly string[]): Promise<void> => {
      const rules = [
        {
          apiGroups: [""],
          resources: ["secrets"],
          resourceNames: [rig.name],
          verbs: ["get", "list", "watch", "update"],
        },
        {
          apiGroups: ["admissionregistration.k8s.io"],
          resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
          resourceNames: [rig.name, `${rig.name}-absent`],
          verbs,
        },
      ];
      const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
      await rig.admin.post(path, { metadata: { name: rig.name }, rules });
      await rig.admin.patch(`${path}/${rig.name}`, "application/merge-patch+json", { rules });
    };
    await grant(["list", "watch"]);
    await rig.admin.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: rig.name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: rig.name },
      subjects: [{ kind: "ServiceAccount", name: rig.name, namespace: rig.namespace }],
    });
    const issued = await rig.admin.post(`${accounts}/${rig.name}/token`, {});
    const { token } = (issued.body as { status: { token: string } }).status;
    await createSecret();
    await rig.createConfiguration(["https://localhost:1/validate"]);
    const replica = await rig.startReplica({}, async () => rig.connection(token));
    const failure = async () =>
      (await replica.admin("/readyz")).status === 500 &&
      logged(replica, /readyz check failed/).at(-1)?.["ca-bundle"];
    const problem = await eventually("the reason", async () => {
      const said = await failure();
      return typeof said === "string" && said.includes("forbidden") && said;
    });
    expect(problem).to.include(`ValidatingWebhookConfiguration/${rig.name}`);
    await grant(["list", "watch", "patch"]);
    await rig.untilReady(replica);
    // least rights are enough for all of it, and were enough to make the certificate
    expect(changes(replica)).to.deep.equal(["create"]);
  });

  it("says in metrics when it and its CA end, and what was done", async () => {
    const replica = await rig.startReplica();
    await rig.createConfiguration([urlOf(replica)]);
    await rig.untilReady(replica);
    const { text } = await replica.admin("/metrics");
    const numberOf = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
    const days = (name: string): number => (numberOf(name) * 1000 - Date.now()) / dayMs;
    expect(days("countersign_certificate_expiry_timestamp_seconds")).to.be.closeTo(90, 1);
    expect(days("countersign_ca_expiry_timestamp_seconds")).to.be.closeTo(365, 1);
    expect(numberOf("countersign_ca_bundle_outdated")).to.equal(0);
    expect(text).to.match(/countersign_self_signed_changes_total\{action="create"\} [1-9]/);
    expect(text).to.include(
      `countersign_ca_bundle_writes_total{configuration="ValidatingWebhookConfiguration/${rig.name}"}`,
    );
    expect(text).to.match(/countersign_self_signed_last_timestamp_seconds\{result="success"\} \d/);
  });

  it("never shows a key in the log", async () => {
    const replica = await rig.startReplica();
    await rig.untilReady(replica);
    expect(JSON.stringify(replica.log())).to.not.include("PRIVATE KEY");
  });
});

/** The beginning of an answer on a connection that goes on. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write("GET /validate HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const [data] = (await once(socket, "data")) as [Buffer];
  return data.toString();
}
