import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { KubeconfigUser } from "../../src/kubeconfig/kubeconfig.ts";
import { loadUserCredentials } from "../../src/kubeconfig/user-credentials.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";

const certificate = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
const key = "-----BEGIN PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----\n";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const exec = { command: "plugin", args: [], env: [] };

describe("user credentials", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-user-"));
    await writeFile(join(folder, "token"), "from-file\n");
    await writeFile(join(folder, "empty"), "\n");
    await writeFile(join(folder, "tls.crt"), certificate);
    await writeFile(join(folder, "tls.key"), key);
  });
  after(() => rm(folder, { recursive: true }));

  const load = (user: KubeconfigUser) => loadUserCredentials("foo.com", user);
  const faultOf = (user: KubeconfigUser) => rejectionOf(load(user));

  it("has nothing where the user has nothing", async () => {
    expect(await load({})).to.deep.equal({});
  });

  it("takes the token as it stands and carries the token file along", async () => {
    const credentials = await load({ token: new Secret("inline"), tokenFile: join(folder, "missing") });
    expect(credentials.token?.reveal()).to.equal("inline");
    expect(credentials.tokenFile).to.equal(join(folder, "missing"));
  });

  it("reads a lone token file now", async () => {
    const credentials = await load({ tokenFile: join(folder, "token") });
    expect(credentials.token?.reveal()).to.equal("from-file");
  });

  it("fails for a lone token file that is missing or empty", async () => {
    expect((await faultOf({ tokenFile: join(folder, "missing") })).message).to.match(
      /^user "foo\.com": tokenFile: .*missing cannot be read \(ENOENT\)$/,
    );
    expect((await faultOf({ tokenFile: join(folder, "empty") })).message).to.match(/is empty/);
  });

  it("copies impersonation whole, and drops it where `as` is missing", async () => {
    const rest = {
      "as-uid": "user-a-uid-1111",
      "as-groups": ["g1", "g2"],
      "as-user-extra": { foo: ["bar", "baz"] },
    };
    expect((await load({ as: "user-a", ...rest })).impersonate).to.deep.equal({
      user: "user-a",
      uid: "user-a-uid-1111",
      groups: ["g1", "g2"],
      extra: { foo: ["bar", "baz"] },
    });
    expect(await load(rest)).to.deep.equal({});
  });

  it("joins a client certificate with a token", async () => {
    const credentials = await load({
      token: new Secret("inline"),
      "client-certificate-data": base64(certificate),
      "client-key-data": new Secret(base64(key)),
    });
    expect(credentials.clientCertificate?.certificate).to.equal(certificate);
    expect(credentials.clientCertificate?.key.reveal()).to.equal(key);
    expect(credentials.token?.reveal()).to.equal("inline");
  });

  it("reads certificate and key from files, and prefers data to them", async () => {
    const files = { "client-certificate": join(folder, "tls.crt"), "client-key": join(folder, "tls.key") };
    expect((await load(files)).clientCertificate?.certificate).to.equal(certificate);
    const other = `${certificate}\n`;
    const data = { "client-certificate-data": base64(other), "client-certificate": "/none" };
    expect((await load({ ...files, ...data })).clientCertificate?.certificate).to.equal(other);
  });

  it("names the half of a key pair that is missing, and what is no PEM", async () => {
    expect((await faultOf({ "client-certificate": join(folder, "tls.crt") })).message).to.match(
      /client-key: is missing/,
    );
    expect((await faultOf({ "client-key": join(folder, "tls.key") })).message).to.match(
      /client-certificate: is missing/,
    );
    expect((await faultOf({ "client-certificate-data": "not base64" })).message).to.match(
      /client-certificate-data: is not base64 of PEM/,
    );
  });

  it("refuses basic auth beside a token, in upstream's words", async () => {
    const error = await faultOf({ username: "u", password: new Secret("p"), token: new Secret("t") });
    expect(error.message).to.match(/username\/password or bearer token may be set, but not both/);
    expect((await load({ username: "u", password: new Secret("p") })).basic).to.include({ username: "u" });
  });

  it("refuses an auth provider", async () => {
    expect((await faultOf({ "auth-provider": { name: "oidc" } })).message).to.match(/auth-provider/);
  });

  it("leaves exec out where anything static is set, as client-go does without a word", async () => {
    expect((await load({ exec })).exec).to.equal(exec);
    expect((await load({ exec, as: "jane" })).exec).to.equal(exec);
    expect((await load({ exec, token: new Secret("t") })).exec).to.equal(undefined);
    expect((await load({ exec, username: "u" })).exec).to.equal(undefined);
  });
});
