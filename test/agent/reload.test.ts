import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../rejection.ts";
import { until } from "../until.ts";
import { type AgentRig, claimsOf, host, startAgentRig } from "./agent-rig.ts";

describe("a reload of the agent's configuration", () => {
  let rig: AgentRig;
  beforeEach(async () => {
    rig = await startAgentRig();
    await rig.create("a", {});
  });
  afterEach(() => rig.close());

  const minted = (): number => rig.controlPlane.statistics().tokensMinted;
  const files = (...names: readonly string[]) => ({
    tokenFiles: names.map((name, index) => ({ host: index === 0 ? host : `other-${index}:443`, file: name })),
  });
  const holdsToken = (name: string): Promise<void> =>
    until(() => existsSync(rig.file(name)) && rig.read(name).startsWith("ey"), "a token");

  it("keeps the tokens that still fit, though the API server is away by now", async () => {
    const agent = await rig.start(files("tokens/svc"));
    await holdsToken("tokens/svc");
    const { token } = await rig.token();
    await rig.relay.stop();
    const before = minted();
    await agent.reload(files("tokens/svc", "tokens/another"));
    expect((await rig.plugin()).token).to.equal(token);
    expect(rig.read("tokens/svc")).to.equal(token);
    expect(minted()).to.equal(before);
  });

  it("adds a token file, filled at once with the token it holds, and looks after one no more", async () => {
    const agent = await rig.start(files("tokens/svc"));
    await holdsToken("tokens/svc");
    await agent.reload(files("tokens/moved"));
    await holdsToken("tokens/moved");
    expect(rig.read("tokens/moved")).to.equal(rig.read("tokens/svc"));
    expect(await agent.readyz()).to.include("[+]token-files ok");
  });

  it("asks for other tokens where they have to be others", async () => {
    const agent = await rig.start();
    expect(claimsOf((await rig.token()).token)["kubernetes.io"]).to.have.property("attestations");
    await agent.reload({ apiGroup: undefined, mode: "audience", audiences: ["https://a"] });
    await until(async () => {
      const { token } = await rig.token();
      return claimsOf(token).aud.join() === "https://a";
    });
  });

  it("hands out another client certificate, of other files, and none where it is taken away", async () => {
    const authority = createCertificateAuthority();
    const pair = (name: string) => {
      const { certificatePem, keyPem } = authority.issue({ commonName: name });
      writeFileSync(rig.file(`${name}.crt`), certificatePem);
      writeFileSync(rig.file(`${name}.key`), keyPem);
      return { clientCertificate: { certFile: `${name}.crt`, keyFile: `${name}.key` } };
    };
    const presented = async (): Promise<string | undefined> =>
      (await rig.token()).status.clientCertificateData;
    const agent = await rig.start(pair("one"));
    const first = await presented();
    expect(first).to.be.a("string");
    await agent.reload(pair("two"));
    expect(await presented())
      .to.be.a("string")
      .that.does.not.equal(first);
    await agent.reload();
    expect(await presented()).to.equal(undefined);
  });

  for (const [what, fields, code] of [
    ["a token file that cannot be written", files("taken/svc"), "ERR_CONFIGURATION"],
    [
      "a certificate that is none",
      { clientCertificate: { certFile: "none", keyFile: "none" } },
      "ERR_CERTIFICATE_INVALID",
    ],
  ] as const)
    it(`refuses ${what}, and goes on as before`, async () => {
      mkdirSync(rig.file("taken"), { mode: 0o777 });
      writeFileSync(rig.file("taken/svc"), "");
      chmodSync(rig.file("taken"), 0o777);
      const agent = await rig.start(files("tokens/svc"));
      await holdsToken("tokens/svc");
      expect((await rejectionOf(agent.reload(fields))).code).to.equal(code);
      expect(await agent.readyz()).to.include("[+]token-files ok");
      expect((await rig.token()).token).to.equal(rig.read("tokens/svc"));
    });

  it("leaves socket and admin listener as they are, says so, and takes the rest", async () => {
    const agent = await rig.start();
    await agent.reload({ ...files("tokens/svc"), socket: "elsewhere/agent.sock" });
    await holdsToken("tokens/svc");
    expect((await rig.token()).exitCode).to.equal(0);
    expect(existsSync(rig.file("elsewhere"))).to.equal(false);
    await until(() => agent.log().includes('"fields":["socket"]'));
  });

  it("is not taken once it stops", async () => {
    const agent = await rig.start();
    await agent.close();
    await agent.reload(files("taken/by/nobody"));
    expect(existsSync(rig.file("taken"))).to.equal(false);
  });
});
