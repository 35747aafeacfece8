import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createAdmissionHandler } from "../../src/admission/handler.ts";
import type { Policy } from "../../src/admission/policy.ts";
import type { AdmissionResponse } from "../../src/apis/admission.ts";
import { decoded } from "../admission/deployment-review.ts";

/** A folder outside of everything, as a user's would be. */
export interface PolicyFolder {
  readonly path: string;
  /** Writes a file below it, with the folders it needs, and gives its path. */
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function createPolicyFolder(): Promise<PolicyFolder> {
  const path = await mkdtemp(join(tmpdir(), "countersign-policy-"));
  return {
    path,
    async write(name, text) {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** A policy's text: it allows, or denies with a message of the test's. */
export function policyText(verdict: string, head = ""): string {
  return `import { definePolicy } from "countersign";
${head}
export default definePolicy<{ metadata: { name: string } }>({
  name: "from-file",
  match: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
  validate: (review): boolean | ReturnType<typeof review.deny> => ${verdict},
});
`;
}

/**
 * Puts files into a folder as the kubelet mounts a ConfigMap: a dated folder, the symlink `..data` to it, and a symlink
 * through `..data` for each file; a later call exchanges `..data` in one step.
 */
export async function mountConfigMap(
  folder: PolicyFolder,
  files: Readonly<Record<string, string>>,
  options: { readonly keepOld?: boolean } = {},
): Promise<void> {
  const dated = `..${process.hrtime.bigint()}`;
  for (const [name, text] of Object.entries(files)) await folder.write(join(dated, name), text);
  await symlink(dated, join(folder.path, "..data_tmp"));
  const old = await readlink(join(folder.path, "..data")).catch(() => undefined);
  await rename(join(folder.path, "..data_tmp"), join(folder.path, "..data"));
  for (const name of Object.keys(files))
    await symlink(join("..data", name), join(folder.path, name)).catch(() => undefined);
  if (old !== undefined && options.keepOld !== true)
    await rm(join(folder.path, old), { recursive: true, force: true });
}

/** What a route with this policy answers to the fixture's Deployment. */
export function verdictOf(policy: Policy, mutating = false): AdmissionResponse {
  const handler = createAdmissionHandler({ path: "/p", mutating, policies: () => [policy] });
  return handler.review(decoded(), undefined) as AdmissionResponse;
}
