import { expect } from "chai";
import type { AccessAttributes, AccessDecision, Authorizer } from "../../src/authorization/authorizer.ts";
import {
  createKubeletAuthorizer,
  type KubeletAuthorizationMode,
} from "../../src/authorization/kubelet-authorization.ts";
import type { KubeletDecision } from "../../src/authorization/kubelet-authorizer.ts";
import { CountersignError } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";

const user = { username: "jane", uid: "u", groups: ["g"] };
const unavailable = new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "away");

/** `verb resource/subresource name`, or `verb path`: what was asked, in one line. */
function lineOf({ resource, nonResource }: AccessAttributes): string {
  if (nonResource !== undefined) return `${nonResource.verb} ${nonResource.path}`;
  const { verb, namespace, resource: kind, subresource, name } = resource!;
  return [verb, [namespace, kind, subresource].filter(Boolean).join("/"), name].filter(Boolean).join(" ");
}

type Answer = AccessDecision["decision"] | AccessDecision | Error;

describe("createKubeletAuthorizer", () => {
  let asked: AccessAttributes[];
  let answers: Readonly<Record<string, Answer>>;
  beforeEach(() => {
    [asked, answers] = [[], {}];
  });
  const authorizer: Authorizer = {
    authorize(attributes) {
      asked.push(attributes);
      const answer = answers[lineOf(attributes)] ?? "noOpinion";
      if (answer instanceof Error) throw answer;
      return typeof answer === "string" ? { decision: answer, reason: "" } : answer;
    },
  };
  const authorize = (
    path: string,
    { mode = "fineGrained", method = "GET", nodeName = "n1" }: Partial<Asked> = {},
  ): Promise<KubeletDecision> =>
    createKubeletAuthorizer({ authorizer, mode }).authorize(user, { nodeName, method, path });
  interface Asked {
    readonly mode: KubeletAuthorizationMode;
    readonly method: string;
    readonly nodeName: string;
  }
  const lines = (): string[] => asked.map(lineOf);
  async function refusal(...args: Parameters<typeof authorize>) {
    const decision = await authorize(...args);
    if (decision.decision !== "refuse") expect.fail("was allowed");
    return decision;
  }

  it("asks for a subresource of the node of API group core, version v1, by its name, without a path", async () => {
    answers = { "get nodes/metrics n1": "allow" };
    expect(await authorize("/metrics/cadvisor")).to.deep.equal({ decision: "allow", subresource: "metrics" });
    expect(asked).to.deep.equal([
      {
        user,
        resource: {
          verb: "get",
          group: "",
          version: "v1",
          resource: "nodes",
          subresource: "metrics",
          name: "n1",
        },
      },
    ]);
  });

  describe("the first candidate that is allowed is enough", () => {
    it("an allowed one ends it", async () => {
      answers = { "get nodes/pods n1": "allow", "get nodes/proxy n1": unavailable };
      expect(await authorize("/pods")).to.include({ decision: "allow" });
      expect(lines()).to.deep.equal(["get nodes/pods n1"]);
    });

    for (const no of ["deny", "noOpinion"] as const)
      it(`after ${no} the next is asked`, async () => {
        answers = { "get nodes/healthz n1": no, "get nodes/proxy n1": "allow" };
        expect(await authorize("/healthz/ping")).to.deep.equal({ decision: "allow", subresource: "proxy" });
        expect(lines()).to.deep.equal(["get nodes/healthz n1", "get nodes/proxy n1"]);
      });

    for (const [what, failure] of [
      ["a failure", unavailable],
      ["a denial that is none", { decision: "deny", reason: "", error: unavailable }],
    ] as const)
      it(`${what} ends it at once, whatever the next would say`, async () => {
        answers = { "get nodes/configz n1": failure, "get nodes/proxy n1": "allow" };
        expect(await rejectionOf(authorize("/configz"))).to.equal(unavailable);
        expect(lines()).to.deep.equal(["get nodes/configz n1"]);
      });

    it("a failure of the last one is one, too", async () => {
      answers = { "get nodes/proxy n1": unavailable };
      expect(await rejectionOf(authorize("/configz"))).to.equal(unavailable);
    });
  });

  describe("what nobody allows is refused", () => {
    it("by a Status that names user, verb and all candidates", async () => {
      const { candidates, status } = await refusal("/pods");
      expect(candidates).to.deep.equal(["pods", "proxy"]);
      expect(status).to.deep.equal({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message:
          'nodes "n1" is forbidden: User "jane" cannot get resource "nodes/pods" or "nodes/proxy" in API group "" at the cluster scope',
        reason: "Forbidden",
        details: { name: "n1", kind: "nodes" },
        code: 403,
      });
    });

    it("with the authorizer's reasons, each once", async () => {
      const broken: AccessDecision = { decision: "noOpinion", reason: "RBAC: role x not found" };
      answers = { "get nodes/pods n1": broken, "get nodes/proxy n1": broken };
      expect((await refusal("/pods")).status.message).to.match(
        / at the cluster scope: RBAC: role x not found$/,
      );
    });

    it("without what a browser could take for markup", async () => {
      const eve = { username: "<b>&" };
      const request = { nodeName: "n1", method: "GET", path: "/metrics" };
      const decision = await createKubeletAuthorizer({ authorizer, mode: "coarse" }).authorize(eve, request);
      expect(decision)
        .to.have.nested.property("status.message")
        .that.contains('User "&lt;b&gt;&amp;" cannot get');
    });
  });

  describe("verbs", () => {
    for (const [method, verb] of [
      ["GET", "get"],
      ["HEAD", "get"],
      ["POST", "create"],
      ["PUT", "update"],
      ["PATCH", "patch"],
      ["DELETE", "delete"],
    ] as const) {
      it(`${method} is ${verb}`, async () => {
        await authorize("/stats/summary", { method });
        expect(lines()).to.deep.equal([`${verb} nodes/stats n1`]);
      });

      for (const path of [
        ...[
          "/exec",
          "/exec/shop/web/app",
          "/attach/shop/web/app",
          "/attach/shop/web/uid/app",
          "/run/shop/web/app",
        ],
        "/portForward/shop/web",
      ])
        for (const mode of ["fineGrained", "coarse"] as const)
          it(`${method} ${path} is create, ${mode}: who may only get nodes/proxy is refused`, async () => {
            answers = { [`${method === "POST" ? "get" : verb} nodes/proxy n1`]: "allow" };
            expect((await refusal(path, { method, mode })).candidates).to.deep.equal(["proxy"]);
            expect(lines()).to.deep.equal(["create nodes/proxy n1"]);
          });
    }

    it("an interactive path is one by its first segment, nothing that begins like it", async () => {
      for (const path of ["/runningpods/", "/execute", "/attached/x", "/portForwards", "/x/exec"])
        await authorize(path);
      expect(lines().filter((line) => line.startsWith("create"))).to.deep.equal([]);
    });

    for (const method of ["OPTIONS", "TRACE", "CONNECT", "get", "", "QUERY", "__proto__"])
      it(`${JSON.stringify(method)} is none: refused without asking anybody`, async () => {
        for (const path of ["/pods", "/exec/shop/web/app"]) {
          const { candidates, status } = await refusal(path, { method });
          expect(candidates).to.deep.equal([]);
          expect(status).to.include({ code: 403, reason: "Forbidden" });
          expect(status.message).to.contain(JSON.stringify(method));
        }
        expect(asked).to.deep.equal([]);
      });
  });

  describe("mode coarse", () => {
    it("asks for nodes/proxy alone where fine-grained names are later than it, and for the others as ever", async () => {
      for (const path of [
        "/pods",
        "/healthz",
        "/configz",
        "/runningpods/",
        "/containerLogs/a/b/c",
        "/metrics",
      ])
        await authorize(path, { mode: "coarse" });
      expect(lines()).to.deep.equal([...Array(5).fill("get nodes/proxy n1"), "get nodes/metrics n1"]);
    });
  });

  // KEP-2862's integration tests
  for (const [path, own] of [
    ["/configz", "configz"],
    ["/healthz", "healthz"],
    ["/pods", "pods"],
  ] as const)
    for (const mode of ["fineGrained", "coarse"] as const)
      it(`${mode}: ${path} is open to a holder of nodes/proxy, and of nodes/${own} ${mode === "coarse" ? "not" : "too"}`, async () => {
        answers = { "get nodes/proxy n1": "allow" };
        expect(await authorize(path, { mode })).to.include({ decision: "allow" });
        answers = { [`get nodes/${own} n1`]: "allow" };
        const expected = mode === "coarse" ? "refuse" : "allow";
        expect(await authorize(path, { mode })).to.include({ decision: expected });
      });

  describe("mode analog", () => {
    const mode = "analog";
    const everything = {
      "get nodes/proxy n1": "allow",
      "create nodes/proxy n1": "allow",
      "create nodes/checkpoint n1": "allow",
      "get nodes/pods n1": "allow",
      "get nodes/healthz n1": "allow",
      "get nodes/log n1": "allow",
      "get shop/pods/log web": "allow",
      "create shop/pods/exec web": "allow",
      "list pods": "allow",
      "get /healthz": "allow",
      "get /logs/syslog": "allow",
    } as const;

    for (const [path, node, analog] of [
      ["/containerLogs/shop/web/app", "get nodes/proxy n1", "get shop/pods/log web"],
      ["/exec/shop/web/app", "create nodes/proxy n1", "create shop/pods/exec web"],
      ["/pods", "get nodes/pods n1", "list pods"],
      ["/healthz", "get nodes/healthz n1", "get /healthz"],
      ["/logs/syslog", "get nodes/log n1", "get /logs/syslog"],
    ] as const) {
      it(`${path} takes ${node} and ${analog}, in that order`, async () => {
        answers = everything;
        expect(await authorize(path, { mode })).to.include({ decision: "allow" });
        expect(lines()).to.deep.equal([node, analog]);
      });

      it(`${path} without ${node} is refused by the node's candidates, the analog not being asked about`, async () => {
        answers = { [analog]: "allow" };
        const { candidates, status } = await refusal(path, { mode });
        expect(status.message).to.match(/^nodes "n1" is forbidden: /);
        expect(candidates).to.include(node.split(" ")[1]!.slice("nodes/".length));
        expect(lines()).to.not.include(analog);
      });

      it(`${path} without ${analog} is refused to whoever may do everything to nodes`, async () => {
        answers = { ...everything, [analog]: "noOpinion" };
        expect(await authorize(path, { mode })).to.include({ decision: "refuse" });
        answers = { ...everything, [analog]: "deny" };
        expect(await authorize(path, { mode })).to.include({ decision: "refuse" });
      });

      it(`${path}: a failure of the analog is no leave`, async () => {
        answers = { ...everything, [analog]: unavailable };
        expect(await rejectionOf(authorize(path, { mode }))).to.equal(unavailable);
      });
    }

    it("falls back to nodes/proxy as fineGrained does, still with the analog", async () => {
      answers = { "get nodes/proxy n1": "allow", "list pods": "allow" };
      expect(await authorize("/pods", { mode })).to.deep.equal({ decision: "allow", subresource: "proxy" });
      expect(lines()).to.deep.equal(["get nodes/pods n1", "get nodes/proxy n1", "list pods"]);
    });

    it("says what is missing, in the words of the API server that would have been asked", async () => {
      answers = { "get nodes/proxy n1": "allow", "get nodes/healthz n1": "allow" };
      const log = await refusal("/containerLogs/shop/web/app", { mode });
      expect(log.candidates).to.deep.equal(["pods/log"]);
      expect(log.status.message).to.equal(
        'pods "web" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "shop"',
      );
      expect(log.status.details).to.deep.equal({ name: "web", kind: "pods" });
      const list = await refusal("/runningpods/", { mode });
      expect(list.candidates).to.deep.equal(["pods"]);
      expect(list.status.message).to.equal(
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope',
      );
      const path = await refusal("/healthz", { mode });
      expect(path.candidates).to.deep.equal(["/healthz"]);
      expect(path.status.message).to.equal('forbidden: User "jane" cannot get path "/healthz"');
    });

    for (const [method, path] of [
      ["POST", "/checkpoint/shop/web/app"],
      ["GET", "/unknown"],
      ["GET", "/containerLogs/shop/web"],
      ["GET", "/exec/shop"],
    ] as const)
      it(`${method} ${path} has no analog: refused, though the node is open`, async () => {
        answers = everything;
        const { candidates, status } = await refusal(path, { mode, method });
        expect(candidates).to.deep.equal([]);
        expect(status.message)
          .to.match(/^nodes "n1" is forbidden: .*analog/)
          .and.to.contain(path);
      });

    it("a HEAD of a path is asked for as head, of the node as get", async () => {
      answers = { "get nodes/healthz n1": "allow", "head /healthz": "allow" };
      expect(await authorize("/healthz", { mode, method: "HEAD" })).to.include({ decision: "allow" });
    });
  });

  for (const mode of ["fineGrained", "coarse", "analog"] as const) {
    for (const path of [
      "/metrics/../exec/ns/p/c",
      "//exec/ns/p/c",
      "/%70ods",
      "/metrics;/x",
      "pods",
      "",
      "/pods?x=1",
    ])
      it(`${mode}: ${JSON.stringify(path)} is refused before anybody is asked`, async () => {
        expect(await rejectionOf(authorize(path, { mode }))).to.include({ code: "ERR_REQUEST_PATH" });
        expect(asked).to.deep.equal([]);
      });

    it(`${mode}: without a node nobody is asked: its absence would stand for all nodes`, async () => {
      expect(await rejectionOf(authorize("/pods", { mode, nodeName: "" }))).to.include({
        code: "ERR_REQUEST_INVALID",
      });
      expect(asked).to.deep.equal([]);
    });

    it(`${mode}: hands on the caller's signal`, async () => {
      const { signal } = new AbortController();
      const signals: unknown[] = [];
      const kubelet = createKubeletAuthorizer({
        mode,
        authorizer: {
          authorize(_, options) {
            signals.push(options?.signal);
            return { decision: "allow", reason: "" };
          },
        },
      });
      await kubelet.authorize(user, { nodeName: "n1", method: "GET", path: "/healthz" }, { signal });
      expect(new Set(signals)).to.deep.equal(new Set([signal]));
    });
  }
});
