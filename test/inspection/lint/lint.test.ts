import { expect } from "chai";
import fc from "fast-check";
import type { WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { liveConfiguration } from "../../../src/inspection/lint/decode-lint-inputs.ts";
import { lint, lintRules } from "../../../src/inspection/lint/lint.ts";
import { addressCases } from "./cases/address-rules.ts";
import { behaviourCases } from "./cases/behaviour-rules.ts";
import { conditionCases } from "./cases/condition-rules.ts";
import { endpointCases } from "./cases/endpoint-rules.ts";
import { gatewayCases } from "./cases/gateway-rules.ts";
import { interceptionCases } from "./cases/interception-rules.ts";
import { admissionCases, agentCases, roleCases } from "./cases/other-rules.ts";
import { reachedRouteCases, routeCases } from "./cases/route-rules.ts";
import { sourceCases } from "./cases/source-rules.ts";
import { execCases, userCredentialCases, userNameCases } from "./cases/user-rules.ts";
import {
  admission,
  agent,
  clusterRole,
  exec,
  findingsIn,
  hostPort,
  kubeconfig,
  named,
  type RuleCase,
  server,
  url,
  validating,
} from "./lint-rig.ts";

const groups: Readonly<Record<string, readonly RuleCase[]>> = {
  "the address": addressCases,
  "the rules": interceptionCases,
  "how it is called": behaviourCases,
  "match conditions": conditionCases,
  "authentication sources and static manifests": sourceCases,
  "hosts, ports and groups": endpointCases,
  "names of kubeconfig users": userNameCases,
  "credentials of kubeconfig users": userCredentialCases,
  "exec stanzas": execCases,
  "routes of a server": routeCases,
  "webhooks and the route they reach": reachedRouteCases,
  agents: agentCases,
  gateways: gatewayCases,
  "Roles and ClusterRoles": roleCases,
  "admission configurations": admissionCases,
};

/** Rules that need a file in a certain place; their own tests hold them. */
const heldElsewhere = new Set(["static-manifest-name", "credential-file-missing"]);

describe("lint", () => {
  for (const [group, cases] of Object.entries(groups))
    describe(group, () => {
      for (const one of cases) {
        const title = one.name === undefined ? one.code : `${one.code}: ${one.name}`;
        it(`finds ${title}`, () => {
          const found = findingsIn(one.given).filter(
            ({ code, field }) => code === one.code && field === one.field,
          );
          expect(found[0]?.severity, JSON.stringify(findingsIn(one.given), undefined, 1)).to.equal(
            one.severity,
          );
          for (const text of one.says) expect(found[0]!.message).to.contain(text);
        });
        it(`finds no ${title} in what is in order`, () =>
          expect(findingsIn(one.clean).filter(({ code }) => code === one.code)).to.deep.equal([]));
      }
    });

  it("holds every rule by a case", () => {
    const held = new Set(Object.values(groups).flatMap((cases) => cases.map(({ code }) => code)));
    const codes = Object.values(lintRules).flatMap((rules) => rules.map(({ code }) => code));
    expect(codes.filter((code) => !held.has(code) && !heldElsewhere.has(code))).to.deep.equal([]);
  });

  it("gives every rule a kebab-case name of its own", () => {
    const codes = Object.values(lintRules).flatMap((rules) => rules.map(({ code }) => code));
    expect(codes.filter((code) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(code))).to.deep.equal([]);
    expect(new Set(codes).size).to.equal(codes.length);
  });

  const inOrder: Readonly<Record<string, readonly unknown[]>> = {
    "a webhook, its server, the kubeconfig's plugin and the grants": [
      validating(),
      server(),
      kubeconfig({ "*.shop.svc:443": exec() }),
      clusterRole({}),
      admission(),
    ],
    "token files kept by an agent": [
      validating(),
      server(),
      kubeconfig({ [hostPort]: { tokenFile: "/run/countersign/images" } }),
      agent(),
    ],
    "a static manifest with plain tokens": [
      named(validating(url("https://hooks.example.com:443/v")), "images.static.k8s.io"),
      kubeconfig({ "hooks.example.com": exec(["--mode=audience"]) }),
    ],
  };
  for (const [name, objects] of Object.entries(inOrder))
    it(`has nothing to say of ${name}`, () => expect(findingsIn(objects)).to.deep.equal([]));

  it("puts errors before warnings, and those before the rest", () => {
    const found = findingsIn([
      kubeconfig({ "other.shop.svc:443": { token: "a" } }),
      validating({ ...url("https://Hooks.example.com/v"), sideEffects: "Some" }),
    ]).map(({ severity }) => severity);
    expect(found).to.deep.equal(["error", "warning", "info"]);
  });

  it("calls what is no match condition to us no error where an API server has stored it", () => {
    const written = validating({
      matchConditions: [{ name: "a", expression: "[?object.?a].size() == 0" }],
    }) as unknown as WebhookConfiguration;
    const none = {
      kubeconfigs: [],
      servers: [],
      agents: [],
      gateways: [],
      admissions: [],
      plugins: [],
      roleRules: [],
    };
    const found = lint({ ...none, configurations: [liveConfiguration(written)] });
    expect(found.map(({ severity, code }) => [severity, code])).to.deep.equal([
      ["warning", "match-condition-invalid"],
    ]);
    expect(found[0]!.message).to.contain("its API server took it");
  });

  it("says the file, the line, the object and the field", () => {
    const [finding] = findingsIn([validating({ sideEffects: "Some" })]);
    expect(finding).to.deep.include({
      file: "file-0.yaml",
      object: "ValidatingWebhookConfiguration/images",
      field: "webhooks[0].sideEffects",
    });
    expect(finding!.line).to.be.greaterThan(1);
  });

  it("never repeats a token, a password or a key", () => {
    const secrets = {
      token: "hunter2",
      username: "a",
      password: "hunter2",
      "client-key-data": "aHVudGVyMg==",
    };
    const found = findingsIn([kubeconfig({ "https://a/b": { ...secrets, ...exec() }, "*": secrets })]);
    expect(found.length).to.be.greaterThan(3);
    expect(JSON.stringify(found)).to.not.match(/hunter2|aHVudGVyMg/);
  });
});

describe("lint of anything", () => {
  const fields = [
    "name",
    "rules",
    "matchConditions",
    "admissionReviewVersions",
    "timeoutSeconds",
    "sideEffects",
  ];
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom([{}], [null], [[]], "", "*", {}, { url: "https://" }));

  it("never throws, whatever stands where something else is wanted", () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields, "clientConfig", "reinvocationPolicy"), odd, (field, value) => {
        for (const { message } of findingsIn([
          validating({ [field]: value }),
          server(),
          kubeconfig({ "*": exec() }),
        ]))
          expect(message).to.not.equal("");
      }),
    );
  });

  it("never throws for any URL, and calls none good that an API server would refuse", () => {
    const text = fc.stringMatching(/^(https?:\/\/)?[a-zA-Z0-9.:[\]@/?#%\\ -]{0,24}$/);
    fc.assert(
      fc.property(text, (written) => {
        const codes = findingsIn([validating(url(written)), kubeconfig({ "*": exec() })]).map(
          ({ code }) => code,
        );
        const isCallable = /^https:\/\//i.test(written) && URL.canParse(written);
        if (!isCallable) expect(codes).to.include("client-config-invalid");
      }),
    );
  });

  it("never throws for any kubeconfig user's name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (name) => {
        findingsIn([kubeconfig({ [name]: { token: "a" } }), validating()]);
      }),
    );
  });
});
