import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { parseAgentConfiguration } from "../../src/configuration/load-agent-configuration.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse-kubeconfig.ts";
import { curingExpression } from "../../src/webhook/endpoints/token-request-interceptor.ts";

const read = (name: string): string => readFileSync(join("docs", name), "utf8");
const manifest = (name: string) => parse(read(join("kube-apiserver", name)));
const kubeconfig = (name: string) => parseKubeconfig(read(join("kube-apiserver", name)), name);

interface Mounts {
  readonly containers: readonly { readonly volumeMounts: readonly { readonly mountPath: string }[] }[];
  readonly volumes: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
}
const mountsOf = ({ spec }: { readonly spec: Mounts }): string[] =>
  spec.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ mountPath }) => mountPath));

describe("docs/kube-apiserver", () => {
  const agent = parseAgentConfiguration(read("kube-apiserver/agent.yaml"), {
    file: "agent.yaml",
    directory: "/etc/countersign",
  });
  const [plugin] = kubeconfig("webhooks-plugin.kubeconfig").users;
  const [tokenFile] = kubeconfig("webhooks-token-files.kubeconfig").users;

  it("has the plugin ask at the agent's socket, with what the folder holds", () => {
    const { command, args = [], interactiveMode, provideClusterInfo } = plugin![1].exec!;
    expect(args.slice(-2)).to.deep.equal(["--socket", agent.socket]);
    expect([command, ...args.slice(0, 4)]).to.deep.equal(
      ["ld.so", "--library-path", "lib", "node", "exec-credential.cjs"].map((word) =>
        word.startsWith("--") ? word : `/opt/countersign/${word}`,
      ),
    );
    expect({ interactiveMode, provideClusterInfo }).to.deep.equal({
      interactiveMode: "Never",
      provideClusterInfo: true,
    });
  });

  it("has the user with a token file read what the agent writes for its host", () => {
    expect(agent.tokenFiles).to.deep.equal([{ host: tokenFile![0], file: tokenFile![1].tokenFile }]);
  });

  it("mounts what both need where both look for it", () => {
    const additions = manifest("kube-apiserver-additions.yaml");
    expect(mountsOf(additions)).to.have.members(["/etc/countersign", "/run/countersign", "/opt/countersign"]);
    expect(mountsOf(manifest("agent-pod.yaml"))).to.have.members(["/etc/countersign", "/run/countersign"]);
    for (const { spec } of [additions, manifest("agent-pod.yaml")] as { spec: Mounts }[])
      expect(spec.volumes.map(({ hostPath }) => hostPath.path)).to.have.members(mountsOf({ spec }));
  });

  it("is named by the page, which tells the cure that the agent tells", () => {
    const page = read("kube-apiserver.md");
    for (const [, file] of page.matchAll(/\]\((kube-apiserver\/[^)]+)\)/g))
      expect(read(file!)).to.not.equal("");
    const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    expect(parse(yaml!).matchConditions[0].expression).to.equal(curingExpression);
  });
});
