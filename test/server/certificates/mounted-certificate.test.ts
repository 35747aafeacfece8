import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { CertificateUsage } from "../../../src/certificates/certificate-purpose.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../../rejection.ts";
import { until } from "../../until.ts";
import {
  createServerFolder,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "../webhooks/server-rig.ts";
import { openTLS, shakeHands } from "./self-signed-rig.ts";

/** What cert-manager, or whoever keeps an existing Secret, makes of it: another pair, at times of another CA. */
describe("a certificate of a mounted Secret", () => {
  let folder: ServerFolder;
  let mount: string;
  let running: RunningServer;
  beforeEach(() => {
    folder = createServerFolder();
    mount = mkdtempSync(join(tmpdir(), "countersign-mounted-"));
  });
  afterEach(async () => {
    await running.server.close();
    folder.remove();
    rmSync(mount, { recursive: true });
  });

  /** As the kubelet's atomic writer: a folder of its own for each version, and one symlink that is moved onto it. */
  const swap = (files: Readonly<Record<string, string>>): void => {
    const generation = `..${randomUUID()}`;
    mkdirSync(join(mount, generation));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(mount, generation, name), text);
    symlinkSync(generation, join(mount, "..data_tmp"));
    renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
  };
  const issue = (usage: CertificateUsage = "serverAuth", authority = createCertificateAuthority()) => {
    const subject = { commonName: "x", dnsNames: ["localhost"], usages: [usage] };
    const { certificatePem, keyPem } = authority.issue(subject);
    return {
      ca: authority.certificatePem,
      certificatePem,
      files: { "tls.crt": certificatePem, "tls.key": keyPem, "ca.crt": authority.certificatePem },
    };
  };
  const start = async (files: Readonly<Record<string, string>>): Promise<void> => {
    swap(files);
    for (const name of Object.keys(files)) symlinkSync(join("..data", name), join(mount, name));
    const tls = { certFile: join(mount, "tls.crt"), keyFile: join(mount, "tls.key") };
    running = await startServer(folder, { tls });
  };
  const serves = (ca: string, pem: string) => () =>
    shakeHands(running.port, ca).then(
      (certificate) => certificate.trim() === pem.trim(),
      () => false,
    );

  it("is exchanged at every swap, not only the first, and old connections stay", async () => {
    const first = issue();
    await start(first.files);
    const old = await openTLS(running.port, first.ca);
    for (let version = 0; version < 3; version++) {
      const next = issue();
      swap(next.files);
      await until(serves(next.ca, next.certificatePem), `version ${version}`);
    }
    expect(old.readyState).to.equal("open");
    old.destroy();
  });

  it("stays where what comes is for clients only, and is no start", async () => {
    const first = issue();
    await start(first.files);
    const client = issue("clientAuth");
    swap(client.files);
    const failure = /^reload failed/;
    await until(() => running.log().some(({ msg }) => failure.test(String(msg))), "the failure");
    expect(JSON.stringify(running.log())).to.contain("tls.crt: is for clients only");
    expect(await serves(first.ca, first.certificatePem)()).to.equal(true);
    const tls = { certFile: join(mount, "tls.crt"), keyFile: join(mount, "tls.key") };
    const refused = await rejectionOf(startServer(folder, { tls }));
    expect(refused).to.include({ code: "ERR_CERTIFICATE_INVALID" });
  });

  it("stays where what comes is half of one, and is exchanged when the rest has come", async () => {
    const first = issue();
    await start(first.files);
    const next = issue();
    swap({ ...next.files, "tls.key": first.files["tls.key"] });
    await until(() => running.log().some(({ msg }) => /^reload failed/.test(String(msg))), "the failure");
    expect(await serves(first.ca, first.certificatePem)()).to.equal(true);
    swap(next.files);
    await until(serves(next.ca, next.certificatePem), "the whole of it");
  });
});
