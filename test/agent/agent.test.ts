import { chmodSync, existsSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { placeholderToken } from "../../src/credentials/exec-credential.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../rejection.ts";
import { until } from "../until.ts";
import { type AgentRig, claimsOf, host, startAgentRig } from "./agent-rig.ts";

const minutes = 60_000;

describe("createAgent", () => {
  let rig: AgentRig;
  beforeEach(async () => {
    rig = await startAgentRig();
  });
  afterEach(() => rig.close());

  const now = (): number => rig.controlPlane.clock.now();
  const minted = (): number => rig.controlPlane.statistics().tokensMinted;
  const tokenFile = { tokenFiles: [{ host, file: "tokens/svc" }] };
  const fileHoldsToken = (): Promise<void> => until(() => rig.read("tokens/svc").startsWith("ey"), "a token");

  describe("behind the socket", () => {
    it("gives the plugin a token for the one webhook at the host and port, bound to its configuration", async () => {
      const { metadata } = await rig.create("a", {});
      await rig.start();
      const { token, exitCode, err } = await rig.token();
      expect({ exitCode, err }).to.deep.equal({ exitCode: 0, err: "" });
      const claims = claimsOf(token);
      expect(claims.aud).to.deep.equal(["https://svc.ns.svc:443/validate"]);
      expect(claims["kubernetes.io"].validatingwebhookconfiguration?.uid).to.equal(metadata.uid);
    });

    it("lets it come back in a minute at the latest, and at 80 % of the token's life", async () => {
      await rig.create("a", {});
      await rig.start();
      const first = await rig.token();
      expect(first.expiresAt).to.be.within(now() + 50_000, now() + 60_000);
      rig.controlPlane.clock.advance(7.5 * minutes);
      const { token, expiresAt } = await rig.plugin();
      expect(token).to.equal(first.token);
      expect(expiresAt / 1000).to.be.closeTo(claimsOf(token).exp - 120, 2);
    });

    it("renews a token before anybody asks for it", async () => {
      await rig.create("a", {});
      await rig.start();
      await rig.token();
      for (const count of [2, 3]) {
        rig.controlPlane.clock.advance(7.9 * minutes);
        await until(() => minted() === count, `mint ${count}`);
      }
    });

    it("asks once, however many ask it at once", async () => {
      await rig.create("a", {});
      await rig.start();
      const answers = await Promise.all(Array.from({ length: 50 }, () => rig.plugin()));
      expect(new Set(answers.map(({ token }) => token)).size).to.equal(1);
      expect(minted()).to.equal(1);
    });

    it("gives a new token once the configuration was deleted and made again", async () => {
      await rig.create("a", {});
      await rig.start();
      await rig.token();
      await rig.remove("a");
      const { metadata } = await rig.create("a", {});
      await until(async () => {
        const { token } = await rig.plugin();
        return (
          token.startsWith("ey") &&
          claimsOf(token)["kubernetes.io"].validatingwebhookconfiguration?.uid === metadata.uid
        );
      }, "a token for the new uid");
    });

    it("gives no token for a host that two configurations name, says so to whoever looks, and gives one when that is cured", async () => {
      await rig.create("a", {});
      await rig.create("b", { clientConfig: { service: { namespace: "ns", name: "svc", path: "/w" } } });
      const agent = await rig.start();
      await until(async () => /AMBIGUOUS/.test((await rig.plugin()).err), "ambiguity");
      const { exitCode, token, err } = await rig.plugin();
      expect({ exitCode, token }).to.deep.equal({ exitCode: 0, token: placeholderToken });
      expect(err).to.match(/^countersign: ERR_WEBHOOK_AMBIGUOUS: .*Configuration a .*Configuration b .*\n$/);
      expect(await agent.readyz()).to.include(`[-]token-${host} failed`);
      expect(await agent.metric("countersign_agent_token_missing")).to.deep.equal([
        `countersign_agent_token_missing{host="${host}",code="ERR_WEBHOOK_AMBIGUOUS"} 1`,
      ]);
      await rig.remove("b");
      await rig.token();
      expect(await agent.readyz()).to.include(`[+]token-${host} ok`);
    });

    it("stays ready where no configuration names the host that was asked for", async () => {
      const agent = await rig.start();
      await until(async () => /NOT_FOUND/.test((await rig.plugin()).err), "not found");
      expect(await agent.readyz()).to.include("readyz check passed");
      expect((await agent.metric("countersign_agent_token_missing"))[0]).to.include("ERR_WEBHOOK_NOT_FOUND");
    });

    it("hands out the client certificate beside the token and without one, and the next one once it was replaced", async () => {
      const authority = createCertificateAuthority();
      const write = (): string => {
        const { certificatePem, keyPem } = authority.issue({ commonName: "kube-apiserver" });
        writeFileSync(rig.file("client.crt"), certificatePem);
        writeFileSync(rig.file("client.key"), keyPem);
        return certificatePem;
      };
      const first = write();
      await rig.start({ clientCertificate: { certFile: "client.crt", keyFile: "client.key" } });
      const without = await rig.plugin();
      expect(without.token).to.equal(placeholderToken);
      expect(without.status.clientCertificateData).to.equal(first);
      expect(without.status.clientKeyData).to.include("PRIVATE KEY");
      await rig.create("a", {});
      expect((await rig.token()).status.clientCertificateData).to.equal(first);
      const second = write();
      await until(
        async () => (await rig.plugin()).status.clientCertificateData === second,
        "the new certificate",
      );
    });

    it("removes its socket when it stops, and no token ever stood in its log", async () => {
      await rig.create("a", {});
      const agent = await rig.start({ log: { level: "trace" }, ...tokenFile });
      const { token } = await rig.token();
      await fileHoldsToken();
      await agent.close();
      expect(existsSync(rig.socket)).to.equal(false);
      expect(agent.log()).to.include("token held").and.to.not.include(token.split(".")[1]);
      expect(rig.read("tokens/svc")).to.equal(token);
    });
  });

  describe("while the API server is away", function () {
    // a watch that failed is tried again after a pause of its own
    this.timeout(30_000);

    it("starts, and has a token once the API server is there", async () => {
      await rig.create("a", {});
      await rig.relay.stop();
      const agent = await rig.start(tokenFile);
      expect(rig.read("tokens/svc")).to.equal(placeholderToken);
      expect(await agent.readyz()).to.include("[-]configurations failed");
      expect((await rig.plugin()).token).to.equal(placeholderToken);
      await rig.relay.start();
      await rig.token();
      await fileHoldsToken();
      await until(async () => (await agent.readyz()).includes("readyz check passed"), "readiness");
    });

    it("gives out the token it holds until that expires, then none, and one again when the API server is back", async () => {
      await rig.create("a", {});
      const agent = await rig.start(tokenFile);
      const { token } = await rig.token();
      await fileHoldsToken();
      await rig.relay.stop();
      rig.controlPlane.clock.advance(9 * minutes);
      const late = await rig.plugin();
      expect(late.token).to.equal(token);
      expect(late.expiresAt).to.be.at.most(now() + 10_000);
      expect(rig.read("tokens/svc")).to.equal(token);
      rig.controlPlane.clock.advance(1.1 * minutes);
      await until(() => rig.read("tokens/svc") === placeholderToken, "the placeholder");
      expect((await rig.plugin()).token).to.equal(placeholderToken);
      expect(await agent.readyz()).to.include(`[-]token-${host} failed`);
      await rig.relay.start();
      // a failure is not repeated at once: by its clock
      await until(async () => {
        rig.controlPlane.clock.advance(30_000);
        return (await rig.plugin()).token.startsWith("ey");
      }, "a token");
    });
  });

  describe("with token files", () => {
    it("writes the token without a newline, 0600, in a folder of its own", async () => {
      await rig.create("a", {});
      await rig.start({ socket: undefined, ...tokenFile });
      await fileHoldsToken();
      expect(rig.read("tokens/svc")).to.match(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(lstatSync(rig.file("tokens/svc")).mode & 0o777).to.equal(0o600);
      expect(lstatSync(rig.file("tokens")).mode & 0o777).to.equal(0o700);
    });

    it("renews while what is in the file is good for two minutes more", async () => {
      await rig.create("a", {});
      await rig.start(tokenFile);
      await fileHoldsToken();
      const first = rig.read("tokens/svc");
      // 471 s: the latest a renewal begins is at 470.1 s, and a tick later
      rig.controlPlane.clock.advance(471_000);
      expect(claimsOf(first).exp * 1000 - now()).to.be.greaterThan(120_000);
      await until(() => rig.read("tokens/svc") !== first, "the next token");
      expect(claimsOf(rig.read("tokens/svc")).exp * 1000 - now()).to.be.greaterThan(590_000);
    });

    it("writes the new token once the configuration was deleted and made again, and never a file that is empty", async () => {
      await rig.create("a", {});
      await rig.start(tokenFile);
      await fileHoldsToken();
      const first = rig.read("tokens/svc");
      await rig.remove("a");
      const { metadata } = await rig.create("a", {});
      await until(() => {
        const text = rig.read("tokens/svc");
        expect(text).to.match(/^ey/);
        return text !== first;
      }, "the new token");
      const { validatingwebhookconfiguration: bound } = claimsOf(rig.read("tokens/svc"))["kubernetes.io"];
      expect(bound?.uid).to.equal(metadata.uid);
    });

    it("leaves the token of an agent before it while it has life in it, and nothing else", async () => {
      await rig.create("a", {});
      const before = await rig.start(tokenFile);
      await fileHoldsToken();
      const left = rig.read("tokens/svc");
      await before.close();
      await rig.relay.stop();
      const second = await rig.start(tokenFile);
      expect(rig.read("tokens/svc")).to.equal(left);
      await second.close();
      rig.controlPlane.clock.advance(10 * minutes);
      await rig.start(tokenFile);
      expect(rig.read("tokens/svc")).to.equal(placeholderToken);
    });

    it("keeps them below the socket's folder, in one that the kubelet has just made", async () => {
      mkdirSync(rig.file("run"), { mode: 0o755 });
      chmodSync(rig.file("run"), 0o755);
      await rig.create("a", {});
      await rig.start({ tokenFiles: [{ host, file: "run/tokens/svc" }] });
      const { token } = await rig.token();
      await until(() => rig.read("run/tokens/svc") === token, "the token");
    });

    it("does not start where a file cannot be written", async () => {
      mkdirSync(rig.file("tokens/svc"), { recursive: true });
      const error = await rejectionOf(rig.start(tokenFile));
      expect(error).to.include({ code: "ERR_CONFIGURATION" });
      expect(error.message).to.include("tokens/svc cannot be written (EISDIR)");
      expect(existsSync(rig.socket)).to.equal(false);
    });
  });

  it("asks for plain tokens of every webhook at the host in mode audience", async () => {
    await rig.create("a", {});
    await rig.create("b", { clientConfig: { service: { namespace: "ns", name: "svc", path: "/w" } } });
    await rig.start({ mode: "audience", apiGroup: undefined });
    const { token } = await rig.token();
    expect(claimsOf(token).aud).to.deep.equal([
      "https://svc.ns.svc:443/validate",
      "https://svc.ns.svc:443/w",
    ]);
  });
});
