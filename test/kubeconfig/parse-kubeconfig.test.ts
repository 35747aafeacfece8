import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { stringify } from "yaml";
import { CountersignError } from "../../src/errors.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse-kubeconfig.ts";

const file = "/etc/countersign/kube.config";

function faultOf(text: string): string {
  try {
    parseKubeconfig(text, file);
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError).and.include({ code: "ERR_KUBECONFIG" });
    return (error as Error).message;
  }
  return "no fault";
}

describe("parse kubeconfig", () => {
  it("reads clusters, users and contexts by name", () => {
    const config = parseKubeconfig(
      `apiVersion: v1
kind: Config
preferences: {}
current-context: admin@kind
clusters:
- name: kind
  cluster: {server: "https://127.0.0.1:6443", tls-server-name: kube, insecure-skip-tls-verify: false, certificate-authority-data: QQ==}
users:
- name: admin
  user: {token: t, as: jane, as-uid: "7", as-groups: [a, b], as-user-extra: {scopes: [x]}}
- name: "*"
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/plugin, args: [a], env: [{name: K, value: V}], interactiveMode: Never, provideClusterInfo: true}
contexts:
- name: admin@kind
  context: {cluster: kind, user: admin, namespace: apps}
`,
      file,
    );
    expect(config["current-context"]).to.equal("admin@kind");
    expect(config.clusters.get("kind")).to.include({
      server: "https://127.0.0.1:6443",
      "tls-server-name": "kube",
    });
    expect(config.contexts.get("admin@kind")).to.deep.equal({
      cluster: "kind",
      user: "admin",
      namespace: "apps",
    });
    const admin = config.users.get("admin")!;
    expect(admin.token?.reveal()).to.equal("t");
    expect(admin).to.include({ as: "jane", "as-uid": "7" });
    expect(admin["as-groups"]).to.deep.equal(["a", "b"]);
    expect({ ...admin["as-user-extra"] }).to.deep.equal({ scopes: ["x"] });
    expect(config.users.get("*")?.exec).to.deep.include({
      command: "/etc/countersign/bin/plugin",
      args: ["a"],
      env: [{ name: "K", value: "V" }],
      interactiveMode: "Never",
      provideClusterInfo: true,
    });
  });

  it("resolves relative paths against the folder of the file, and leaves a bare command to PATH", () => {
    const config = parseKubeconfig(
      `clusters: [{name: c, cluster: {certificate-authority: pki/ca.crt}}]
users:
- {name: u, user: {client-certificate: pki/a.crt, client-key: /abs/a.key, tokenFile: ../token}}
- {name: e, user: {exec: {command: plugin}}}
`,
      file,
    );
    expect(config.clusters.get("c")?.["certificate-authority"]).to.equal("/etc/countersign/pki/ca.crt");
    expect(config.users.get("u")).to.include({
      "client-certificate": "/etc/countersign/pki/a.crt",
      "client-key": "/abs/a.key",
      tokenFile: "/etc/token",
    });
    expect(config.users.get("e")?.exec?.command).to.equal("plugin");
  });

  it("takes an empty file, and null members, for an empty kubeconfig", () => {
    for (const text of ["", "# nothing", "{}", "clusters: null\nusers:\n", '{"kind":"Config"}'])
      expect(parseKubeconfig(text, file).users.size, text).to.equal(0);
  });

  it("lets fields pass that it does not know", () => {
    expect(faultOf("extensions: [1]\nusers: [{name: u, user: {future: {a: 1}}}]")).to.equal("no fault");
  });

  const faults: readonly (readonly [string, RegExp])[] = [
    ["users: {}", /kube\.config:1: users: must be a list, is a mapping/],
    ["users:\n- user: {}", /:2: users\[0\]: name is required/],
    ["users:\n- name: a\n- name: a", /:3: users\[1\]\.name: "a" stands twice in users/],
    [
      "users:\n- name: a\n  user:\n    token: 12",
      /:4: users\[0\]\.user\.token: must be a string, is a number/,
    ],
    ["users: [{name: a, user: {as-groups: [1]}}]", /users\[0\]\.user\.as-groups\[0\]: must be a string/],
    ["users: [{name: a, user: {as-user-extra: {k: v}}}]", /as-user-extra\.k: must be a list/],
    [
      "clusters: [{name: a, cluster: {insecure-skip-tls-verify: 'no'}}]",
      /must be true or false, is a string/,
    ],
    ["- a", /kube\.config:1: must be a mapping, is a list/],
    ["kind: Pod", /kind: must be Config/],
    ["a: [", /kube\.config:1: /],
    ["users: []\nusers: []", /kube\.config:2: .*unique/],
    ["a: *nowhere", /kube\.config: .*nowhere/],
  ];
  for (const [text, message] of faults)
    it(`names file, line and field for ${JSON.stringify(text)}`, () => {
      expect(faultOf(text)).to.match(message);
    });

  it("keeps tokens, passwords and keys out of what is printed", () => {
    const text = "users: [{name: u, user: {token: s3cret, password: s3cret, client-key-data: s3cret}}]";
    const config = parseKubeconfig(text, file);
    expect(inspect(config, { depth: 9 }) + JSON.stringify([...config.users])).to.not.include("s3cret");
  });

  it("does not show a token in the message of a fault", () => {
    expect(faultOf("users: [{name: u, user: {token: s3cret, password: [s3cret]}}]")).to.not.include("s3cret");
  });

  it("reads what was written, for any names and values", () => {
    const text = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(fc.uniqueArray(text), text, text, (names, token, path) => {
        const written = stringify({
          users: names.map((name) => ({ name, user: { token, tokenFile: path } })),
        });
        const { users } = parseKubeconfig(written, file);
        expect([...users.keys()]).to.deep.equal(names);
        for (const user of users.values()) {
          expect(user.token?.reveal()).to.equal(token);
          expect(user.tokenFile).to.equal(
            path.startsWith("/") ? path : join("/etc/countersign", path).replace(/(.)\/$/, "$1"),
          );
        }
      }),
    );
  });

  it("either reads a hostile file or says where it is wrong", () => {
    const anything = fc.anything({ maxDepth: 4, withNullPrototype: false });
    const document = fc.record(
      {
        clusters: anything,
        users: anything,
        contexts: anything,
        kind: anything,
        "current-context": anything,
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string(),
      document.map((value) => JSON.stringify(value)),
      fc
        .array(document)
        .map((users) => JSON.stringify({ users: users.map((user) => ({ name: "n", user })) })),
    );
    fc.assert(
      fc.property(text, (written) => {
        const message = faultOf(written);
        if (message !== "no fault") expect(message).to.include("kube.config");
      }),
    );
  });
});
