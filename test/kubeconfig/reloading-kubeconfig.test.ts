import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { diagnosticsChannel, type ReloadMessage } from "../../src/diagnostics.ts";
import {
  createReloadingKubeconfig,
  type ReloadingKubeconfig,
} from "../../src/kubeconfig/reloading-kubeconfig.ts";
import { loadUserCredentials } from "../../src/kubeconfig/user-credentials.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../rejection.ts";
import { createHeldFile } from "../rig/held-file.ts";
import { until } from "../until.ts";

const channel = diagnosticsChannel("countersign:reload");
const authority = createCertificateAuthority();

describe("reloading kubeconfig", () => {
  let folder: string;
  let kubeconfig: ReloadingKubeconfig | undefined;
  const messages: ReloadMessage[] = [];
  const listen = (message: unknown): void => void messages.push(message as ReloadMessage);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-reload-"));
    messages.length = 0;
    channel.subscribe(listen);
  });
  afterEach(async () => {
    channel.unsubscribe(listen);
    kubeconfig?.close();
    kubeconfig = undefined;
    await rm(folder, { recursive: true });
  });

  /** At once, as a careful writer does it. */
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, `.${name}`), text);
    await rename(join(folder, `.${name}`), join(folder, name));
  };
  const writeUsers = (...users: readonly object[]): Promise<void> =>
    write("config", JSON.stringify({ users }));
  const create = async (file = join(folder, "config")): Promise<ReloadingKubeconfig> => {
    const location = { files: [file], mustExist: true };
    // a poll no test waits for
    kubeconfig = await createReloadingKubeconfig({ location, pollIntervalMs: 3_600_000 });
    return kubeconfig;
  };
  const issue = async (commonName: string): Promise<{ certificatePem: string; keyPem: string }> => {
    const issued = authority.issue({ commonName });
    await write("tls.crt", issued.certificatePem);
    await write("tls.key", issued.keyPem);
    return issued;
  };
  const certificate = { name: "*", user: { "client-certificate": "tls.crt", "client-key": "tls.key" } };
  const presented = async ({ current }: ReloadingKubeconfig): Promise<string | undefined> =>
    (await loadUserCredentials("*", current.users.get("*")!)).clientCertificate?.certificate;

  it("has what the file has, and after a change what it has then, in another object", async () => {
    await writeUsers({ name: "a.example", user: { token: "one" } });
    const { current: first } = await create();
    expect(first.users.get("a.example")?.token?.reveal()).to.equal("one");
    await writeUsers({ name: "a.example", user: { token: "two" } }, { name: "b.example" });
    await until(() => kubeconfig!.current !== first);
    expect(kubeconfig!.current.users.get("a.example")?.token?.reveal()).to.equal("two");
    expect(messages).to.deep.equal([
      { what: "kubeconfig", file: join(folder, "config"), outcome: "reloaded" },
    ]);
  });

  it("stays the same object while nothing changes", async () => {
    await writeUsers({ name: "a.example" });
    const { current } = await create();
    await kubeconfig!.check();
    expect(kubeconfig!.current).to.equal(current);
    expect(messages).to.deep.equal([]);
  });

  for (const [what, text, detail] of [
    ["cannot be parsed", "users: [", /config:1: /],
    ["has a wrong type", "users: {}", /users: must be a list/],
    ["is empty", "", /users: there are none any more/],
  ] as const)
    it(`keeps the last good state where the file ${what}, and says so`, async () => {
      await writeUsers({ name: "a.example", user: { token: "one" } });
      const { current } = await create();
      await write("config", text);
      await kubeconfig!.check();
      expect(kubeconfig!.current).to.equal(current);
      expect(messages.at(-1)).to.include({ what: "kubeconfig", outcome: "failed" });
      expect(messages.at(-1)?.detail).to.match(detail);
    });

  it("keeps the last good state where the file is gone", async () => {
    await writeUsers({ name: "a.example" });
    const { current } = await create();
    await rm(join(folder, "config"));
    await kubeconfig!.check();
    expect(kubeconfig!.current).to.equal(current);
    expect(messages.at(-1)?.detail).to.match(/cannot be read \(ENOENT\)/);
  });

  it("reads certificate and key again when they change", async () => {
    await writeUsers(certificate);
    const first = await issue("one");
    await create();
    expect(await presented(kubeconfig!)).to.equal(first.certificatePem);
    const second = await issue("two");
    await until(async () => (await presented(kubeconfig!)) === second.certificatePem);
  });

  it("waits for the key that belongs to a new certificate", async () => {
    await writeUsers(certificate);
    const first = await issue("one");
    await create();
    const second = authority.issue({ commonName: "two" });
    await write("tls.crt", second.certificatePem);
    await kubeconfig!.check();
    expect(await presented(kubeconfig!)).to.equal(first.certificatePem);
    expect(messages.at(-1)?.detail).to.match(/tls\.key.* is not the key of the first certificate/);
    await write("tls.key", second.keyPem);
    await kubeconfig!.check();
    expect(await presented(kubeconfig!)).to.equal(second.certificatePem);
  });

  it("watches the files of a user that was added", async () => {
    await writeUsers({ name: "a.example" });
    await create();
    await issue("one");
    await writeUsers(certificate);
    await kubeconfig!.check();
    const second = await issue("two");
    await kubeconfig!.check();
    expect(await presented(kubeconfig!)).to.equal(second.certificatePem);
  });

  it("leaves a certificate that is wrong from the start to the call that needs it, and takes it when it is right", async () => {
    await writeUsers(certificate, { name: "a.example", user: { token: "one" } });
    await create();
    expect((await rejectionOf(presented(kubeconfig!))).message).to.match(/client-certificate: .*ENOENT/);
    await writeUsers(certificate, { name: "a.example", user: { token: "two" } });
    await kubeconfig!.check();
    expect(kubeconfig!.current.users.get("a.example")?.token?.reveal()).to.equal("two");
    const issued = await issue("one");
    await kubeconfig!.check();
    expect(await presented(kubeconfig!)).to.equal(issued.certificatePem);
  });

  it("misses no change that comes while it is read for the first time", async () => {
    const file = (...names: string[]): string => join(folder, ...names);
    const lead = async (name: string): Promise<void> => {
      await symlink(name, file(".certs"));
      await rename(file(".certs"), file("certs"));
    };
    const { certificatePem, keyPem } = authority.issue({ commonName: "one" });
    const stages = ["loaded", "looked", "loadedAgain", "lookedAgain"];
    for (const stage of [...stages, "quick"]) {
      await mkdir(file(stage));
      await writeFile(file(stage, "tls.key"), keyPem);
    }
    await writeFile(file("quick", "tls.crt"), certificatePem);
    const [load, look, loadAgain, lookAgain] = stages.map((stage) => createHeldFile(file(stage, "tls.crt")));
    const user = { "client-certificate": "../certs/tls.crt", "client-key": "../certs/tls.key" };
    const writeToken = (token: string): Promise<void> =>
      write(
        "conf/config",
        JSON.stringify({
          users: [
            { name: "*", user },
            { name: "a", user: { token } },
          ],
        }),
      );
    try {
      await mkdir(file("conf"));
      await mkdir(file(".conf"));
      await writeToken("one");
      await lead("loaded");
      const creating = create(file("conf", "config"));
      for (const [held, next] of [
        [load!, "looked"],
        [look!, "loadedAgain"],
      ] as const) {
        const reading = await held.read();
        await lead(next);
        await reading.say(certificatePem);
      }
      const reading = await loadAgain!.read();
      await lead("lookedAgain");
      await writeToken("two");
      const change = await lookAgain!.read();
      await lead("quick");
      await change.say(certificatePem);
      // time for whoever would overtake: far more than reading what has changed takes
      for (let turn = 0; turn < 100; turn++) await readFile(file("conf", "config"));
      await reading.say(certificatePem);
      await creating;
      await until(() => kubeconfig!.current.users.get("a")?.token?.reveal() === "two");
      await kubeconfig!.check();
      expect(kubeconfig!.current.users.get("a")?.token?.reveal()).to.equal("two");
    } finally {
      for (const held of [load, look, loadAgain, lookAgain]) held!.release();
    }
  });

  it("leaves data in the kubeconfig as it is", async () => {
    const { certificatePem, keyPem } = authority.issue({ commonName: "inline" });
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const data = { "client-certificate-data": base64(certificatePem), "client-key-data": base64(keyPem) };
    await writeUsers({ name: "*", user: { ...certificate.user, ...data } });
    expect(await presented(await create())).to.equal(certificatePem);
  });

  it("fails where the first load fails", async () => {
    expect((await rejectionOf(create())).code).to.equal("ERR_KUBECONFIG");
  });
});
