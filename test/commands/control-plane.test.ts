import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { controlPlane } from "../../src/commands/control-plane.ts";
import { startControlPlane } from "../../src/testing/control-plane.ts";
import { rejectionOf } from "../rejection.ts";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { capturedIO } from "./captured-io.ts";

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; "certificate-authority-data": string } }];
  readonly users: readonly [{ user: { token: string } }];
}

const clientOf = (text: string): ApiClient => {
  const { clusters, users } = parse(text) as Kubeconfig;
  const { cluster } = clusters[0];
  const caPem = Buffer.from(cluster["certificate-authority-data"], "base64").toString();
  return createApiClient({ url: cluster.server, caPem, token: users[0].user.token });
};

describe("countersign control-plane", () => {
  const children: ChildProcess[] = [];
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-control-plane-"));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  /** Runs it as a user does, and waits for the first thing it prints. */
  const start = async (...args: readonly string[]): Promise<{ child: ChildProcess; printed: string }> => {
    const child = spawn(process.execPath, ["src/commands/countersign.cts", "control-plane", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    const [first] = (await once(child.stdout!, "data")) as [Buffer];
    return { child, printed: first.toString() };
  };

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`writes a kubeconfig that works and is its owner's alone, and ends on ${signal} with 0`, async () => {
      const file = join(folder, `${signal}.kubeconfig`);
      const { child, printed } = await start("--kubeconfig-out", file);
      const { url, port, kubeconfig } = JSON.parse(printed);
      expect([url, kubeconfig]).to.deep.equal([`https://127.0.0.1:${port}`, file]);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      const client = clientOf(await readFile(file, "utf8"));
      const answer = await client.get("/api/v1/namespaces/kube-system");
      client.close();
      expect(answer.status).to.equal(200);
      child.kill(signal);
      expect(await once(child, "exit")).to.deep.equal([0, null]);
    });

  it("prints the kubeconfig where no file is named", async () => {
    const { child, printed } = await start();
    const client = clientOf(printed);
    expect((await client.get("/readyz")).text).to.equal("ok");
    client.close();
    child.kill("SIGTERM");
    await once(child, "exit");
  });

  it("makes the ServiceAccount it is to present, with the grant to attest every group", async () => {
    const { child, printed } = await start("--service-account", "kube-system/caller");
    const client = clientOf(printed);
    const resourceAttributes = {
      group: "authentication.k8s.io",
      resource: "admissionReviewAPIGroups",
      name: "*",
      verb: "attest",
    };
    const review = await client.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user: "system:serviceaccount:kube-system:caller", resourceAttributes },
    });
    client.close();
    expect(review.body).to.have.nested.property("status.allowed", true);
    child.kill("SIGTERM");
    await once(child, "exit");
  });

  it("refuses a port that is none, and a ServiceAccount that is not NAMESPACE/NAME", async () => {
    const run = (...args: readonly string[]): Promise<unknown> =>
      rejectionOf(controlPlane.run(args, capturedIO()));
    expect(await run("--port", "x")).to.include({ code: "ERR_USAGE" });
    expect(await run("--port", "65536")).to.include({ code: "ERR_USAGE" });
    expect(await run("--service-account", "caller")).to.include({ code: "ERR_USAGE" });
  });

  it("says so when the port is taken", async () => {
    const other = await startControlPlane();
    const error = await rejectionOf(controlPlane.run(["--port", String(other.port)], capturedIO()));
    await other.stop();
    expect(error).to.include({ code: "ERR_TRANSPORT" });
    expect(String(error)).to.include(`cannot listen on 127.0.0.1:${other.port}`);
  });

  it("stops again where the kubeconfig cannot be written", async () => {
    const error = await rejectionOf(controlPlane.run(["--kubeconfig-out", folder], capturedIO()));
    expect(error).to.include({ code: "ERR_USAGE" });
    expect(String(error)).to.include(`--kubeconfig-out ${folder} cannot be written`);
  });
});
