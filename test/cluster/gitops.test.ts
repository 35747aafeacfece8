import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { chart, release, releaseNamespace } from "./helm.ts";
import { endsAtOnce, isReady, prepareNamespaces, serverPods, strictHelm, uninstall } from "./installation.ts";
import { labelPolicyValue } from "./policy-objects.ts";
import { describeOnNode, type SharedNode } from "./shared-node.ts";

const ways = [
  { way: "kubectl apply", flags: [] },
  { way: "server-side apply, as Argo CD and Flux do it", flags: ["--server-side", "--field-manager=gitops"] },
];

describeOnNode("the chart's objects, applied by somebody else", (node) => {
  for (const { way, flags } of ways)
    describe(`by ${way}`, () => {
      const render = (): Promise<string> =>
        strictHelm(
          node().helm,
          ["template", release, chart, `--namespace=${releaseNamespace}`, "--skip-tests", "--values=-"],
          JSON.stringify({ policies: [labelPolicyValue], server: endsAtOnce }),
        );
      let rendered: string;
      const apply = (): Promise<string> => node().kubectl(["apply", ...flags, "-f", "-"], rendered);

      before(async () => {
        await prepareNamespaces(node());
        rendered = await render();
        await apply();
        await untilReady(node());
      });
      after(async () => {
        await node().kubectl(["delete", "--ignore-not-found", "-f", "-"], rendered);
        await uninstall(node());
      });

      it("are rendered alike each time", async () => {
        expect(await render()).to.equal(rendered);
      });

      it("show no drift once the server has written its part, and are not written again", async () => {
        const versions = await versionsOf(node(), rendered);
        const { code, stdout } = await node().cluster.kubectl(["diff", ...flags, "-f", "-"], rendered);
        expect(stdout).to.equal("");
        expect(code).to.equal(0);
        await apply();
        expect(await versionsOf(node(), rendered)).to.deep.equal(versions);
      });
    });
});

async function untilReady(node: SharedNode): Promise<void> {
  await poll(
    "the applied servers to be ready",
    async () => {
      const pods = await serverPods(node);
      return (pods.length === 2 && pods.every(isReady)) || undefined;
    },
    { timeoutMs: 90_000 },
  );
}

/** Of all that was rendered, but what controllers write all the time: a Deployment's is its generation. */
async function versionsOf(node: SharedNode, rendered: string): Promise<readonly string[]> {
  const fields =
    "{range .items[*]}{.kind}/{.metadata.name} {.metadata.generation} {.metadata.resourceVersion}{'\\n'}{end}";
  const text = await node.kubectl(["get", `--output=jsonpath=${fields}`, "-f", "-"], rendered);
  return text
    .trim()
    .split("\n")
    .map((line) =>
      /^(Deployment|PodDisruptionBudget)\//.test(line) ? line.slice(0, line.lastIndexOf(" ")) : line,
    );
}
