import { expect } from "chai";
import type { Authorizer } from "../../src/authorization/authorizer.ts";
import {
  createKubeletAuthorizer,
  type KubeletAuthorizationMode,
} from "../../src/authorization/kubelet-authorization.ts";
import { assertPlainPath } from "../../src/authorization/request-path.ts";
import { CountersignError } from "../../src/errors.ts";
import { nodeEndpoint } from "../../src/kubelet/node-endpoint.ts";
import { parseNodeProxyPath } from "../../src/kubelet/node-proxy-path.ts";
import {
  createRandom,
  generateGrants,
  generateTarget,
  granting,
  methods,
  modes,
  templates,
} from "./generated-requests.ts";
import { allowsEveryReading, kubeletPathOf, readingsOf } from "./kubelet-oracle.ts";

/** The gateway's way from a request target to what is sent to a kubelet, or the code of why nothing is. */
async function forwarded(
  method: string,
  target: string,
  mode: KubeletAuthorizationMode,
  authorizer: Authorizer,
): Promise<{ readonly sent?: string; readonly refusal?: string }> {
  try {
    assertPlainPath(target);
    const proxied = parseNodeProxyPath(target.split("?")[0]!);
    if (proxied === undefined) return { refusal: "no node" };
    const { nodeName, path } = proxied;
    const { decision } = await createKubeletAuthorizer({ authorizer, mode }).authorize(
      { username: "jane" },
      { nodeName, method, path },
    );
    return decision === "allow" ? { sent: `${nodeName} ${path}` } : { refusal: "table" };
  } catch (error) {
    if (error instanceof CountersignError) return { refusal: error.code };
    throw error;
  }
}

describe("100 000 generated requests of a kubelet", () => {
  const counts = new Map<string, number>();
  const count = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1);
  const faults: string[] = [];

  before(async function () {
    this.timeout(120_000);
    const random = createRandom(2862);
    const holders = Array.from({ length: 40 }, () => generateGrants(random));
    for (let run = 0; run < 100_000; run++) {
      const [method, target, mode] = [random.pick(methods), generateTarget(random), random.pick(modes)];
      const grants = random.pick(holders);
      const { sent, refusal = "sent" } = await forwarded(method, target, mode, granting(grants));
      count(refusal);
      const allowed = allowsEveryReading(grants, mode, method, target);
      const shown = JSON.stringify([mode, method, target]);
      if (sent !== undefined && !allowed) faults.push(`sent, but the table does not allow ${shown}`);
      if (sent !== undefined && readingsOf(target).size !== 1)
        faults.push(`sent, but has several readings: ${shown}`);
      if (sent !== undefined && sent !== `n1 ${kubeletPathOf(target.split("?")[0]!)}`)
        faults.push(`sent something else: ${sent} for ${shown}`);
      if (refusal === "table" && allowed) faults.push(`refused, but the table allows ${shown}`);
      if (sent !== undefined) {
        count(`sent ${mode}`);
        count(`sent /${sent.split("/")[1]}`);
        if (nodeEndpoint(method, sent.slice("n1 ".length)) !== undefined) count("served");
      }
    }
  });

  it("never is one let through that the table does not allow, in any way to read it", () => {
    expect(faults.slice(0, 5)).to.deep.equal([]);
  });

  it("enough of them were sent, refused by their path, by their node and by the table, in every mode", () => {
    for (const what of [
      "sent",
      "served",
      "ERR_REQUEST_PATH",
      "table",
      ...modes.map((mode) => `sent ${mode}`),
    ])
      expect(counts.get(what), what).to.be.greaterThan(1_000);
    for (const what of ["no node", "ERR_REQUEST_INVALID"])
      expect(counts.get(what), what).to.be.greaterThan(100);
  });

  it("every path of the table was sent for somebody", () => {
    const first = new Set([...templates.map((path) => `sent /${path.split("/")[1]}`)]);
    for (const what of first) expect(counts.get(what), what).to.be.greaterThan(10);
  });
});
