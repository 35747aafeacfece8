import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execCredential } from "../../src/commands/exec-credential.ts";
import { placeholderToken } from "../../src/credentials/exec-credential.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type AgentRig, host, startAgentRig } from "../agent/agent-rig.ts";
import { run, startProcess } from "../rig/child-process.ts";
import { capturedIO } from "./captured-io.ts";
import { type ExecCredentialRig, execInfo, startExecCredentialRig } from "./exec-credential-rig.ts";

const program = "src/commands/countersign.cts";

describe("exec-credential --socket", () => {
  let rig: AgentRig;
  beforeEach(async () => {
    rig = await startAgentRig();
    await rig.create("a", {});
  });
  afterEach(() => rig.close());

  const pluginProcess = (args: readonly string[] = []) =>
    run(process.execPath, [program, "exec-credential", "--socket", rig.socket, ...args], {
      env: { KUBERNETES_EXEC_INFO: execInfo({ server: `https://${host}` }) },
    });

  it("prints the agent's token as a process, and ends by itself", async () => {
    await rig.start();
    const { token } = await rig.token();
    const finished = await pluginProcess();
    expect(finished).to.include({ code: 0, stderr: "" });
    expect(JSON.parse(finished.stdout).status.token).to.equal(token);
  });

  it("gives a placeholder where no agent runs, and a failure where that is asked for", async () => {
    const finished = await pluginProcess();
    expect(finished.code).to.equal(0);
    expect(JSON.parse(finished.stdout).status.token).to.equal(placeholderToken);
    expect(finished.stderr).to.match(/^countersign: ERR_AGENT: .*is missing.*\n$/);
    const failed = await pluginProcess(["--on-failure", "fail"]);
    expect(failed).to.include({ code: 1, stdout: "" });
  });

  it("ends at its own deadline where the agent hangs", async () => {
    const hanging = `const { createServer } = require("node:net"); const { chmodSync, mkdirSync, rmSync } = require("node:fs");
      mkdirSync(${JSON.stringify(rig.file("run"))}, { mode: 0o700 });
      createServer(() => undefined).listen(${JSON.stringify(rig.socket)}, () => {
        chmodSync(${JSON.stringify(rig.socket)}, 0o600); console.log("up"); });`;
    const child = startProcess({ command: process.execPath, args: ["-e", hanging] });
    try {
      while (!child.output().includes("up")) await new Promise((resolve) => setTimeout(resolve, 5));
      const finished = await pluginProcess();
      expect(finished.code).to.equal(0);
      expect(JSON.parse(finished.stdout).status.token).to.equal(placeholderToken);
      expect(finished.stderr).to.match(/^countersign: ERR_TRANSPORT_TIMEOUT: .*\n$/);
    } finally {
      await child.stop();
    }
  });

  it("asks for nothing where the connection is not verified, or not said", async () => {
    const agent = await rig.start();
    for (const cluster of [
      { server: `http://${host}` },
      { server: `https://${host}`, "insecure-skip-tls-verify": true },
      null,
    ]) {
      const io = capturedIO({ KUBERNETES_EXEC_INFO: execInfo(cluster) });
      expect(await execCredential.run(["--socket", rig.socket], io)).to.equal(0);
      expect(JSON.parse(io.out()).status.token).to.equal(placeholderToken);
      expect(io.err()).to.match(/ERR_CONFIGURATION.*(not verified https|provideClusterInfo: true)/);
    }
    expect(await agent.metric("countersign_agent_answers_total")).to.deep.equal([]);
  });

  for (const flag of [
    "--service-account=a/b",
    "--mode=attested",
    "--api-group=*",
    "--audience=x",
    "--kubeconfig=k",
    "--server=https://x",
    "--cache-dir=d",
    "--present-client-certificate=c",
  ])
    it(`does not go with ${flag.split("=")[0]}: the agent's configuration says it`, async () => {
      const { err, token } = await rig.plugin(undefined, flag);
      expect(token).to.equal(placeholderToken);
      expect(err).to.include(`ERR_USAGE: --socket and ${flag.split("=")[0]} exclude one another`);
    });
});

describe("exec-credential --present-client-certificate", () => {
  let rig: ExecCredentialRig;
  let folder: string;
  const files: string[] = [];
  beforeEach(async () => {
    rig = await startExecCredentialRig();
    folder = mkdtempSync(join(tmpdir(), "countersign-present-"));
    const authority = createCertificateAuthority();
    const pair = authority.issue({ commonName: "kube-apiserver" });
    files.splice(0, 2, join(folder, "c.crt"), join(folder, "c.key"));
    writeFileSync(files[0]!, pair.certificatePem);
    writeFileSync(files[1]!, pair.keyPem);
  });
  afterEach(async () => {
    await rig.stub.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const flags = () => [`--present-client-certificate=${files[0]}`, `--present-client-key=${files[1]}`];
  const statusOf = async (args: readonly string[]): Promise<Record<string, string>> => {
    const io = capturedIO({ KUBERNETES_EXEC_INFO: execInfo() });
    expect(await execCredential.run(args, io)).to.equal(0);
    expect(io.err()).to.not.include("PRIVATE KEY");
    return { ...JSON.parse(io.out()).status, err: io.err() };
  };

  it("hands certificate and key to client-go together with the token", async () => {
    const status = await statusOf(rig.attested(...flags()));
    expect(status.token).to.equal(rig.stub.tokens[0]);
    expect(status.clientCertificateData).to.include("BEGIN CERTIFICATE");
    expect(status.clientKeyData).to.include("PRIVATE KEY");
  });

  it("hands them out with the placeholder too: a webhook may ask for the certificate alone", async () => {
    rig.stub.configurations = [];
    const status = await statusOf(rig.attested(...flags()));
    expect(status.token).to.equal(placeholderToken);
    expect(status.clientCertificateData).to.include("BEGIN CERTIFICATE");
  });

  it("hands the token out alone where the two do not belong together, with which client-go would fail every call", async () => {
    writeFileSync(files[1]!, createCertificateAuthority().issue({ commonName: "x" }).keyPem);
    const status = await statusOf(rig.attested(...flags()));
    expect(status.token).to.equal(rig.stub.tokens[0]);
    expect(status).to.not.have.any.keys("clientCertificateData", "clientKeyData");
    expect(status.err).to.match(/^countersign: ERR_CERTIFICATE_INVALID: .*is not the key of.*\n$/);
  });

  it("takes neither without the other", async () => {
    const { token, err } = await rig.run(rig.attested(flags()[0]!));
    expect(token).to.equal(placeholderToken);
    expect(err).to.include("ERR_USAGE: --present-client-certificate and --present-client-key go together");
  });
});
