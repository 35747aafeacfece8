import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import {
  base64,
  type ExecCredentialRig,
  execInfo,
  expectPlaceholder,
  server,
  startExecCredentialRig,
} from "./exec-credential-rig.ts";
import { refuse } from "./stub-api-server.ts";

describe("exec-credential", () => {
  let rig: ExecCredentialRig;
  beforeEach(async () => {
    rig = await startExecCredentialRig();
  });
  afterEach(() => rig.stub.close());

  describe("with --cache-dir", () => {
    const folder = () => join(rig.stub.folder, "cache");
    const kept = (...more: string[]) => rig.attested(`--cache-dir=${folder()}`, ...more);

    /** As if the token had been asked for so much earlier. */
    function age(ms: number): void {
      for (const name of readdirSync(folder())) {
        const file = join(folder(), name);
        const { requestedAt, expiresAt, ...rest } = JSON.parse(readFileSync(file, "utf8"));
        writeFileSync(
          file,
          JSON.stringify({ ...rest, requestedAt: requestedAt - ms, expiresAt: expiresAt - ms }),
        );
      }
    }

    it("gives the next run the same token without a request", async () => {
      const first = await rig.run(kept());
      const requests = rig.stub.requests.length;
      const second = await rig.run(kept());
      expect(second).to.deep.equal(first);
      expect(rig.stub.requests).to.have.length(requests);
    });

    it("keeps tokens of different endpoints, ServiceAccounts, groups and API servers apart", async () => {
      await rig.run(kept());
      const other = [
        await rig.run(kept(), execInfo({ server, "certificate-authority-data": base64("x") })),
        await rig.run(kept("--service-account=kube-system/other").slice(1)),
        await rig.run(rig.plain(`--cache-dir=${folder()}`)),
      ];
      expect(new Set(other.map(({ token }) => token)).size).to.equal(3);
      expect(rig.stub.tokens).to.have.length(4);
    });

    it("renews at 80 %", async () => {
      await rig.run(kept());
      age(481_000);
      expect((await rig.run(kept())).token).to.equal(rig.stub.tokens[1]);
    });

    it("hands out the old token for ten seconds where renewal fails, and says why", async () => {
      await rig.run(kept());
      age(500_000);
      rig.stub.fault = (_, response) => {
        refuse(response, 503, "ServiceUnavailable", "etcd is away");
        return true;
      };
      const { exitCode, token, expiresAt, err } = await rig.run(kept());
      expect({ exitCode, token }).to.deep.equal({ exitCode: 0, token: rig.stub.tokens[0] });
      expect(expiresAt).to.be.within(Date.now() + 7_000, Date.now() + 10_000);
      expect(err).to.match(/^countersign: ERR_API_STATUS: .*etcd is away.*\n$/);
    });

    it("hands out nothing once the old token has expired", async () => {
      await rig.run(kept());
      age(600_000);
      rig.stub.configurations = [];
      expectPlaceholder(await rig.run(kept()), "ERR_WEBHOOK_NOT_FOUND");
    });

    it("gives a token, and writes none, where the folder is not private", async () => {
      mkdirSync(folder());
      chmodSync(folder(), 0o755);
      const { token, err } = await rig.run(kept());
      expect(token).to.equal(rig.stub.tokens[0]);
      expect(err).to.match(/^countersign: ERR_CONFIGURATION: cache: .*mode 0755.*\n$/);
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    it("gives no token, kept or new, for a connection that is not verified https", async () => {
      await rig.run(kept());
      for (const cluster of [
        { server, "insecure-skip-tls-verify": true },
        { server: "http://svc.ns.svc:443" },
      ])
        expectPlaceholder(await rig.run(kept(), execInfo(cluster)), /ERR_CONFIGURATION.*not verified https/);
    });

    it("writes nothing without the flag", async () => {
      await rig.run(rig.attested());
      expect(existsSync(folder())).to.equal(false);
    });
  });
});
