import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { execUser, runCountersign } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { webhookKubeconfig } from "./story-objects.ts";

const caBundle = Buffer.from(createCertificateAuthority().certificatePem).toString("base64");
const deployments = {
  operations: ["CREATE"],
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
};
const tokens = { ...deployments, apiGroups: [""], resources: ["serviceaccounts/token"] };

/** At a Service that nobody answers for: nothing is called here. */
function at(service: string, path = "/validate"): object {
  return { service: { namespace: "lint", name: service, port: 443, path }, caBundle };
}

function webhook(name: string, clientConfig: object, more: object = {}): object {
  return {
    name: `${name}.lint.example.com`,
    clientConfig,
    rules: [deployments],
    failurePolicy: "Fail",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...more,
  };
}

function configuration(name: string, webhooks: readonly object[], metadata: object = {}): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name, ...metadata },
    webhooks,
  };
}

/** What an API server stores, and what lint has to say of it: codes by severity. */
const stored = {
  "in-order": { webhooks: [webhook("one", at("hooks"))], code: 0, found: [] },
  "two-paths": {
    webhooks: [webhook("a", at("shared", "/a")), webhook("b", at("shared", "/b"))],
    code: 0,
    found: ["warning shared-host-port", "warning shared-host-port"],
  },
  "upper-case": {
    webhooks: [webhook("u", { url: "https://Hooks.example.com/v/", caBundle })],
    code: 0,
    found: ["warning trailing-slash", "warning upper-case-host"],
  },
  "unknown-name": {
    webhooks: [webhook("n", at("named"))],
    metadata: {
      annotations: { "countersign.dev/authentication-source": '{"other.example.com":{"tokenRequest":{}}}' },
    },
    code: 1,
    found: ["error authentication-source-annotation"],
  },
  "more-cel": {
    // cel-go's optional elements, which our CEL has not
    webhooks: [
      webhook("m", at("more"), {
        matchConditions: [{ name: "a", expression: "[?object.?a].size() == 0" }],
      }),
    ],
    code: 0,
    found: ["warning match-condition-invalid"],
  },
  "no-certificates": {
    // stored as it is, and every call fails
    webhooks: [webhook("c", { url: "https://other.example.com/c", caBundle: "bm90IFBFTQ==" })],
    code: 1,
    found: ["error ca-bundle-invalid"],
  },
  tokens: {
    webhooks: [webhook("t", at("guard"), { rules: [tokens] })],
    code: 1,
    found: ["error intercepts-token-requests"],
  },
} as const;

/** What lint says an API server refuses; each is one change of a webhook that is stored. */
const refused: Readonly<Record<string, object>> = {
  "webhook-name-invalid": { name: "short.example" },
  "review-versions-unsupported": { admissionReviewVersions: ["v2"] },
  "side-effects-unsupported": { sideEffects: "Some" },
  "timeout-out-of-range": { timeoutSeconds: 31 },
  "client-config-choice": { clientConfig: { caBundle } },
  "client-config-invalid": { clientConfig: { url: "http://hooks.example.com/v", caBundle } },
  "rules-invalid": { rules: [{ ...deployments, apiGroups: ["apps", "*"] }] },
  "match-condition-invalid": { matchConditions: [{ name: "a", expression: "request.nothing == 1" }] },
  "field-unknown": { clientConfigs: {} },
};

await describeWith(["kube-apiserver 1.37"], "lint on kube-apiserver 1.37", () => {
  let controlPlane: RealControlPlane;
  let kubectl: StrictKubectl;
  before(async () => {
    controlPlane = await startRealControlPlane({});
    kubectl = strictKubectl(controlPlane);
    for (const [name, { webhooks, ...rest }] of Object.entries(stored))
      await kubectl(
        ["apply", "-f", "-"],
        configuration(name, webhooks, "metadata" in rest ? rest.metadata : {}),
      );
  });
  after(async () => {
    await controlPlane?.stop();
  });

  const lint = (args: readonly string[], input = ""): Promise<Finished> =>
    runCountersign(controlPlane.kubeconfigFile, ["lint", ...args], input);
  const findingsOf = ({ stdout }: Finished): readonly Record<string, string>[] => JSON.parse(stdout).findings;
  const named = (name: string): string => `--webhook-configuration=validating/${name}`;

  for (const [name, { code, found }] of Object.entries(stored))
    it(`says of ${name} what there is to say, and ends with ${code}`, async () => {
      const ended = await lint([named(name), "-o", "json"]);
      expect(
        findingsOf(ended).map((finding) => `${finding.severity} ${finding.code}`),
        ended.stderr,
      ).to.deep.equal(found);
      expect(ended.code).to.equal(code);
    });

  it("says all of it of the whole cluster, by object and field", async () => {
    const ended = await lint(["--all"]);
    expect(ended.code).to.equal(1);
    for (const [name, { found }] of Object.entries(stored)) {
      const rows = ended.stdout.split("\n").filter((row) => row.includes(`Configuration/${name} `));
      expect(rows, ended.stdout).to.have.lengthOf(found.length);
      for (const row of rows) expect(row).to.match(/ cluster +.* webhooks\[\d\]|metadata/);
    }
    expect(ended.stderr).to.match(/^countersign: 3 errors, 5 warnings/);
  });

  it("calls two paths at one host and port an error once the API server's kubeconfig has a token for it", async () => {
    const file = join(controlPlane.folder, "webhooks.kubeconfig");
    const command = "/usr/local/bin/countersign";
    const args = ["exec-credential", "--service-account=kube-system/webhook-caller", "--api-group=*"];
    writeFileSync(
      file,
      webhookKubeconfig([{ name: "shared.lint.svc:443", user: execUser({ command, args }) }]),
    );
    const ended = await lint([named("two-paths"), `--webhook-kubeconfig=${file}`, "-o", "json"]);
    expect(findingsOf(ended).map(({ severity }) => severity)).to.deep.equal(["error", "error"]);
    expect(ended.code).to.equal(1);
  });

  it("is right that no token can be had past a webhook for tokens, and that the condition it prints cures it", async () => {
    await kubectl(["create", "serviceaccount", "asker"]);
    const before = await controlPlane.kubectl(["create", "token", "asker"]);
    expect(before.code, before.stdout).to.equal(1);
    expect(before.stderr).to.contain("t.lint.example.com");
    const [finding] = findingsOf(await lint([named("tokens"), "-o", "json"]));
    const expression = /matchCondition `([^`]+)`/.exec(finding!.message!)![1]!;
    const matchConditions = [{ name: "not-for-tokens", expression }];
    const cured = webhook("t", at("guard"), { rules: [tokens], matchConditions });
    await kubectl(["apply", "-f", "-"], configuration("tokens", [cured]));
    expect((await lint([named("tokens")])).code).to.equal(0);
    await kubectl(["create", "token", "asker"]);
  });

  for (const [code, change] of Object.entries(refused))
    it(`and kube-apiserver agree on ${code}`, async () => {
      const written = JSON.stringify(configuration("refused", [webhook("one", at("hooks"), change)]));
      const ended = await lint(["-", "-o", "json"], written);
      expect(findingsOf(ended).map((finding) => `${finding.severity} ${finding.code}`)).to.include(
        `error ${code}`,
      );
      expect(ended.code).to.equal(1);
      const created = await controlPlane.kubectl(["create", "--dry-run=server", "-f", "-"], written);
      expect(created.code, created.stdout).to.equal(1);
    });

  it("and kube-apiserver agree on KEP-2510's field: refused, or dropped where kubectl only warns", async () => {
    const clientConfig = {
      url: "https://hooks.example.com:443/v",
      caBundle,
      authenticationSource: { tokenRequest: {} },
    };
    const written = JSON.stringify(configuration("field", [webhook("one", clientConfig)]));
    const ended = await lint(["-", "-o", "json"], written);
    expect(findingsOf(ended).map(({ code }) => code)).to.deep.equal(["authentication-source-field"]);
    const create = ["create", "-f", "-", "-o", "json"];
    expect((await controlPlane.kubectl(create, written)).stderr).to.contain("authenticationSource");
    const kept = await controlPlane.kubectl([...create, "--validate=warn"], written);
    expect(kept.code, kept.stderr).to.equal(0);
    expect(kept.stdout).to.not.contain("authenticationSource");
  });

  it("says what it may not read, and ends with 1", async () => {
    const kubeconfig = join(controlPlane.folder, "nobody.kubeconfig");
    const { stdout } = await run("cat", [controlPlane.kubeconfigFile]);
    writeFileSync(kubeconfig, stdout.replaceAll(controlPlane.adminToken, "nobody"));
    const ended = await lint(["--all", `--kubeconfig=${kubeconfig}`]);
    expect([ended.code, ended.stdout]).to.deep.equal([1, ""]);
    expect(ended.stderr).to.match(/401|[Uu]nauthorized/);
  });
});
