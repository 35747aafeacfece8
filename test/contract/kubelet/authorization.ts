import { expect } from "chai";
import { administrator, createCaller } from "./callers.ts";
import { ask, type KubeletResponse } from "./kubelet-request.ts";
import type { KubeletContract } from "./kubelet-target.ts";

interface Row {
  readonly method?: string;
  readonly path: string;
  /** The subresources of nodes that open it, in the order in which they are asked about. */
  readonly by: readonly string[];
  /** What whoever may is answered. */
  readonly status: number;
}

const pod = "/default/none-of-this-name";
const rows: readonly Row[] = [
  ...["", "/cadvisor", "/resource", "/probes", "/slis"].map(
    (below) => ({ path: `/metrics${below}`, by: ["metrics"], status: 200 }) as const,
  ),
  ...["", "/ping", "/log", "/syncloop"].map(
    (below) => ({ path: `/healthz${below}`, by: ["healthz", "proxy"], status: 200 }) as const,
  ),
  { path: "/pods", by: ["pods", "proxy"], status: 200 },
  { path: "/pods/", by: ["pods", "proxy"], status: 200 },
  { path: "/runningpods/", by: ["pods", "proxy"], status: 200 },
  { path: "/stats/summary", by: ["stats"], status: 200 },
  { path: "/stats/", by: ["stats"], status: 404 },
  { path: "/configz", by: ["configz", "proxy"], status: 200 },
  { path: "/flagz", by: ["configz"], status: 200 },
  { path: "/statusz", by: ["statusz"], status: 200 },
  { path: "/logs/", by: ["log"], status: 200 },
  { path: "/logs/none-of-this-name", by: ["log"], status: 404 },
  { path: `/containerLogs${pod}/app`, by: ["proxy"], status: 404 },
  { path: `/exec${pod}/app?command=id&output=1`, by: ["proxy"], status: 404 },
  { path: `/exec${pod}/uid/app?command=id&output=1`, by: ["proxy"], status: 404 },
  { path: `/attach${pod}/app?output=1`, by: ["proxy"], status: 404 },
  { path: `/portForward${pod}`, by: ["proxy"], status: 404 },
  { path: "/debug/pprof/cmdline", by: ["proxy"], status: 200 },
  { path: "/debug/flags/v", by: ["proxy"], status: 406 },
  { method: "POST", path: `/run${pod}/app?cmd=id`, by: ["proxy"], status: 404 },
  { method: "POST", path: `/exec${pod}/app?command=id&output=1`, by: ["proxy"], status: 404 },
  { method: "POST", path: `/checkpoint${pod}/app`, by: ["checkpoint"], status: 404 },
  { method: "POST", path: "/pods", by: ["pods", "proxy"], status: 405 },
];

const grants = ["metrics", "healthz", "pods", "configz", "statusz", "stats", "log", "checkpoint", "proxy"];

/** KEP-2862 as it shipped: kubernetes/kubernetes pkg/kubelet/server/auth.go, every path by every grant. */
export function describeAuthorization(contract: KubeletContract): void {
  describe("authorization", () => {
    const answers = async (credentials: Parameters<typeof ask>[2]) => {
      const found: Record<string, number | string> = {};
      for (const { method = "GET", path } of rows)
        found[`${method} ${path}`] = outcome(await ask(contract.target(), path, credentials, { method }));
      return found;
    };
    const expected = (username: string, granted: readonly string[]) =>
      Object.fromEntries(
        rows.map(({ method = "GET", path, by, status }) => {
          const may = by.some((subresource) => granted.includes(subresource));
          return [`${method} ${path}`, may ? status : forbidden(username, method, by)];
        }),
      );

    it("refuses everything to a ServiceAccount without grants, and names what was asked about", async () => {
      const caller = await createCaller(contract, []);
      expect(await answers(caller)).to.deep.equal(expected(caller.username, []));
    });

    for (const subresource of grants)
      it(`opens to nodes/${subresource} what is its own, and nothing else`, async () => {
        const caller = await createCaller(contract, [{ subresource, verbs: ["get", "create"] }]);
        expect(await answers(caller)).to.deep.equal(expected(caller.username, [subresource]));
      });

    it("opens everything to system:masters", async () => {
      expect(await answers(administrator(contract))).to.deep.equal(expected("", grants));
    });

    it("takes the verb from the method: get opens no POST", async () => {
      const caller = await createCaller(contract, [{ subresource: "proxy" }]);
      const { status, text } = await ask(contract.target(), `/run${pod}/app?cmd=id`, caller, {
        method: "POST",
      });
      expect({ status, text }).to.deep.equal({
        status: 403,
        text: `Forbidden (user=${caller.username}, verb=create, resource=nodes, subresource(s)=[proxy])\n`,
      });
    });

    it("knows no verb for HEAD, so that only every verb opens it", async () => {
      const reader = await createCaller(contract, [{ subresource: "metrics" }]);
      const owner = await createCaller(contract, [{ subresource: "metrics", verbs: ["*"] }]);
      const head = { method: "HEAD" };
      expect((await ask(contract.target(), "/metrics", reader, head)).status).to.equal(403);
      expect((await ask(contract.target(), "/metrics", owner, head)).status).to.equal(200);
    });

    it("opens a node only to who may this node", async () => {
      const { nodeName } = contract.target();
      const mine = await createCaller(contract, [{ subresource: "metrics", nodeName }]);
      const others = await createCaller(contract, [{ subresource: "metrics", nodeName: "another" }]);
      expect((await ask(contract.target(), "/metrics", mine)).status).to.equal(200);
      expect((await ask(contract.target(), "/metrics", others)).status).to.equal(403);
    });
  });
}

const verbs: Readonly<Record<string, string>> = { GET: "get", POST: "create" };

function forbidden(username: string, method: string, by: readonly string[]): string {
  return `403 Forbidden (user=${username}, verb=${verbs[method]}, resource=nodes, subresource(s)=[${by.join(" ")}])\n`;
}

/** Of a refusal the text as well. */
function outcome({ status, text }: KubeletResponse): number | string {
  return status === 403 ? `403 ${text}` : status;
}
