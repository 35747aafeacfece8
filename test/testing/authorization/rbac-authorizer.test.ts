import { expect } from "chai";
import type { UserInfo } from "../../../src/apis/authentication.ts";
import type { RequestAttributes } from "../../../src/authorization/request-attributes.ts";
import { type Authorizer, createRbacAuthorizer } from "../../../src/testing/authorization/rbac-authorizer.ts";
import { ruleAllows } from "../../../src/testing/authorization/rbac-rules.ts";
import type { ApiObject, JsonObject } from "../../../src/testing/objects/api-object.ts";
import { builtinKinds } from "../../../src/testing/objects/builtin-kinds.ts";
import { createResourceRegistry } from "../../../src/testing/objects/resource-kind.ts";
import { createObjectStore } from "../../../src/testing/storage/object-store.ts";

const ask = (attributes: Partial<RequestAttributes>): RequestAttributes => ({
  isResourceRequest: attributes.path === undefined,
  ...{
    path: "",
    verb: "get",
    group: "",
    version: "v1",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
  },
  ...attributes,
});

describe("an RBAC rule", () => {
  const pods = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
  const rows: readonly (readonly [
    title: string,
    rule: JsonObject,
    asked: Partial<RequestAttributes>,
    allowed: boolean,
  ])[] = [
    ["allows what it names", pods, { resource: "pods" }, true],
    ["allows no other verb", pods, { resource: "pods", verb: "list" }, false],
    ["allows no other group", pods, { resource: "pods", group: "apps" }, false],
    ["allows no other resource", pods, { resource: "secrets" }, false],
    ["allows no subresource of it", pods, { resource: "pods", subresource: "log" }, false],
    [
      "allows a named subresource",
      { ...pods, resources: ["pods/log"] },
      { resource: "pods", subresource: "log" },
      true,
    ],
    [
      "of a subresource allows not the resource",
      { ...pods, resources: ["pods/log"] },
      { resource: "pods" },
      false,
    ],
    [
      "allows */log of any resource",
      { ...pods, resources: ["*/log"] },
      { resource: "pods", subresource: "log" },
      true,
    ],
    ["with */log allows no resource", { ...pods, resources: ["*/log"] }, { resource: "pods" }, false],
    [
      "with * allows subresources too",
      { ...pods, resources: ["*"] },
      { resource: "a", subresource: "b" },
      true,
    ],
    [
      "with pods/* allows nothing",
      { ...pods, resources: ["pods/*"] },
      { resource: "pods", subresource: "log" },
      false,
    ],
    ["with * for verbs allows any", { ...pods, verbs: ["*"] }, { resource: "pods", verb: "attest" }, true],
    ["with * for groups allows any", { ...pods, apiGroups: ["*"] }, { resource: "pods", group: "x" }, true],
    ["with names allows those", { ...pods, resourceNames: ["a"] }, { resource: "pods", name: "a" }, true],
    ["with names allows no other", { ...pods, resourceNames: ["a"] }, { resource: "pods", name: "b" }, false],
    ["with names allows nothing nameless", { ...pods, resourceNames: ["a"] }, { resource: "pods" }, false],
    [
      "with the name * means that name only",
      { ...pods, resourceNames: ["*"] },
      { resource: "pods", name: "a" },
      false,
    ],
    ["compares resources by case", { ...pods, resources: ["Pods"] }, { resource: "pods" }, false],
    ["allows a path", { verbs: ["get"], nonResourceURLs: ["/version"] }, { path: "/version" }, true],
    [
      "allows no path below it",
      { verbs: ["get"], nonResourceURLs: ["/version"] },
      { path: "/version/" },
      false,
    ],
    [
      "allows paths by a final *",
      { verbs: ["get"], nonResourceURLs: ["/healthz/*"] },
      { path: "/healthz/a/b" },
      true,
    ],
    ["allows all paths by *", { verbs: ["*"], nonResourceURLs: ["*"] }, { path: "/" }, true],
    [
      "of resources allows no path",
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { path: "/" },
      false,
    ],
    ["of paths allows no resource", { verbs: ["*"], nonResourceURLs: ["*"] }, { resource: "pods" }, false],
    ["that says nothing allows nothing", {}, { resource: "pods" }, false],
  ];
  for (const [title, rule, asked, allowed] of rows)
    it(title, () => {
      expect(ruleAllows(rule, ask(asked))).to.equal(allowed);
    });
});

describe("the RBAC authorizer", () => {
  const registry = createResourceRegistry(builtinKinds);
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const rules = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }];
  const jane: UserInfo = { username: "jane", groups: ["dev"] };
  let authorizer: Authorizer;
  let put: (kind: string, name: string, more: JsonObject, namespace?: string) => void;
  beforeEach(() => {
    const store = createObjectStore();
    authorizer = createRbacAuthorizer({ store, registry });
    put = (kind, name, more, namespace) => {
      const metadata = namespace === undefined ? { name } : { name, namespace };
      const object: ApiObject = { apiVersion, kind, metadata, ...more };
      store.create(registry.findKind(apiVersion, kind)!, object);
    };
  });
  const subjects = (kind: string, name: string): JsonObject => ({ subjects: [{ kind, name }] });
  const to = (kind: string, name: string): JsonObject => ({ roleRef: { kind, name } });
  const may = (user: UserInfo, namespace = ""): string => {
    const { allowed, reason } = authorizer.authorize(user, ask({ resource: "pods", namespace }));
    return `${allowed}${reason === "" ? "" : ` ${reason}`}`;
  };

  it("lets system:masters do everything, and nobody else anything that is not granted", () => {
    expect(may({ username: "root", groups: ["system:masters"] })).to.equal("true");
    expect(may(jane)).to.equal("false");
  });

  it("allows by a ClusterRoleBinding everywhere, and says which", () => {
    put("ClusterRole", "reader", { rules });
    put("ClusterRoleBinding", "readers", { ...subjects("User", "jane"), ...to("ClusterRole", "reader") });
    const reason = 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to User "jane"';
    expect([may(jane), may(jane, "default")]).to.deep.equal([`true ${reason}`, `true ${reason}`]);
  });

  it("allows by a RoleBinding in its namespace only, of a Role or a ClusterRole", () => {
    put("Role", "reader", { rules }, "a");
    put("ClusterRole", "reader", { rules });
    put("RoleBinding", "dev", { ...subjects("Group", "dev"), ...to("Role", "reader") }, "a");
    put("RoleBinding", "dev", { ...subjects("Group", "dev"), ...to("ClusterRole", "reader") }, "b");
    expect(may(jane, "a")).to.equal(
      'true RBAC: allowed by RoleBinding "dev/a" of Role "reader" to Group "dev"',
    );
    expect(may(jane, "b")).to.equal(
      'true RBAC: allowed by RoleBinding "dev/b" of ClusterRole "reader" to Group "dev"',
    );
    expect([may(jane), may(jane, "c")]).to.deep.equal(["false", "false"]);
  });

  it("knows a ServiceAccount by namespace and name, its own namespace where the binding says none", () => {
    put("ClusterRole", "reader", { rules });
    const bind = (name: string, subject: JsonObject, namespace?: string): void =>
      put(
        namespace ? "RoleBinding" : "ClusterRoleBinding",
        name,
        { subjects: [subject], ...to("ClusterRole", "reader") },
        namespace,
      );
    bind("named", { kind: "ServiceAccount", name: "a", namespace: "x" });
    bind("local", { kind: "ServiceAccount", name: "b" }, "y");
    bind("nowhere", { kind: "ServiceAccount", name: "c" });
    const account = (namespace: string, name: string): UserInfo => ({
      username: `system:serviceaccount:${namespace}:${name}`,
    });
    expect(may(account("x", "a"))).to.match(/^true .* to ServiceAccount "a\/x"$/);
    expect(may(account("y", "a"))).to.equal("false");
    expect(may(account("y", "b"), "y")).to.match(/^true /);
    expect(may(account("", "c"))).to.equal("false");
  });

  it("says which role is missing when nothing else allows", () => {
    put("ClusterRoleBinding", "one", { ...subjects("User", "jane"), ...to("ClusterRole", "gone") });
    put("RoleBinding", "two", { ...subjects("User", "jane"), ...to("Role", "lost") }, "a");
    expect(may(jane)).to.equal('false RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
    expect(may(jane, "a")).to.equal(
      'false RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "lost" not found]',
    );
    expect(may({ username: "joe" })).to.equal("false");
  });

  it("lists the rules that apply in a namespace", () => {
    put("ClusterRole", "reader", { rules });
    put("Role", "writer", { rules: [{ verbs: ["create"] }] }, "a");
    put("ClusterRoleBinding", "one", { ...subjects("User", "jane"), ...to("ClusterRole", "reader") });
    put("RoleBinding", "two", { ...subjects("User", "jane"), ...to("Role", "writer") }, "a");
    expect(authorizer.rulesFor(jane, "a").map(({ verbs }) => verbs)).to.deep.equal([["get"], ["create"]]);
    expect(authorizer.rulesFor(jane, "b").map(({ verbs }) => verbs)).to.deep.equal([["get"]]);
  });
});
