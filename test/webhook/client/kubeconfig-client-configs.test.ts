import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseKubeconfig } from "../../../src/kubeconfig/parse-kubeconfig.ts";
import type { ClientConfig } from "../../../src/webhook/client/client-config.ts";
import { createKubeconfigClientConfigs } from "../../../src/webhook/client/kubeconfig-client-configs.ts";
import { rejectionOf } from "../../rejection.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const certificatePem = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
const keyPem = "-----BEGIN PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----\n";
const certificateData = {
  "client-certificate-data": base64(certificatePem),
  "client-key-data": base64(keyPem),
};
const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "/nonexistent" };

/** What is presented, secrets revealed. */
interface Presented {
  readonly token?: string;
  readonly basic?: string;
  readonly certificate?: string;
  readonly impersonate?: object;
}

interface Row {
  readonly name: string;
  readonly user: object;
  readonly presented: Presented;
  /** Where a token is requested in place of what would stand in Authorization. */
  readonly withoutBearer?: Presented;
}

/** What kubernetes/apiserver's restConfigFromKubeconfig makes of a user, row by row. */
const rows: readonly Row[] = [
  { name: "nothing", user: {}, presented: {} },
  { name: "a token", user: { token: "inline" }, presented: { token: "inline" } },
  {
    name: "a token file, relative to the kubeconfig",
    user: { tokenFile: "token" },
    presented: { token: "file" },
  },
  {
    name: "a token and a token file: the file, as it can be read",
    user: { token: "inline", tokenFile: "token" },
    presented: { token: "file" },
  },
  {
    name: "a token and a token file that is missing: the token",
    user: { token: "inline", tokenFile: "gone" },
    presented: { token: "inline" },
  },
  {
    name: "username and password",
    user: { username: "jane", password: "p4ss" },
    presented: { basic: "jane:p4ss" },
  },
  { name: "a password alone", user: { password: "p4ss" }, presented: { basic: ":p4ss" } },
  {
    name: "impersonation, whole",
    user: {
      ...{ token: "foo", as: "user-a", "as-uid": "user-a-uid-1111" },
      "as-groups": ["user-a-group1", "user-a-group2"],
      "as-user-extra": { foo: ["bar", "baz", "etc"] },
    },
    presented: {
      token: "foo",
      impersonate: {
        ...{ user: "user-a", uid: "user-a-uid-1111", groups: ["user-a-group1", "user-a-group2"] },
        extra: { foo: ["bar", "baz", "etc"] },
      },
    },
    withoutBearer: {
      impersonate: {
        ...{ user: "user-a", uid: "user-a-uid-1111", groups: ["user-a-group1", "user-a-group2"] },
        extra: { foo: ["bar", "baz", "etc"] },
      },
    },
  },
  {
    name: "groups to impersonate, but no user: nobody",
    user: { "as-uid": "u", "as-groups": ["g"] },
    presented: {},
  },
  {
    name: "a certificate in the kubeconfig",
    user: certificateData,
    presented: { certificate: certificatePem },
    withoutBearer: { certificate: certificatePem },
  },
  {
    name: "a certificate in files beside the kubeconfig",
    user: { "client-certificate": "tls.crt", "client-key": "tls.key" },
    presented: { certificate: certificatePem },
    withoutBearer: { certificate: certificatePem },
  },
  {
    name: "a certificate and a token file",
    user: { ...certificateData, tokenFile: "token" },
    presented: { certificate: certificatePem, token: "file" },
    withoutBearer: { certificate: certificatePem },
  },
  {
    name: "a token and an exec stanza: the token, without a word",
    user: { token: "inline", exec },
    presented: { token: "inline" },
  },
  {
    name: "a certificate and an exec stanza: the certificate, without a word",
    user: { ...certificateData, exec },
    presented: { certificate: certificatePem },
    withoutBearer: { certificate: certificatePem },
  },
];

/** What cannot be used, and what of it does not matter where a token is requested. */
const faults: readonly (readonly [name: string, user: object, fault: RegExp, matters: boolean])[] = [
  [
    "a token file alone that is missing",
    { tokenFile: "gone" },
    /tokenFile: .*gone cannot be read \(ENOENT\)/,
    false,
  ],
  ["a token file alone that is empty", { tokenFile: "empty" }, /tokenFile: .*empty is empty/, false],
  [
    "a password beside a token",
    { username: "u", token: "t" },
    /username\/password or bearer token may be set, but not both/,
    false,
  ],
  ["an exec stanza", { exec }, /exec plugins are not run here/, false],
  ["an auth provider", { "auth-provider": { name: "oidc" } }, /auth providers are not supported/, true],
  ["a certificate without its key", { "client-certificate": "tls.crt" }, /client-key: is missing/, true],
  [
    "a certificate file that is missing",
    { "client-certificate": "gone" },
    /client-certificate: .*ENOENT/,
    true,
  ],
];

describe("kubeconfig client configs", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-users-"));
    const files = { token: "file\n", empty: "\n", "tls.crt": certificatePem, "tls.key": keyPem };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  });
  after(() => rm(folder, { recursive: true }));

  const configsOf = (user: object) => {
    const text = JSON.stringify({ users: [{ name: "foo.com", user }] });
    return createKubeconfigClientConfigs({ kubeconfig: parseKubeconfig(text, join(folder, "kubeconfig")) });
  };
  async function presented(config: ClientConfig): Promise<Presented> {
    const { token, basic, clientCertificate, impersonate } = config;
    const read = await token?.token();
    return {
      ...(read === undefined ? {} : { token: read.token.reveal() }),
      ...(basic === undefined ? {} : { basic: `${basic.username}:${basic.password.reveal()}` }),
      ...(clientCertificate === undefined ? {} : { certificate: clientCertificate.certificate }),
      ...(impersonate === undefined ? {} : { impersonate }),
    };
  }

  for (const { name, user, presented: expected, withoutBearer = {} } of rows)
    it(`of a user with ${name}`, async () => {
      const configs = configsOf(user);
      expect(await presented(await configs.find("foo.com:443"))).to.deep.equal(expected);
      expect(await presented(await configs.find("foo.com:443", true))).to.deep.equal(withoutBearer);
      expect(await presented(await configs.find("foo.com:443"))).to.deep.equal(expected);
    });

  for (const [name, user, fault, matters] of faults)
    it(`of a user with ${name}: none, ${matters ? "at all" : "unless a token is requested in its place"}`, async () => {
      const configs = configsOf(user);
      const find = async (tokenIsRequested: boolean) => configs.find("foo.com:443", tokenIsRequested);
      const error = await rejectionOf(find(false));
      expect(error.code).to.equal("ERR_KUBECONFIG");
      expect(error.message).to.match(fault);
      if (matters) expect((await rejectionOf(find(true))).message).to.match(fault);
      else expect(await presented(await find(true))).to.deep.equal({});
    });

  it("remembers what could be loaded, and looks again where it could not", async () => {
    const configs = configsOf({ tokenFile: "late" });
    await rejectionOf((async () => configs.find("foo.com:443"))());
    await writeFile(join(folder, "late"), "there");
    const loaded = await configs.find("foo.com:443");
    expect(configs.find("foo.com:443")).to.equal(loaded);
  });
});
