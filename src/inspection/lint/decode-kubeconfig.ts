import { CountersignError } from "../../errors.ts";
import { parseKubeconfig } from "../../kubeconfig/parse-kubeconfig.ts";
import { type Decoded, originOf } from "./decoded.ts";
import type { LintDocument } from "./lint-document.ts";
import type { KubeconfigSubject, UserSubject } from "./lint-subjects.ts";

/** The kubeconfig of an API server's webhooks. */
export function decodeKubeconfig(document: LintDocument): Decoded<KubeconfigSubject> {
  const { file, text = JSON.stringify(document.value) } = document;
  const origin = { ...originOf(document), object: "Config" };
  try {
    const kubeconfig = parseKubeconfig(text, file);
    const written = writtenUsers(document.value);
    const users = [...kubeconfig.users].map(([name, user]): UserSubject => {
      const index = written.findIndex((entry) => entry.name === name);
      const object = `Config/${name}`;
      return {
        origin: { ...origin, object },
        path: ["users", index],
        kubeconfig,
        name,
        user,
        command: written[index]?.user?.exec?.command,
        unreadable: new Map(),
      };
    });
    return { subjects: [{ origin, path: [], kubeconfig, users }], findings: [] };
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const [, line, message = error.message] = /:(\d+): (.*)$/s.exec(error.message) ?? [];
    const finding = {
      severity: "error",
      code: "kubeconfig-invalid",
      object: "Config",
      field: "",
      file,
      message,
    } as const;
    return { subjects: [], findings: [line === undefined ? finding : { ...finding, line: Number(line) }] };
  }
}

interface WrittenUser {
  readonly name: string;
  readonly user?: { readonly exec?: { readonly command?: string } | null } | null;
}

/** Read a second time only after parsing has found every type right. */
function writtenUsers(value: unknown): readonly WrittenUser[] {
  return (value as { readonly users?: readonly WrittenUser[] | null }).users ?? [];
}
