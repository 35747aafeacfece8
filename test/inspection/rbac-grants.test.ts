import { expect } from "chai";
import type { Webhook, WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import { type RBACGrantsOptions, rbacGrants } from "../../src/inspection/rbac-grants.ts";

const webhook = (name: string, ...apiGroups: string[]): Webhook => ({
  name,
  clientConfig: { url: `https://${name}/v` },
  admissionReviewVersions: ["v1"],
  rules: [{ operations: ["CREATE"], apiGroups, apiVersions: ["*"], resources: ["*"] }],
});
const configuration = (...webhooks: Webhook[]): WebhookConfiguration => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "conf" },
  webhooks,
});
const serviceAccount = { namespace: "kube-system", name: "caller" };
const grants = (options: Partial<RBACGrantsOptions> = {}) =>
  rbacGrants({ configuration: configuration(webhook("a.example.com", "apps")), serviceAccount, ...options });
const find = (kind: string, part: string, options: Partial<RBACGrantsOptions> = {}) =>
  grants(options).find((object) => object.kind === kind && object.metadata.name.includes(part))!;

const ofKind = (kind: string, part: string, options: Partial<RBACGrantsOptions> = {}) =>
  grants(options).filter((object) => object.kind === kind && object.metadata.name.includes(part));
const attested = (options: Partial<RBACGrantsOptions> = {}) =>
  ofKind("ClusterRole", "attester", options).flatMap(({ metadata, rules }) =>
    rules!.flatMap(({ apiGroups, resources, resourceNames, verbs }) => {
      expect({ apiGroups, resources, verbs }).to.deep.equal({
        apiGroups: ["authentication.k8s.io"],
        resources: ["admissionReviewAPIGroups"],
        verbs: ["attest"],
      });
      expect(metadata.name).to.equal(
        `countersign:webhook-attester:kube-system:caller:${resourceNames!.join()}`,
      );
      return resourceNames!;
    }),
  );

describe("rbacGrants", () => {
  it("grants attest on the groups the rules name, by resource name, to the ServiceAccount", () => {
    const two = configuration(webhook("a.example.com", "apps", "batch"), webhook("b.example.com", "apps"));
    expect(attested({ configuration: two })).to.deep.equal(["apps", "batch"]);
    for (const binding of ofKind("ClusterRoleBinding", "attester", { configuration: two }))
      expect(binding.subjects).to.deep.equal([{ kind: "ServiceAccount", ...serviceAccount }]);
  });

  it("grants each group and requester by objects of their own, so that applying one takes nothing of another away", () => {
    const requester = { namespace: "agents", name: "agent" };
    const names = (options: Partial<RBACGrantsOptions>) =>
      grants(options).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const one = new Set(names({}));
    const others = names({ apiGroups: ["*"], requester });
    expect(others.filter((name) => one.has(name))).to.deep.equal([]);
    expect(new Set(others).size).to.equal(others.length);
    const both = configuration(webhook("a.example.com", "apps", "batch"));
    expect(names({ configuration: both })).to.include.members([...one]);
  });

  it("grants minting for that ServiceAccount only, in its namespace, to the requester", () => {
    const requester = { namespace: "agents", name: "agent" };
    const role = find("Role", "requester", { requester });
    expect(role.metadata.namespace).to.equal("kube-system");
    expect(role.rules).to.deep.equal([
      { apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: ["caller"], verbs: ["create"] },
    ]);
    const binding = find("RoleBinding", "requester", { requester });
    expect(binding.metadata.namespace).to.equal("kube-system");
    expect(binding.subjects).to.deep.equal([{ kind: "ServiceAccount", ...requester }]);
    expect(binding.roleRef).to.deep.equal({
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: role.metadata.name,
    });
  });

  it("lets the requester read webhook configurations and write none", () => {
    expect(find("ClusterRole", "reader").rules![0]!.verbs).to.deep.equal(["get", "list", "watch"]);
  });

  it("keeps to one webhook where one is named", () => {
    const two = configuration(webhook("a.example.com", "apps"), webhook("b.example.com", "batch"));
    expect(attested({ configuration: two, webhook: "b.example.com" })).to.deep.equal(["batch"]);
  });

  it("grants a group that is said where the rules name it or everything", () => {
    for (const said of [["apps"], ["*"], ["apps", "*"]])
      expect(attested({ apiGroups: said })).to.deep.equal(said);
    expect(attested({ apiGroups: ["apps", "apps"] })).to.deep.equal(["apps"]);
    const all = configuration(webhook("a.example.com", "*"));
    expect(attested({ configuration: all, apiGroups: ["evil.io"] })).to.deep.equal(["evil.io"]);
  });

  it("never grants * by itself: rules over the core group or over all groups want --api-group", () => {
    for (const group of ["", "*"])
      expect(() => grants({ configuration: configuration(webhook("a.example.com", group)) }))
        .to.throw(/--api-group/)
        .with.property("code", "ERR_USAGE");
  });

  it("refuses a group no rule names, and the core group, saying which there are", () => {
    expect(() => grants({ apiGroups: ["batch"] }))
      .to.throw(/batch.*apps/)
      .with.property("code", "ERR_USAGE");
    expect(() => grants({ apiGroups: [""] }))
      .to.throw(/core/)
      .with.property("code", "ERR_USAGE");
  });

  it("refuses a webhook that is not there, naming those that are", () => {
    expect(() => grants({ webhook: "z.example.com" }))
      .to.throw(/z\.example\.com.*a\.example\.com/)
      .with.property("code", "ERR_WEBHOOK_NOT_FOUND");
    expect(() => grants({ configuration: configuration() }))
      .to.throw()
      .with.property("code", "ERR_WEBHOOK_NOT_FOUND");
  });
});
