import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { run } from "../rig/child-process.ts";
import { type NodeCluster, startNodeCluster } from "../rig/node/node-cluster.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { createHelm, type Helm } from "./helm.ts";
import { whyNoNode } from "./requirements.ts";

export interface SharedNode {
  readonly cluster: NodeCluster;
  readonly kubectl: StrictKubectl;
  readonly helm: Helm;
  /** As system:masters. */
  readonly api: ApiClient;
}

/** The same image under another tag, for upgrades. */
export const nextTag = "next";

/** As clusters come: APIServerWebhookAuthenticationToken is off. */
export const initialGate = false;

const say = (line: string): void => void process.stdout.write(`  ${line}\n`);
const imageTimeoutMs = 5 * 60_000;
/** Everything that has to be built once, on a slow machine; a warm one needs half a minute. */
const startTimeoutMs = 35 * 60_000;

let started: Promise<SharedNode> | undefined;

/** A suite on the one node that all share. Where no node can run it is one pending test that says why: skipped, never passed. */
export function describeOnNode(title: string, define: (node: () => SharedNode) => void): void {
  describe(title, () => {
    const reason = whyNoNode();
    if (reason !== undefined) {
      it(`cannot run here: ${reason}`);
      return;
    }
    let node: SharedNode;
    before(async function () {
      this.timeout(startTimeoutMs);
      started ??= start();
      node = await started;
    });
    afterEach(async function () {
      if (this.currentTest?.state === "failed") await tell(node);
    });
    define(() => node);
  });
}

// of all suites: the node ends after the last of them
after(async () => {
  const node = await started?.catch(() => undefined);
  node?.api.close();
  await node?.cluster.stop();
});

async function start(): Promise<SharedNode> {
  const cluster = await startNodeCluster({ attestations: initialGate }, say);
  try {
    await importImage(cluster);
    return {
      cluster,
      kubectl: strictKubectl(cluster),
      helm: await createHelm(cluster, say),
      api: createApiClient({ url: cluster.url, caPem: cluster.caPem, token: cluster.adminToken }),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The image as it would be published, under the name that the chart has for it. */
async function importImage({ folder, importImages, namespaces }: NodeCluster): Promise<void> {
  mkdirSync(join(folder, "image"));
  const archive = join(folder, "image", "countersign.tar");
  const args = [resolve("scripts/image.ts"), "--output", archive];
  const { code, stdout, stderr } = await run(process.execPath, args, { timeoutMs: imageTimeoutMs });
  if (code !== 0) throw new Error(`the image could not be built: ${stderr}`);
  say(stdout.trim().replaceAll("\n", "\n  "));
  await importImages(archive);
  const name = /^countersign:\S+(?=@)/m.exec(stdout)?.[0];
  const from = `docker.io/library/${name}`;
  const to = `docker.io/library/countersign:${nextTag}`;
  const tagged = await namespaces.run(["ctr", "--namespace=k8s.io", "images", "tag", from, to]);
  if (tagged.code !== 0) throw new Error(`${from}: ${tagged.stderr}`);
}

/** What is to be seen from outside when something failed. */
async function tell({ cluster }: SharedNode): Promise<void> {
  const release = ["--namespace=countersign-system", "--selector=app.kubernetes.io/name=countersign"];
  const questions = [
    ["get", "pods", "--all-namespaces", "--output=wide"],
    ["get", "events", "--all-namespaces", "--field-selector=type!=Normal", "--sort-by=.lastTimestamp"],
    ["logs", ...release, "--tail=20", "--prefix"],
  ];
  for (const question of questions) {
    const { stdout, stderr } = await cluster.kubectl(question);
    say(`${question.join(" ")}\n${briefly(stdout)}${stderr}`);
  }
  say(briefly(cluster.namespaces.lastWords(3)));
}

function briefly(text: string): string {
  const lines = text.trim().split("\n").slice(-80);
  return lines.map((line) => line.slice(0, 300)).join("\n");
}
