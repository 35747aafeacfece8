import { expect } from "chai";
import fc from "fast-check";
import { findUserForHostPort, serviceHostPort, withDefaultPort } from "../../src/kubeconfig/find-user.ts";
import type { Kubeconfig, KubeconfigUser } from "../../src/kubeconfig/kubeconfig.ts";

function kubeconfigOf(users: readonly string[], currentUser?: string): Kubeconfig {
  return {
    files: ["test"],
    clusters: new Map(),
    users: new Map(users.map((name): [string, KubeconfigUser] => [name, { username: name }])),
    contexts: new Map(currentUser === undefined ? [] : [["ctx", { user: currentUser }]]),
    "current-context": currentUser === undefined ? undefined : "ctx",
  };
}

const suffixes = ["*.two.three.com", "*.three.com", "*.com", "*"];

interface Row {
  readonly name: string;
  readonly users: readonly string[];
  readonly currentUser?: string;
  readonly inCluster?: boolean;
  readonly target: string;
  readonly chosen: string | undefined;
}

/** The first fourteen are kubernetes/apiserver's authentication_test.go by their names there; the others are ours. */
const rows: readonly Row[] = [
  { name: "empty", users: [], target: "foo.com", chosen: undefined },
  {
    name: "fallback to current context",
    users: ["bar.com"],
    currentUser: "bar.com",
    target: "foo.com",
    chosen: "bar.com",
  },
  { name: "exact match", users: ["foo.com", "*.com", "bar.com"], target: "foo.com", chosen: "foo.com" },
  { name: "match with impersonation", users: ["foo.com"], target: "foo.com", chosen: "foo.com" },
  { name: "partial star match", users: ["*.com", "bar.com"], target: "foo.com", chosen: "*.com" },
  { name: "full star match", users: ["*", "bar.com"], target: "foo.com", chosen: "*" },
  {
    name: "skip bad in cluster config",
    users: ["*", "bar.com"],
    inCluster: true,
    target: "kubernetes.default.svc",
    chosen: "*",
  },
  { name: "most selective", users: suffixes, target: "one.two.three.com", chosen: "*.two.three.com" },
  {
    name: "exact match with default https port",
    users: ["one.two.three.com:443", ...suffixes],
    target: "one.two.three.com:443",
    chosen: "one.two.three.com:443",
  },
  {
    name: "wildcard match with default https port",
    users: ["*.two.three.com:443", ...suffixes],
    target: "one.two.three.com:443",
    chosen: "*.two.three.com:443",
  },
  {
    name: "wildcard match without default https port",
    users: suffixes,
    target: "one.two.three.com:443",
    chosen: "*.two.three.com",
  },
  {
    name: "exact match with non-default https port",
    users: ["one.two.three.com:8443", ...suffixes],
    target: "one.two.three.com:8443",
    chosen: "one.two.three.com:8443",
  },
  {
    name: "wildcard match with non-default https port",
    users: ["*.two.three.com:8443", "one.two.three.com", ...suffixes],
    target: "one.two.three.com:8443",
    chosen: "*.two.three.com:8443",
  },
  {
    name: "wildcard match without non-default https port",
    users: ["one.two.three.com", ...suffixes],
    target: "one.two.three.com:8443",
    chosen: "*",
  },
  {
    name: "a wildcard with port goes before an exact name without",
    users: ["*.com:443", "one.two.three.com"],
    target: "one.two.three.com:443",
    chosen: "*.com:443",
  },
  { name: "port 443 is taken off for suffixes", users: ["*.svc"], target: "a.ns.svc:443", chosen: "*.svc" },
  { name: "another port is not", users: ["*.svc", "a.ns.svc"], target: "a.ns.svc:8443", chosen: undefined },
  { name: "names are compared by case", users: ["Foo.com"], target: "foo.com", chosen: undefined },
  { name: "a suffix never reaches the bare star", users: ["*."], target: "foo", chosen: undefined },
  {
    name: "a current context without a user is nobody",
    users: [""],
    currentUser: "",
    target: "foo.com",
    chosen: undefined,
  },
  {
    name: "a current context whose user is missing is nobody",
    users: ["bar.com"],
    currentUser: "gone",
    target: "foo.com",
    chosen: undefined,
  },
  { name: "an IPv6 address without its port", users: ["::1"], target: "[::1]:443", chosen: "::1" },
  {
    name: "an IPv6 URL without a port matches the star only",
    users: ["::1", "[::1]", "*"],
    target: "[[::1]]:443",
    chosen: "*",
  },
];

describe("find user", () => {
  for (const { name, users, currentUser, inCluster = false, target, chosen } of rows)
    it(name, () => {
      expect(findUserForHostPort(kubeconfigOf(users, currentUser), target, { inCluster }).name).to.equal(
        chosen,
      );
    });

  it("gives the API server itself the pod's own credentials, before the star and after a suffix", () => {
    const target = "kubernetes.default.svc:443";
    const stepOf = (users: readonly string[], inCluster: boolean): string =>
      findUserForHostPort(kubeconfigOf(users), target, { inCluster }).step;
    expect(stepOf(["*"], true)).to.equal("inCluster");
    expect(stepOf(["*"], false)).to.equal("wildcard");
    expect(stepOf(["*.svc", "*"], true)).to.equal("suffixWithoutPort");
    expect(stepOf([], false)).to.equal("anonymous");
  });

  it("looks a Service up as its host and port", () => {
    const config = kubeconfigOf(["a.ns.svc:8443", "*.svc"]);
    expect(findUserForHostPort(config, serviceHostPort("a", "ns", 8443)).name).to.equal("a.ns.svc:8443");
    expect(findUserForHostPort(config, serviceHostPort("b", "ns", 443)).name).to.equal("*.svc");
  });

  it("adds port 443 to a URL's host as upstream does, brackets twice around an IPv6 address", () => {
    const cases = {
      "h.example": "h.example:443",
      "h.example:8443": "h.example:8443",
      "[::1]:8443": "[::1]:8443",
      "[::1]": "[[::1]]:443",
    };
    for (const [host, expected] of Object.entries(cases)) expect(withDefaultPort(host)).to.equal(expected);
  });

  it("answers for any target with a user that is there, or with none", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (target, users) => {
        const { name, user } = findUserForHostPort(kubeconfigOf(users), target);
        if (name !== undefined) expect(users).to.include(name);
        expect(user === undefined).to.equal(name === undefined);
      }),
    );
  });
});
