import { expect } from "chai";
import { stringify } from "yaml";
import { decodeLintInputs, liveConfiguration } from "../../../src/inspection/lint/decode-lint-inputs.ts";
import { lint } from "../../../src/inspection/lint/lint.ts";
import { parseLintDocuments } from "../../../src/inspection/lint/lint-document.ts";
import {
  admission,
  agent,
  clusterRole,
  findingsIn,
  findingsInTexts,
  gateway,
  kubeconfig,
  server,
  validating,
  webhookAdmission,
} from "./lint-rig.ts";

const decode = (...texts: readonly string[]) =>
  decodeLintInputs(texts.flatMap((text, index) => parseLintDocuments(text, `file-${index}.yaml`)));
const every = [
  validating(),
  kubeconfig({ a: {} }),
  server(),
  agent(),
  gateway(),
  admission(),
  webhookAdmission,
  clusterRole({}),
];

describe("decodeLintInputs", () => {
  it("knows each kind by what it says it is, in files of their own or in one", () => {
    for (const texts of [
      every.map((object) => stringify(object)),
      [every.map((one) => stringify(one)).join("---\n")],
    ]) {
      const { inputs, findings } = decode(...texts);
      expect(findings).to.deep.equal([]);
      const counts = Object.entries(inputs).map(([name, subjects]) => [name, subjects.length]);
      expect(Object.fromEntries(counts)).to.deep.equal({
        configurations: 1,
        kubeconfigs: 1,
        servers: 1,
        agents: 1,
        gateways: 1,
        admissions: 1,
        plugins: 1,
        roleRules: 1,
      });
    }
  });

  it("passes over what it knows nothing of, and says where there is nothing else", () => {
    const pod = stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } });
    expect(findingsInTexts(`${pod}---\n${stringify(validating())}`)).to.deep.equal([]);
    const [finding, ...others] = findingsInTexts(pod, stringify(validating()));
    expect(others).to.deep.equal([]);
    expect(finding).to.include({ severity: "warning", code: "nothing-to-lint", file: "file-0.yaml" });
  });

  it("names an unknown field with its line and the nearest known one, and judges the rest", () => {
    const found = findingsIn([validating({ failurePolcy: "Ignore", sideEffects: "Some" } as object)]);
    expect(found.map(({ code }) => code)).to.deep.equal(["field-unknown", "side-effects-unsupported"]);
    expect(found[0]).to.include({ severity: "error", field: "webhooks[0].failurePolcy" });
    expect(found[0]!.message).to.contain("did you mean failurePolicy?");
  });

  const wrong: Readonly<Record<string, readonly [unknown, string]>> = {
    "a list where an object is wanted": [{ ...validating(), webhooks: {} }, "webhooks"],
    "a number where a string is wanted": [
      validating({ clientConfig: { url: 443 } }),
      "webhooks[0].clientConfig.url",
    ],
    "a value that there is not": [validating({ failurePolicy: "ignore" }), "webhooks[0].failurePolicy"],
    "an older version of the API": [
      { ...validating(), apiVersion: "admissionregistration.k8s.io/v1beta1" },
      "apiVersion",
    ],
    "a Role whose verbs are no list": [clusterRole({ verbs: "attest" }), "rules[0].verbs"],
    "an admission configuration's path that is no text": [
      admission({ kubeConfigFile: 1 }),
      "plugins[0].configuration.kubeConfigFile",
    ],
  };
  for (const [name, [object, field]] of Object.entries(wrong))
    it(`says where ${name} stands`, () => {
      const found = findingsIn([object]).filter(({ code }) => code === "field-invalid");
      expect(found.map((finding) => finding.field)).to.include(field);
      expect(found[0]!.line).to.be.a("number");
    });

  it("takes null for absent, as an API server does", () => {
    const nulls = { namespaceSelector: null, timeoutSeconds: null, matchConditions: null };
    expect(
      findingsIn([validating(nulls), kubeconfig({ a: null })]).filter(({ severity }) => severity === "error"),
    ).to.deep.equal([]);
  });

  it("reads an unknown field of an AdmissionConfiguration where it stands", () => {
    const [finding] = findingsIn([admission({ kubeconfigFile: "/a" })]);
    expect(finding).to.include({
      code: "field-unknown",
      object: "AdmissionConfiguration",
      field: "plugins[0].configuration.kubeconfigFile",
    });
  });

  it("tells every fault of a ServerConfiguration at its line of the file, behind another document too", () => {
    const faulty = { ...server({ path: "/validate/" }), leeway: "soon" };
    const text = `${stringify(validating())}---\n${stringify(faulty)}`;
    const found = findingsInTexts(text).filter(({ code }) => code === "configuration-invalid");
    expect(found.map(({ field }) => field).sort()).to.deep.equal(["leeway", "webhooks[0].path"]);
    const lines = text.split("\n");
    for (const { line, field } of found) expect(lines[line! - 1]).to.contain(field.replace(/^.*\./, ""));
  });

  it("tells what is wrong with an AgentConfiguration as a whole", () => {
    const [finding] = findingsIn([agent({ tokenFiles: [] })]);
    expect(finding).to.include({ code: "configuration-invalid", object: "AgentConfiguration" });
    expect(finding!.message).to.contain("socket and tokenFiles");
  });

  it("tells what keeps a kubeconfig from being read, at its line", () => {
    const [finding] = findingsInTexts(
      "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user: {token: [1]}\n",
    );
    expect(finding).to.include({ severity: "error", code: "kubeconfig-invalid", line: 5 });
  });

  it("reads a List as kubectl prints one", () => {
    const list = {
      apiVersion: "v1",
      kind: "List",
      items: [validating(), validating({ sideEffects: "Some" })],
    };
    const [finding, ...others] = findingsIn([list]);
    expect(finding).to.include({ code: "side-effects-unsupported" });
    expect(others.map(({ code }) => code)).to.not.include("field-unknown");
  });

  it("tells what is no YAML, and judges the other files", () => {
    const found = findingsInTexts("a: [", stringify(validating({ sideEffects: "Some" })));
    expect(found.map(({ code, file }) => [code, file])).to.deep.equal([
      ["syntax", "file-0.yaml"],
      ["side-effects-unsupported", "file-1.yaml"],
    ]);
  });

  it("makes no line and no file of what a cluster has", () => {
    const { inputs } = decode(stringify(validating({ sideEffects: "Some" })));
    const live = inputs.configurations.map(({ configuration }) => liveConfiguration(configuration));
    const [finding] = lint({ ...inputs, configurations: live });
    expect(finding).to.have.all.keys("severity", "code", "object", "field", "message");
    expect(finding!.object).to.equal("ValidatingWebhookConfiguration/images");
  });
});
