import { expect } from "chai";
import { kubeletAnalog } from "../../src/authorization/kubelet-analog.ts";
import {
  type AccessGrantsOptions,
  accessGrants,
  accessPurposes,
} from "../../src/inspection/access-grants.ts";
import { namedSubject, serviceAccountSubject } from "../../src/inspection/rbac-objects.ts";

const to = serviceAccountSubject({ namespace: "monitoring", name: "prometheus" });
const grants = (options: Partial<AccessGrantsOptions> & Pick<AccessGrantsOptions, "purpose">) =>
  accessGrants({ to, ...options });
const named = (options: Parameters<typeof grants>[0]) => grants(options)[0]!.metadata.name;
const kubeletPurposes = accessPurposes.filter((purpose) => purpose.startsWith("kubelet-"));

describe("accessGrants", () => {
  it("grants get alone, to read", () => {
    for (const purpose of kubeletPurposes)
      for (const mode of ["fineGrained", "coarse"] as const) {
        const rules = grants({ purpose, mode }).flatMap((object) => object.rules ?? []);
        expect(rules.map(({ verbs }) => verbs)).to.deep.equal([["get"]]);
      }
  });

  it("never grants nodes/proxy but in mode coarse, and there only what has no name of its own", () => {
    const proxied = (mode: "fineGrained" | "coarse" | "analog") =>
      kubeletPurposes.filter((purpose) => JSON.stringify(grants({ purpose, mode })).includes("nodes/proxy"));
    expect(proxied("fineGrained")).to.deep.equal([]);
    expect(proxied("analog")).to.deep.equal([]);
    expect(proxied("coarse")).to.deep.equal(["kubelet-pods", "kubelet-healthz", "kubelet-configz"]);
  });

  it("has an analog for whatever can be read at a kubelet", () => {
    for (const path of ["/metrics", "/pods", "/healthz", "/configz", "/stats", "/logs"])
      expect(kubeletAnalog({ nodeName: "n", method: "GET", path }), path).to.not.equal(undefined);
  });

  it("binds each role to that subject, across the cluster: a binding in a namespace opens no node", () => {
    for (const purpose of kubeletPurposes) {
      const [role, binding, ...others] = grants({ purpose });
      expect(others).to.deep.equal([]);
      expect(role).to.include({ kind: "ClusterRole" });
      expect(binding).to.deep.include({
        kind: "ClusterRoleBinding",
        metadata: { name: role!.metadata.name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role!.metadata.name },
        subjects: [{ kind: "ServiceAccount", namespace: "monitoring", name: "prometheus" }],
      });
    }
  });

  it("the name is the purpose's and the subject's, so a narrower grant takes the place of a wider", () => {
    expect(named({ purpose: "kubelet-metrics" })).to.equal(
      "countersign:kubelet-metrics:serviceaccount:monitoring:prometheus",
    );
    expect(named({ purpose: "kubelet-metrics", nodes: ["n1"], mode: "analog" })).to.equal(
      named({ purpose: "kubelet-metrics" }),
    );
  });

  it("no two subjects share a name, and every name is one that RBAC takes", () => {
    const subjects = [
      to,
      serviceAccountSubject({ namespace: "user", name: "jane" }),
      namedSubject("User", "jane"),
      namedSubject("Group", "jane"),
      ...["a/b", "a=2fb", "a%b", "a%2fb", "a:b", "a=b", "a", "..", "."].map((name) =>
        namedSubject("User", name),
      ),
      namedSubject("User", "monitoring:prometheus"),
    ];
    const names = subjects.map((subject) => named({ purpose: "kubelet-pods", to: subject }));
    expect(new Set(names).size).to.equal(subjects.length);
    for (const name of names) expect(name).to.match(/^countersign:[^/%]+$/);
  });

  it("names no node and no namespace that cannot be: what is applied would grant nothing", () => {
    for (const node of ["", "Node-1", "Node 1", "n1:10250", "*"])
      expect(() => grants({ purpose: "kubelet-metrics", nodes: ["n1", node] }), node)
        .to.throw(`--node=${node}: `)
        .with.property("code", "ERR_USAGE");
    for (const namespace of ["SHOP!", "shop.eu", "a".repeat(64)])
      expect(() => grants({ purpose: "pod-logs", namespace }), namespace)
        .to.throw(`--namespace=${namespace}: `)
        .with.property("code", "ERR_USAGE");
    expect(grants({ purpose: "kubelet-metrics", nodes: ["ip-10-0-0-1.eu.internal"] })).to.have.length(2);
  });

  it("a node that is named twice is named once", () => {
    expect(grants({ purpose: "kubelet-stats", nodes: ["n1", "n2", "n1"] })[0]!.rules).to.deep.equal([
      { apiGroups: [""], resources: ["nodes/stats"], resourceNames: ["n1", "n2"], verbs: ["get"] },
    ]);
  });

  for (const options of [
    { purpose: "pod-logs" },
    { purpose: "pod-logs", namespace: "" },
    { purpose: "pod-logs", namespace: "shop", nodes: ["n1"] },
    { purpose: "pod-logs", namespace: "shop", mode: "coarse" },
    { purpose: "kubelet-pods", namespace: "shop" },
    { purpose: "kubelet-pods", nodes: [""] },
    { purpose: "kubelet-pods", insecureBackend: true },
    { purpose: "gateway", nodes: ["n1"] },
    { purpose: "gateway", mode: "fineGrained" },
    { purpose: "gateway", namespace: "shop" },
  ] as const)
    it(`refuses what decides nothing, or is missing: ${JSON.stringify(options)}`, () => {
      expect(() => grants(options))
        .to.throw()
        .with.property("code", "ERR_USAGE");
    });
});
