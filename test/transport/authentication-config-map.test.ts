import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { diagnosticsChannel, type ReloadMessage } from "../../src/diagnostics.ts";
import { Secret } from "../../src/secret.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/index.ts";
import {
  type AuthenticationConfigMap,
  type AuthenticationConfigMapOptions,
  watchAuthenticationConfigMap,
} from "../../src/transport/authentication-config-map.ts";
import { createRestClient, type RestClient, type RestRequest } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../tls-server.ts";
import { until } from "../until.ts";
import { event, item, listOf, refusal, type Step, says, statusOf } from "./scripted-collection.ts";

const [clientCA, proxyCA, laterCA] = ["client-ca", "front-proxy-ca", "later-ca"].map(
  (commonName) => createCertificateAuthority({ commonName }).certificatePem,
) as [string, string, string];
const data = {
  "client-ca-file": clientCA,
  "requestheader-client-ca-file": proxyCA,
  "requestheader-username-headers": '["X-Remote-User"]',
  "requestheader-allowed-names": '["front-proxy-client"]',
};
const collection = "/api/v1/namespaces/kube-system/configmaps";
const name = "extension-apiserver-authentication";
const configMap = (version: string, content: object = data) => ({ ...item(name, version), data: content });

let reloads: ReloadMessage[];
const note = (message: unknown): void => void reloads.push(message as ReloadMessage);
const channel = diagnosticsChannel("countersign:reload");
let open: AuthenticationConfigMap | undefined;
const names = (): string[] => open!.clientCA().map(({ subject }) => subject);
beforeEach(() => {
  reloads = [];
  channel.subscribe(note);
});
afterEach(() => {
  channel.unsubscribe(note);
  open?.close();
  open = undefined;
});

/** As many as let an interval of a millisecond come round several times. */
async function turnsOfTimers(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await delay(2);
}

describe("watchAuthenticationConfigMap", () => {
  let server: TLSServer;
  let client: RestClient;
  let get: { readonly status: number; readonly body: unknown };
  let list: Step;
  let watches: Step[];
  let asked: string[];
  let watching: number;
  before(async () => {
    server = await startTLSServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url!, "https://h");
      if (pathname === `${collection}/${name}`) {
        asked.push("get");
        return answerJSON(response, get.status, get.body);
      }
      expect(pathname).to.equal(collection);
      expect(searchParams.get("fieldSelector")).to.equal(`metadata.name=${name}`);
      if (searchParams.get("watch") !== "true") {
        asked.push("list");
        return list(response, request);
      }
      asked.push(`watch ${searchParams.get("resourceVersion")}`);
      watching++;
      response.on("close", () => watching--);
      const step = watches.shift();
      if (step === undefined) return void response.writeHead(200).flushHeaders();
      step(response, request);
    });
    client = createRestClient({ server: server.url, ca: server.ca });
  });
  beforeEach(() => {
    [get, asked, watches, watching] = [{ status: 200, body: configMap("1") }, [], [], 0];
    list = listOf("1", configMap("1"));
  });
  after(async () => {
    client.close();
    await server.close();
  });
  const start = async (
    more: Partial<AuthenticationConfigMapOptions> = {},
  ): Promise<AuthenticationConfigMap> => {
    open = await watchAuthenticationConfigMap({
      client,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
      ...more,
    });
    return open;
  };

  it("knows whom to believe when it resolves, and then watches that one object", async () => {
    const map = await start();
    expect(names()).to.deep.equal(["CN=client-ca"]);
    expect(map.requestHeader()!.allowedNames).to.deep.equal(["front-proxy-client"]);
    await until(() => watching === 1);
    expect(asked).to.deep.equal(["get", "list", "watch 1"]);
    expect(reloads).to.deep.equal([]);
  });

  for (const [what, status, body] of [
    ["no such ConfigMap", 404, statusOf(404)],
    ["one without data", 200, item(name, "1")],
    ["nothing at all", 200, null],
  ] as const)
    it(`${what}: nobody is believed, and that is no error`, async () => {
      [get, list] = [{ status, body }, listOf("1")];
      const map = await start();
      expect([map.clientCA(), map.requestHeader()]).to.deep.equal([[], undefined]);
      await until(() => watching === 1);
      expect(reloads).to.deep.equal([]);
    });

  it("one that comes into being later is believed", async () => {
    [get, list] = [{ status: 404, body: statusOf(404) }, listOf("1")];
    watches = [says(event("ADDED", configMap("2")))];
    await start();
    await until(() => names().length === 1);
    expect(reloads).to.deep.include({
      what: "clientCA",
      file: `ConfigMap kube-system/${name}`,
      outcome: "reloaded",
    });
  });

  it("a change counts as soon as the watch says it, and what is unchanged stays the same object", async () => {
    const changed = configMap("2", { ...data, "client-ca-file": laterCA });
    watches = [says(event("MODIFIED", changed))];
    const map = await start();
    const before = map.requestHeader();
    await until(() => names()[0] === "CN=later-ca");
    expect(map.requestHeader()).to.equal(before);
    expect(asked.filter((what) => what === "get")).to.have.length(1);
  });

  it("says that something else is in force, and survives whoever cannot bear it", async () => {
    const seen: string[] = [];
    watches = [
      says(
        event("MODIFIED", configMap("2", { ...data, "client-ca-file": laterCA })),
        event("MODIFIED", { ...configMap("3", { ...data, "client-ca-file": laterCA }), kind: "ConfigMap" }),
        event("MODIFIED", configMap("4", { ...data, "client-ca-file": "broken" })),
        event("MODIFIED", configMap("5", { ...data, "client-ca-file": clientCA })),
      ),
    ];
    await start({
      onChange() {
        seen.push(names()[0]!);
        throw new Error("it does not fit");
      },
    });
    await until(() => seen.length === 2);
    expect(seen).to.deep.equal(["CN=later-ca", "CN=client-ca"]);
    await until(() => reloads.at(-1)?.detail === "it does not fit");
  });

  it("what changed between the first read and the list is not missed", async () => {
    list = listOf("2", configMap("2", { ...data, "client-ca-file": laterCA }));
    await start();
    await until(() => names()[0] === "CN=later-ca");
  });

  it("a broken PEM is told and survived, by the watch as well, until it is good again", async () => {
    watches = [
      says(
        event("MODIFIED", configMap("2", { ...data, "client-ca-file": "broken" })),
        event(
          "MODIFIED",
          configMap("3", { ...data, "client-ca-file": "broken", "requestheader-allowed-names": "[]" }),
        ),
      ),
    ];
    const map = await start();
    await until(() => map.requestHeader()!.allowedNames.length === 0);
    expect(names()).to.deep.equal(["CN=client-ca"]);
    expect(watching).to.equal(1);
    const failed = reloads.filter(({ outcome }) => outcome === "failed");
    expect(failed).to.have.length(2);
    expect(failed[0]!.detail).to.contain("client-ca-file");
    get = { status: 200, body: configMap("4") };
    await map.check();
    expect(reloads.at(-1)!.outcome).to.equal("reloaded");
  });

  it("what is deleted or emptied stays in force, and that is told", async () => {
    for (const [type, object] of [
      ["DELETED", configMap("2")],
      ["MODIFIED", configMap("2", {})],
    ] as const) {
      watches = [says(event(type, object))];
      const map = await start();
      await until(() => reloads.length === 2);
      expect(reloads.map(({ outcome }) => outcome)).to.deep.equal(["failed", "failed"]);
      expect(reloads[0]!.detail).to.contain("stays in force");
      expect(names()).to.deep.equal(["CN=client-ca"]);
      expect(map.requestHeader()).not.to.equal(undefined);
      map.close();
      reloads = [];
    }
  });

  it("who may not read it at all is told which Role to bind, at once", async () => {
    get = { status: 403, body: statusOf(403, "Forbidden") };
    const error = await rejectionOf(start());
    expect(error.code).to.equal("ERR_API_STATUS");
    expect(error.message).to.contain("extension-apiserver-authentication-reader");
    expect(asked).to.deep.equal(["get"]);
  });

  it("one that is broken at first is an error: nothing is known that could stay", async () => {
    get = { status: 200, body: configMap("1", { ...data, "client-ca-file": "x" }) };
    expect(await rejectionOf(start())).to.include({ code: "ERR_CERTIFICATE_INVALID" });
  });

  it("who may get it, but neither list nor watch it, reads it from time to time", async () => {
    list = refusal(403, "Forbidden");
    await start({ pollIntervalMs: 5 });
    get = { status: 200, body: configMap("2", { ...data, "client-ca-file": laterCA }) };
    await until(() => names()[0] === "CN=later-ca");
  });

  it("reads it from time to time only while it cannot be watched", async () => {
    await start({ pollIntervalMs: 1 });
    await until(() => watching === 1);
    const before = asked.length;
    await turnsOfTimers();
    expect(asked).to.have.length(before);
  });

  it("keeps what it had while it cannot be read, and says so", async () => {
    const map = await start();
    for (const status of [403, 500]) {
      get = { status, body: statusOf(status) };
      await map.check();
      expect(names()).to.deep.equal(["CN=client-ca"]);
      expect(reloads.at(-1)!.outcome).to.equal("failed");
    }
  });

  it("an answer that is older than what the watch said meanwhile changes nothing", async () => {
    let held = Promise.resolve();
    const slow: Pick<RestClient, "request" | "stream" | "server"> = {
      server: client.server,
      stream: (request) => client.stream(request),
      async request<T>(request: RestRequest) {
        const answer = await client.request<T>(request);
        await held;
        return answer;
      },
    };
    const [said, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    watches = [
      (response, request) => {
        const change = says(event("MODIFIED", configMap("2", { ...data, "client-ca-file": laterCA })));
        void said.promise.then(() => change(response, request));
      },
    ];
    open = await watchAuthenticationConfigMap({ client: slow });
    await until(() => watching === 1);
    held = released.promise;
    const checking = open.check();
    await until(() => asked.at(-1) === "get");
    said.resolve();
    await until(() => names()[0] === "CN=later-ca");
    released.resolve();
    await checking;
    expect(names()).to.deep.equal(["CN=later-ca"]);
  });

  it("asks nothing more once it is closed", async () => {
    const map = await start({ pollIntervalMs: 1 });
    await until(() => watching === 1);
    map.close();
    await until(() => watching === 0);
    const before = asked.length;
    await turnsOfTimers();
    expect(asked).to.have.length(before);
  });
});

describe("watchAuthenticationConfigMap on a control plane", () => {
  let controlPlane: ControlPlane;
  const clients: RestClient[] = [];
  const clientWith = (token: string): RestClient => {
    const source = { token: async () => ({ token: new Secret(token), requestedAt: 0, expiresAt: 9e15 }) };
    const client = createRestClient({ server: controlPlane.url, ca: controlPlane.caPem, token: source });
    clients.push(client);
    return client;
  };
  before(async () => {
    controlPlane = await startControlPlane();
  });
  after(async () => {
    for (const client of clients) client.close();
    await controlPlane.stop();
  });

  it("needs the Role that is there for it and no more, and sees a change without being asked again", async () => {
    const admin = clientWith(controlPlane.adminToken);
    const serviceAccounts = "/api/v1/namespaces/default/serviceaccounts";
    await admin.request({ path: serviceAccounts, body: { metadata: { name: "reader" } } });
    const { body: issued } = await admin.request<{ status: { token: string } }>({
      path: `${serviceAccounts}/reader/token`,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    });
    const client = clientWith(issued.status.token);
    expect(await rejectionOf(watchAuthenticationConfigMap({ client }))).to.include({
      code: "ERR_API_STATUS",
    });
    await admin.request({
      path: "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings",
      body: {
        metadata: { name: "reader" },
        subjects: [{ kind: "ServiceAccount", namespace: "default", name: "reader" }],
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: `${name}-reader` },
      },
    });
    open = await watchAuthenticationConfigMap({ client, pollIntervalMs: 3_600_000 });
    expect(names()).to.have.length(1);
    await admin.request({
      method: "PATCH",
      path: `${collection}/${name}`,
      headers: { "Content-Type": "application/merge-patch+json" },
      body: { data },
    });
    await until(() => names()[0] === "CN=client-ca");
    expect(open.requestHeader()!.allowedNames).to.deep.equal(["front-proxy-client"]);
  });
});
