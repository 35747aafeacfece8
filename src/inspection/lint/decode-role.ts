import * as z from "zod/mini";
import { type Decoded, decodeWith, originOf } from "./decoded.ts";
import type { LintDocument } from "./lint-document.ts";
import type { RoleRuleSubject } from "./lint-subjects.ts";

const list = z.exactOptional(z.array(z.string()));

const role = z.object({
  kind: z.enum(["ClusterRole", "Role"]),
  rules: z.prefault(
    z.array(
      z.object({
        apiGroups: list,
        resources: list,
        resourceNames: list,
        verbs: z.prefault(z.array(z.string()), []),
      }),
    ),
    [],
  ),
});

/** The rules of a Role or ClusterRole. */
export function decodeRole(document: LintDocument): Decoded<RoleRuleSubject> {
  const { value, findings } = decodeWith(document, role, role);
  const origin = originOf(document);
  const subjects = (value?.rules ?? []).map((rule, index): RoleRuleSubject => {
    return { origin, path: ["rules", index], kind: value!.kind, rule };
  });
  return { subjects, findings };
}
