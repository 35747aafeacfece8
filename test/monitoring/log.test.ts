import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { diagnosticsChannel, type WebhookMessage } from "../../src/diagnostics.ts";
import { createLog, type Log, type LogLevel } from "../../src/monitoring/log.ts";
import { loadManifestDirectory } from "../../src/webhook/sources/load-manifest-directory.ts";
import { until } from "../until.ts";

describe("createLog", () => {
  let log: Log;
  const written: string[] = [];
  const destination = { write: (line: string) => written.push(line) };
  const start = (level?: LogLevel): void => {
    log = createLog({ destination, ...(level !== undefined && { level }) });
  };
  const lines = async (): Promise<Record<string, unknown>[]> => {
    await log.flush();
    return written.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  beforeEach(() => {
    written.length = 0;
  });
  afterEach(() => log.close());

  it("writes one JSON line with level, time and message", async () => {
    start();
    log.write("info", "serving", { port: 8443 });
    const [line] = await lines();
    expect(line).to.include({ level: "info", msg: "serving", port: 8443 });
    expect(Date.parse(String(line?.time))).to.be.closeTo(Date.now(), 5000);
  });

  it("keeps the order of what was written before pino was loaded and after", async () => {
    start();
    for (let count = 0; count < 3; count++) log.write("info", String(count));
    await log.flush();
    log.write("info", "3");
    expect((await lines()).map(({ msg }) => msg)).to.deep.equal(["0", "1", "2", "3"]);
  });

  it("keeps caller and user apart", async () => {
    start("debug");
    diagnosticsChannel("countersign:request").publish({
      path: "/validate",
      mode: "enforce",
      allowed: true,
      code: 200,
      durationMs: 1,
      caller: "system:serviceaccount:kube-system:webhook-caller",
      method: "webhookToken",
      user: "kubernetes-admin",
    });
    expect((await lines())[0]).to.include({
      level: "debug",
      msg: "allowed",
      caller: "system:serviceaccount:kube-system:webhook-caller",
      user: "kubernetes-admin",
    });
  });

  it("says of a request to a gateway whose credential it came with and as whom it was made", async () => {
    start();
    const requests = diagnosticsChannel("countersign:apiRequest");
    const request = {
      httpMethod: "GET",
      path: "/api/v1/namespaces/shop/pods/web/log",
      caller: "admin",
      method: "clientCertificate" as const,
      user: "jane",
      cut: false,
      durationMs: 1,
    };
    requests.publish({ ...request, code: 200 });
    requests.publish({ ...request, code: 500, refusal: "ERR_KUBELET_CERTIFICATE", detail: "expired" });
    const [served, failed] = await lines();
    expect(served).to.include({ level: "info", msg: "request", caller: "admin", user: "jane" });
    expect(failed).to.include({ level: "warn", msg: "request", detail: "expired" });
  });

  it("says which kubelet was not reached, and whose certificate was another's, enforced or not", async () => {
    start();
    const kubelets = diagnosticsChannel("countersign:kubelet");
    kubelets.publish({ node: "a", transport: "verified", outcome: "answered", status: 200, durationMs: 1 });
    kubelets.publish({
      node: "a",
      transport: "insecure",
      outcome: "failed",
      code: "ERR_KUBELET_UNREACHABLE",
      detail: "refused",
      durationMs: 1,
    });
    const certificates = diagnosticsChannel("countersign:kubeletCertificate");
    certificates.publish({ node: "a", status: "success", enforced: true });
    certificates.publish({ node: "a", status: "failure", enforced: false, detail: "is of b" });
    const [unreached, another, ...others] = await lines();
    expect(others).to.deep.equal([]);
    expect(unreached).to.include({
      level: "warn",
      msg: "kubelet not reached",
      code: "ERR_KUBELET_UNREACHABLE",
    });
    expect(another).to.include({ level: "warn", node: "a", enforced: false, detail: "is of b" });
  });

  it("says why a caller was refused, at a level that is on", async () => {
    start();
    const refusals = diagnosticsChannel("countersign:refusal");
    const refusal = {
      path: "/validate",
      code: "ERR_TOKEN_EXPIRED",
      detail: "exp: expired 10 s ago",
      peer: "10.0.0.1",
    };
    refusals.publish({ ...refusal, mode: "enforce", outcome: "refused" });
    refusals.publish({ ...refusal, mode: "observe", outcome: "wouldRefuse" });
    const [refused, would] = await lines();
    expect(refused).to.include({ level: "warn", msg: "refused", ...refusal });
    expect(would).to.include({ level: "warn", msg: "would have been refused", mode: "observe" });
  });

  it("says that a reload failed as an error, and that the last good value stays", async () => {
    start();
    diagnosticsChannel("countersign:reload").publish({
      what: "policy",
      file: "p.ts",
      outcome: "failed",
      detail: "no",
    });
    expect((await lines())[0]).to.include({ level: "error", file: "p.ts", detail: "no" });
  });

  it("leaves out what is below its level, and everything when silent", async () => {
    start("error");
    log.write("warn", "x");
    diagnosticsChannel("countersign:keys").publish({ issuer: "a", outcome: "failed" });
    expect(await lines()).to.deep.equal([]);
    log.close();
    start("silent");
    log.write("error", "x");
    expect(await lines()).to.deep.equal([]);
  });

  it("writes no more of what is published once it is closed", async () => {
    start();
    log.close();
    diagnosticsChannel("countersign:keys").publish({ issuer: "a", outcome: "fetched" });
    expect(await lines()).to.deep.equal([]);
  });

  describe("of calls of webhooks", () => {
    const calls = diagnosticsChannel("countersign:webhook");
    const call: WebhookMessage = {
      webhook: "images.example.com",
      configuration: "images",
      operation: "CREATE",
      type: "validating",
      code: 200,
      rejected: false,
      failedOpen: false,
      durationMs: 3,
    };
    const failure = { ...call, code: 503, detail: "failed calling webhook: refused" };
    const said = async () => (await lines()).map(({ level, msg, code }) => [level, msg, code]);

    it("warns of those that failed, forgiven or not, and names webhook, configuration and fault", async () => {
      start();
      calls.publish({ ...failure, rejected: true, errorType: "calling_webhook_error" });
      calls.publish({ ...failure, failedOpen: true });
      calls.publish({ ...failure, code: 0, rejected: true, errorType: "apiserver_internal_error" });
      expect(await said()).to.deep.equal([
        ["warn", "webhook call failed", 503],
        ["warn", "webhook call failed", 503],
        ["warn", "webhook call failed", 0],
      ]);
      const { webhook, configuration, detail } = failure;
      expect((await lines())[0]).to.include({ webhook, configuration, detail });
    });

    it("tells of a denial, and of what went well or was given up only for debugging", async () => {
      const all = (): void => {
        calls.publish({ ...call, code: 403, rejected: true, errorType: "no_error", detail: "no" });
        calls.publish(call);
        calls.publish({ ...failure, rejected: true });
      };
      start();
      all();
      expect(await said()).to.deep.equal([["info", "webhook denied", 403]]);
      log.close();
      written.length = 0;
      start("debug");
      all();
      expect(await said()).to.deep.equal([
        ["info", "webhook denied", 403],
        ["debug", "webhook called", 200],
        ["debug", "webhook call given up", 503],
      ]);
    });

    it("repeats no token that a webhook repeats", async () => {
      start();
      const token = `eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl-_`;
      calls.publish({ ...failure, failedOpen: true, detail: `not for me: "Bearer ${token}", go away` });
      expect((await lines())[0]?.detail).to.equal('not for me: "Bearer [redacted]", go away');
    });

    it("warns of an audit annotation that was dropped", async () => {
      start();
      const dropped = { webhook: "images.example.com", key: "a b", problem: "notQualified" } as const;
      diagnosticsChannel("countersign:annotation").publish(dropped);
      expect((await lines())[0]).to.include({ level: "warn", ...dropped });
    });
  });

  it("tells once of manifests that cannot be read, and of what was read for debugging", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-log-"));
    const loaded = await loadManifestDirectory({ directory: folder });
    try {
      start("debug");
      writeFileSync(join(folder, "a.yaml"), "a: [");
      await until(async () => (await lines()).length > 0, "a line");
      writeFileSync(join(folder, "a.yaml"), "");
      await until(async () => (await lines()).some(({ msg }) => msg === "reloaded"), "the reload");
    } finally {
      loaded.close();
      rmSync(folder, { recursive: true });
    }
    const said = (await lines()).map(({ level, msg, what, plugin }) => [level, msg, what ?? plugin]);
    expect(said).to.deep.equal([
      ["error", "reload failed, the last good value stays in use", "manifests"],
      ["debug", "manifests read", "ValidatingAdmissionWebhook"],
      ["debug", "manifests read", "MutatingAdmissionWebhook"],
      ["info", "reloaded", "manifests"],
    ]);
  });

  it("warns of a token that was not to be had, a watch that failed and a configuration that cannot be carried out", async () => {
    start();
    const token = { serviceAccount: "ns/name", audience: "https://h/v", durationMs: 1 };
    diagnosticsChannel("countersign:token").publish({ ...token, outcome: "minted" });
    diagnosticsChannel("countersign:token").publish({
      ...token,
      outcome: "failed",
      code: "ERR_TOKEN_REQUEST_ATTEST",
      detail: "grant it",
    });
    const watch = { server: "https://h", resource: "validatingwebhookconfigurations" };
    diagnosticsChannel("countersign:watch").publish({ ...watch, outcome: "listed", objects: 1 });
    diagnosticsChannel("countersign:watch").publish({ ...watch, outcome: "failed", code: "ERR_TRANSPORT" });
    diagnosticsChannel("countersign:configuration").publish({
      kind: "ValidatingWebhookConfiguration",
      name: "a",
      code: "ERR_CONFIGURATION",
      detail: "no such webhook",
    });
    const said = (await lines()).map(({ level, msg, code }) => [level, msg, code]);
    expect(said).to.deep.equal([
      ["warn", "token request failed", "ERR_TOKEN_REQUEST_ATTEST"],
      ["warn", "watch failed", "ERR_TRANSPORT"],
      ["warn", "a webhook configuration cannot be carried out", "ERR_CONFIGURATION"],
    ]);
  });
});
