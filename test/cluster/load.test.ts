import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { startAdmissionLoad, untilJudged } from "./admission-load.ts";
import { endsAtOnce, install, prepareNamespaces, serverPods, uninstall } from "./installation.ts";
import { podLoad, registriesValue } from "./policy-objects.ts";
import { describeOnNode } from "./shared-node.ts";

interface Usage {
  readonly time: string;
  readonly name: string;
  readonly memoryMib: number;
  readonly milliCores: number;
}

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string };
    readonly containers?: readonly {
      readonly cpu?: { readonly time: string; readonly usageNanoCores?: number };
      readonly memory?: { readonly workingSetBytes?: number };
    }[];
  }[];
}

/** What the chart gives a server. */
const limitMib = 256;

describeOnNode("a server's needs", (node) => {
  const usages = async (since: string): Promise<readonly Usage[] | undefined> => {
    const names = (await serverPods(node())).map(({ metadata }) => metadata.name);
    const summary = await node().kubectl(["get", "--raw=/api/v1/nodes/node1/proxy/stats/summary"]);
    const all = (JSON.parse(summary) as Summary).pods
      .filter(({ podRef }) => names.includes(podRef.name))
      .flatMap(({ podRef, containers = [] }) =>
        containers.flatMap(({ cpu, memory }) =>
          cpu?.usageNanoCores === undefined || memory?.workingSetBytes === undefined
            ? []
            : [
                {
                  time: cpu.time,
                  name: podRef.name,
                  memoryMib: Math.round(memory.workingSetBytes / 2 ** 20),
                  milliCores: Math.round(cpu.usageNanoCores / 1e6),
                },
              ],
        ),
      );
    return all.length === names.length && all.every(({ time }) => time > since) ? all : undefined;
  };
  const measure = (): Promise<readonly Usage[]> => {
    const since = new Date().toISOString();
    // the kubelet looks every ten seconds
    return poll("figures of both servers", () => usages(since), { timeoutMs: 60_000, intervalMs: 1_000 });
  };
  const show = (when: string, all: readonly Usage[]): void => {
    for (const { name, memoryMib, milliCores } of all)
      process.stdout.write(`    ${when}: ${name} ${memoryMib} MiB, ${milliCores} thousandths of a core\n`);
  };

  before(async () => {
    await prepareNamespaces(node());
    await install(node(), { policies: [registriesValue], server: endsAtOnce });
    await untilJudged({ ...podLoad, api: node().api });
  });
  after(() => uninstall(node()));

  it("are met by what the chart gives it, idle and under load", async () => {
    show("idle", await measure());
    const load = startAdmissionLoad({ ...podLoad, api: node().api, workers: 8, pauseMs: 0 });
    await measure();
    const busy = await measure();
    await load.stop();
    show(`under load, ${load.total} reviews`, busy);
    expect(load.failures.slice(0, 5), `of ${load.total}`).to.deep.equal([]);
    for (const { memoryMib } of busy) expect(memoryMib).to.be.lessThan(limitMib);
  });
});
