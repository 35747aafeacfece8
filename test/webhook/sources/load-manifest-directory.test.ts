import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type DiagnosticsMessages, diagnosticsChannel } from "../../../src/diagnostics.ts";
import type { CountersignError } from "../../../src/errors.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import {
  type LoadManifestDirectoryOptions,
  loadManifestDirectory,
} from "../../../src/webhook/sources/load-manifest-directory.ts";
import type { LiveWebhookConfigurationSource } from "../../../src/webhook/sources/webhook-configuration-source.ts";
import { rejectionOf } from "../../rejection.ts";
import { until } from "../../until.ts";

type Kind = "Validating" | "Mutating";

/** As one would write it, with nothing that is defaulted. */
const manifest = (name: string, kind: Kind = "Validating", more = ""): string => `
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}WebhookConfiguration
metadata:
  name: ${name}.static.k8s.io
webhooks:
  - name: v.example.com
    clientConfig:
      url: https://h.example/v
    rules:
      - {operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}
    sideEffects: None
    admissionReviewVersions: [v1]
${more}`;

const list = (...items: readonly object[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "List", items });
const object = (name: string) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: `${name}.static.k8s.io` },
});

describe("loadManifestDirectory", () => {
  let directory: string;
  let source: LiveWebhookConfigurationSource | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "countersign-manifests-"));
  });
  afterEach(() => {
    source?.close();
    source = undefined;
    rmSync(directory, { recursive: true });
  });

  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  const load = async (options: Partial<LoadManifestDirectoryOptions> = {}) => {
    source = await loadManifestDirectory({ directory, ...options });
    return source;
  };
  const names = (): string =>
    (source?.configurations() ?? [])
      .map(({ metadata: { name = "" } }) => name.replace(".static.k8s.io", ""))
      .join(" ");
  const faultsOf = async (options: Partial<LoadManifestDirectoryOptions> = {}): Promise<string[]> => {
    const error: CountersignError = await rejectionOf(load(options));
    expect(error).to.include({ code: "ERR_CONFIGURATION" });
    return error.message.replaceAll(`${directory}/`, "").split("\n");
  };
  const faultOfOne = async (text: string): Promise<string> => {
    write("a.yaml", text);
    const [fault, ...more] = await faultsOf();
    expect(more).to.deep.equal([]);
    return fault!;
  };

  it("reads .yaml, .yml and .json of any number of documents, and nothing else", async () => {
    write("b.yaml", `${manifest("one")}---\n${manifest("two")}---\n# nothing\n---\n`);
    write("a.YML", manifest("three"));
    write("c.json", JSON.stringify(object("four")));
    write("notes.txt", "what: is this");
    write("empty.yaml", "");
    mkdirSync(join(directory, "folder.yaml"));
    await load();
    expect(names()).to.equal("four one three two");
  });

  it("takes a v1 List apart, Lists in it too", async () => {
    write("a.json", list(object("b"), JSON.parse(list(object("a")))));
    await load();
    expect(names()).to.equal("a b");
  });

  it("shows validating configurations before mutating ones, each by name in byte order", async () => {
    write("a.yaml", [manifest("b"), manifest("a", "Mutating"), manifest("a-1"), manifest("a")].join("---\n"));
    await load();
    expect(names()).to.equal("a-1 a b a");
  });

  it("is an empty source for an empty folder", async () => {
    await load();
    expect(source?.configurations()).to.deep.equal([]);
    expect(source?.synced).to.equal(true);
    await source?.ready();
  });

  it("fills in what an API server would", async () => {
    write("a.yaml", manifest("a"));
    write("b.yaml", manifest("b", "Mutating"));
    await load();
    const [validating, mutating] = source!.configurations();
    expect(validating?.webhooks?.[0]).to.include({
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      timeoutSeconds: 10,
    });
    expect(validating?.webhooks?.[0]?.rules?.[0]?.scope).to.equal("*");
    expect(validating?.webhooks?.[0]).to.not.have.property("reinvocationPolicy");
    expect(mutating?.webhooks?.[0]).to.include({ reinvocationPolicy: "Never" });
  });

  it("takes what is null for what is not there, as Go does", async () => {
    write("a.yaml", manifest("a", "Validating", "    timeoutSeconds: null\n    matchConditions: null\n"));
    await load();
    expect(source?.configurations()[0]?.webhooks?.[0]?.timeoutSeconds).to.equal(10);
  });

  it("keeps clientConfig.authenticationSource, and carries the annotation out", async () => {
    write("a.yaml", manifest("a").replace("url:", "authenticationSource: {tokenRequest: {}}\n      url:"));
    write(
      "b.yaml",
      manifest("b").replace(
        "metadata:",
        `metadata:\n  annotations: {countersign.dev/authentication-source: '{"v.example.com":{"tokenRequest":{}}}'}`,
      ),
    );
    await load();
    for (const { webhooks } of source!.configurations())
      expect(webhooks?.[0]?.clientConfig.authenticationSource).to.deep.equal({ tokenRequest: {} });
  });

  it("cannot be changed by whoever reads it", async () => {
    write("a.yaml", manifest("a"));
    await load();
    expect(source?.configurations()).to.be.frozen;
    expect(source?.configurations()[0]?.webhooks?.[0]?.clientConfig).to.be.frozen;
  });

  describe("refuses, naming file, line and field,", () => {
    const insert = (line: string): string => manifest("a", "Validating", `    ${line}\n`);
    const replaced = (what: string, by: string): string => manifest("a").replace(what, by);
    const url = "url: https://h.example/v";
    for (const [what, text, fault] of [
      [
        "a name without the suffix",
        replaced(".static.k8s.io", ".example.com"),
        /^a.yaml:5:9: metadata.name: must end with ".static.k8s.io"$/,
      ],
      [
        "no name",
        replaced("name: a.static.k8s.io", "labels: {}"),
        /^a.yaml:5:3: metadata.name: is required$/,
      ],
      [
        "an unknown field",
        insert("timeoutSecond: 3"),
        /^a.yaml:14:5: webhooks\[0\].timeoutSecond: unknown field \(did you mean timeoutSeconds\?\)$/,
      ],
      [
        "a field of mutating webhooks in a validating one",
        insert("reinvocationPolicy: Never"),
        /reinvocationPolicy: unknown field/,
      ],
      ["a field that stands twice", insert("sideEffects: None"), /^a.yaml:14:5: .*twice/],
      ["a wrong type", insert('timeoutSeconds: "3"'), /timeoutSeconds: must be a .*number, not a string$/],
      ["a timeout out of bounds", insert("timeoutSeconds: 31"), /timeoutSeconds: must be at most 30$/],
      [
        "a failurePolicy that there is not",
        insert("failurePolicy: Deny"),
        /failurePolicy: must be one of Ignore, Fail, not "Deny"$/,
      ],
      [
        "a Service",
        replaced(url, "service: {namespace: ns, name: svc}"),
        /^a.yaml:9:16: webhooks\[0\].clientConfig.service: is not for static manifests: use url$/,
      ],
      [
        "a Service beside a URL",
        replaced(url, `${url}\n      service: {namespace: ns, name: svc}`),
        /clientConfig.service: is not for static manifests/,
      ],
      ["no URL", replaced(url, "caBundle: ''"), /clientConfig.url: is required in static manifests$/],
      ["a URL without https", replaced("https:", "http:"), /clientConfig.url: "http" is not https/],
      [
        "a URL with a user",
        replaced("h.example", "u:p@h.example"),
        /clientConfig.url: user information is not permitted$/,
      ],
      ["a URL with a query", replaced("/v\n", "/v?x=1\n"), /clientConfig.url: a query is not permitted$/],
      ["a URL without a host", replaced("h.example", ""), /clientConfig.url: names no host/],
      [
        "a CA bundle that is none",
        replaced(url, `${url}\n      caBundle: c2VjcmV0`),
        /clientConfig.caBundle: must be certificates in PEM, in base64$/,
      ],
      [
        "an unknown authentication source",
        replaced(url, `${url}\n      authenticationSource: {tokenRequest: {}, tokenFile: /t}`),
        /authenticationSource.tokenFile: unknown field/,
      ],
      [
        "an authentication source that is empty",
        replaced(url, `${url}\n      authenticationSource: {}`),
        /authenticationSource: names no source: write tokenRequest: \{\}$/,
      ],
      [
        "a webhook's name of two segments",
        replaced("v.example.com", "example.com"),
        /webhooks\[0\].name: must be a domain of at least three segments$/,
      ],
      [
        "side effects that a dry run must not have",
        replaced("None", "Unknown"),
        /sideEffects: must be one of None, NoneOnDryRun/,
      ],
      ["no side effects said", replaced("    sideEffects: None\n", ""), /sideEffects: is required$/],
      [
        "review versions that nobody speaks",
        replaced("[v1]\n", "[v2]\n"),
        /admissionReviewVersions: must hold v1 or v1beta1$/,
      ],
      ["a rule of nothing", replaced("[pods]", "[]"), /rules\[0\].resources: must not be empty$/],
      [
        "a rule of all and something",
        replaced("[CREATE]", '["*", CREATE]'),
        /rules\[0\].operations: must hold nothing else where it holds \*$/,
      ],
      [
        "a selector that is none",
        insert("objectSelector: {matchExpressions: [{key: a, operator: Like}]}"),
        /matchExpressions\[0\].operator: must be one of In, NotIn/,
      ],
      [
        "a selector without its values",
        insert("objectSelector: {matchExpressions: [{key: a, operator: In}]}"),
        /matchExpressions\[0\].values: In needs values$/,
      ],
      [
        "match conditions of one name",
        insert("matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]"),
        /matchConditions\[1\].name: stands in this list already$/,
      ],
      [
        "a wrong annotation",
        replaced("metadata:", "metadata:\n  annotations: {countersign.dev/authentication-source: '{'}"),
        /^a.yaml:5:\d+: metadata.annotations.*: ValidatingWebhookConfiguration "a.static.k8s.io", annotation .* is not JSON$/,
      ],
      [
        "another kind of object",
        "apiVersion: v1\nkind: Pod\n",
        /^a.yaml:2:7: kind: must be ValidatingWebhookConfiguration or MutatingWebhookConfiguration$/,
      ],
      ["an object of no kind", "a: b\n", /^a.yaml:1:1: kind: must be/],
      [
        "an older version",
        replaced("/v1\n", "/v1beta1\n"),
        /^a.yaml:2:13: apiVersion: must be admissionregistration.k8s.io\/v1, not/,
      ],
      ["what is no YAML", "a: [\n", /^a.yaml:\d+:\d+: /],
      ["a text", "hello\n", /^a.yaml:1:1: kind: must be/],
    ] as const)
      it(what, async () => expect(await faultOfOne(text)).to.match(fault));

    it("a fault in an item of a List", async () => {
      write("a.json", list(object("a"), { ...object("b"), metadata: { name: "b" } }));
      expect(await faultsOf()).to.deep.equal([
        'a.json:1:277: items[1].metadata.name: must end with ".static.k8s.io"',
      ]);
    });

    it("names that were given already, in whatever file", async () => {
      write("a.yaml", manifest("same"));
      write("b.yaml", `${manifest("same", "Mutating")}---\n${manifest("same")}`);
      const [fault, ...more] = await faultsOf();
      expect(more).to.deep.equal([]);
      expect(fault).to.equal(
        `b.yaml:19:9: metadata.name: is the name of another one in ${directory}/a.yaml`.replaceAll(
          `${directory}/`,
          "",
        ),
      );
    });

    it("a kind that was not asked for", async () => {
      write("a.yaml", manifest("a", "Mutating"));
      expect(await faultsOf({ kinds: ["ValidatingWebhookConfiguration"] })).to.deep.equal([
        "a.yaml:3:7: kind: must be ValidatingWebhookConfiguration",
      ]);
    });

    it("every fault of every file at once", async () => {
      write("b.yaml", manifest("b", "Validating", "    x: 1\n    timeoutSeconds: 0\n"));
      write("a.yaml", `kind: Pod\n---\n${manifest("a").replace(".static.k8s.io", "")}`);
      const [count, ...faults] = await faultsOf();
      expect(count).to.equal("4 faults in the configuration");
      expect(faults.map((fault) => fault.split(": ").slice(0, 2).join(" "))).to.deep.equal([
        "a.yaml:1:7 kind",
        "a.yaml:7:9 metadata.name",
        "b.yaml:14:5 webhooks[0].x",
        "b.yaml:15:21 webhooks[0].timeoutSeconds",
      ]);
    });

    it("a folder that is none, and a file that cannot be read", async () => {
      symlinkSync(join(directory, "nowhere"), join(directory, "a.yaml"));
      expect(await faultsOf()).to.match(/^cannot read a.yaml: ENOENT/);
      const error = await rejectionOf(load({ directory: join(directory, "none") }));
      expect(error.message).to.match(/^cannot read .*none: ENOENT/);
    });
  });

  it("accepts a CA bundle that is one", async () => {
    const ca = Buffer.from(createCertificateAuthority().certificatePem).toString("base64");
    write("a.yaml", manifest("a").replace("url:", `caBundle: ${ca}\n      url:`));
    await load();
    expect(source?.configurations()[0]?.webhooks?.[0]?.clientConfig.caBundle).to.equal(ca);
  });

  describe("while it is read", () => {
    const messages: string[] = [];
    const manifests: DiagnosticsMessages["countersign:manifests"][] = [];
    const onReload = (message: unknown): void => {
      const { what, file, outcome } = message as DiagnosticsMessages["countersign:reload"];
      messages.push(`${what} ${file.replace(directory, "directory")} ${outcome}`);
    };
    const onManifests = (message: unknown): void =>
      void manifests.push(message as DiagnosticsMessages["countersign:manifests"]);
    const reloads = diagnosticsChannel("countersign:reload");
    const reads = diagnosticsChannel("countersign:manifests");
    beforeEach(() => {
      messages.length = 0;
      manifests.length = 0;
      reloads.subscribe(onReload);
      reads.subscribe(onManifests);
    });
    afterEach(() => {
      reloads.unsubscribe(onReload);
      reads.unsubscribe(onManifests);
    });

    it("sees files that come, change and go, and tells of it once it shows it", async () => {
      write("a.yaml", manifest("a"));
      await load();
      const shown: string[] = [];
      source?.onChange(() => void shown.push(names()));
      write("b.yaml", manifest("b"));
      await until(() => names() === "a b");
      write("b.yaml", manifest("c"));
      await until(() => names() === "a c");
      rmSync(join(directory, "a.yaml"));
      await until(() => names() === "c");
      expect(shown).to.deep.equal(["a b", "a c", "c"]);
      expect(messages.at(-1)).to.equal("manifests directory reloaded");
    });

    it("sees a mounted ConfigMap exchanged", async () => {
      for (const name of ["one", "two"]) {
        mkdirSync(join(directory, `..${name}`));
        writeFileSync(join(directory, `..${name}`, "a.yaml"), manifest(name));
      }
      symlinkSync("..one", join(directory, "..data"));
      symlinkSync("..data/a.yaml", join(directory, "a.yaml"));
      await load();
      expect(names()).to.equal("one");
      symlinkSync("..two", join(directory, "..new"));
      renameSync(join(directory, "..new"), join(directory, "..data"));
      await until(() => names() === "two");
    });

    it("looks by itself where the system tells nothing", async () => {
      const elsewhere = join(directory, "elsewhere");
      mkdirSync(elsewhere);
      writeFileSync(join(elsewhere, "file"), manifest("a"));
      symlinkSync(join(elsewhere, "file"), join(directory, "a.yaml"));
      await load({ pollIntervalMs: 20 });
      writeFileSync(join(elsewhere, "file"), manifest("b"));
      await until(() => names() === "b");
    });

    it("keeps the set that was good while anything is wrong, and says so", async () => {
      write("a.yaml", manifest("a"));
      write("b.yaml", manifest("b"));
      await load();
      const before = source?.configurations();
      rmSync(join(directory, "a.yaml"));
      write("b.yaml", "a: [");
      await until(() => messages.includes("manifests directory failed"));
      expect(source?.configurations()).to.equal(before);
      write("b.yaml", manifest("b"));
      await until(() => names() === "b");
    });

    it("keeps a configuration that is still the same the same object, and the array where all are", async () => {
      write("a.yaml", manifest("a"));
      write("b.yaml", manifest("b"));
      await load();
      const before = source!.configurations();
      let told = 0;
      source?.onChange(() => void told++);
      write("b.yaml", `# a comment\n${manifest("b")}`);
      await until(() => messages.length === 1);
      expect(source?.configurations()).to.equal(before);
      expect(told).to.equal(0);
      write("b.yaml", manifest("b", "Mutating"));
      await until(() => told === 1);
      expect(source?.configurations()[0]).to.equal(before[0]);
    });

    it("publishes for each plugin what was read, with kube-apiserver's hash of it", async () => {
      write("b.yaml", manifest("b"));
      write("a.yaml", manifest("a"));
      await load();
      const hash = createHash("sha256")
        .update(`${manifest("a")}\0${manifest("b")}\0`)
        .digest("hex");
      const success = { directory, status: "success", hash: `sha256:${hash}` };
      expect(manifests).to.deep.equal([
        { ...success, plugin: "ValidatingAdmissionWebhook" },
        { ...success, plugin: "MutatingAdmissionWebhook" },
      ]);
      write("a.yaml", "a: [");
      await until(() => manifests.length === 4);
      expect(manifests[3]).to.include({ status: "failure", plugin: "MutatingAdmissionWebhook" });
      expect(manifests[3]?.detail).to.match(/a\.yaml:/);
    });

    it("reads nothing more once it is closed", async () => {
      write("a.yaml", manifest("a"));
      await load({ pollIntervalMs: 5 });
      const closed = source!;
      closed.close();
      write("a.yaml", manifest("b"));
      // another one sees the change: what would see it in the first one would have, too
      await load({ pollIntervalMs: 5 });
      write("a.yaml", manifest("c"));
      await until(() => names() === "c");
      expect(closed.configurations()[0]?.metadata.name).to.equal("a.static.k8s.io");
    });
  });
});
