import { BinaryUnavailable, releases, resolveBinary } from "../rig/binaries.ts";
import { run } from "../rig/child-process.ts";

export type Requirement =
  | "kube-apiserver 1.37"
  | "kube-apiserver 1.34"
  | "kube-controller-manager 1.37"
  | "kubectl 1.28"
  | "sample-apiserver"
  | "helm"
  | "go";

const say = (line: string): void => void process.stdout.write(`  ${line}\n`);

const binaries = {
  "kube-apiserver 1.37": [["kube-apiserver", releases["kubernetes-1.37"]]],
  "kube-apiserver 1.34": [["kube-apiserver", releases["kubernetes-1.34"]]],
  "kube-controller-manager 1.37": [["kube-controller-manager", releases["kubernetes-1.37"]]],
  "kubectl 1.28": [["kubectl", releases["kubernetes-1.28"]]],
  "sample-apiserver": [["sample-apiserver", releases["sample-apiserver"]]],
  helm: [["helm", releases.helm]],
} as const;

const known = new Map<Requirement, Promise<string | undefined>>();

/**
 * Declares a suite that needs something from outside the project. Where that cannot be had, the suite is one pending test
 * that says why: it is counted as skipped, never as passed. Builds what has to be built, so it may take minutes.
 */
export async function describeWith(
  requirements: readonly Requirement[],
  title: string,
  define: () => void,
): Promise<void> {
  const reasons: string[] = [];
  for (const requirement of requirements) {
    const reason = await (known.get(requirement) ?? remember(requirement));
    if (reason !== undefined) reasons.push(reason);
  }
  describe(title, () => {
    if (reasons.length === 0) define();
    else it(`cannot run here: ${reasons.join("; ")}`);
  });
}

function remember(requirement: Requirement): Promise<string | undefined> {
  const answer = requirement === "go" ? whyNoGo() : whyNoBinaries(requirement);
  known.set(requirement, answer);
  return answer;
}

async function whyNoGo(): Promise<string | undefined> {
  return run("go", ["version"]).then(
    ({ stdout }) => void say(stdout.trim()),
    () => "Go is not installed",
  );
}

/** Every control plane has etcd below it and is talked to with the newer kubectl. */
async function whyNoBinaries(requirement: keyof typeof binaries): Promise<string | undefined> {
  try {
    for (const [name, release] of binaries[requirement]) await resolveBinary(name, release, say);
    await resolveBinary("etcd", releases.etcd, say);
    await resolveBinary("kubectl", releases["kubernetes-1.37"], say);
    return undefined;
  } catch (error) {
    if (error instanceof BinaryUnavailable) return error.message;
    throw error;
  }
}
