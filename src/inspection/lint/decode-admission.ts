import * as z from "zod/mini";
import { formatFieldPath } from "../../configuration/faults.ts";
import { type Decoded, decodeWith, originOf } from "./decoded.ts";
import type { Finding } from "./finding.ts";
import type { LintDocument } from "./lint-document.ts";
import type { AdmissionSubject, PluginConfiguration, PluginSubject } from "./lint-subjects.ts";

type ObjectSchema = typeof z.object;

const text = z.prefault(z.string(), "");

function plugin(object: ObjectSchema) {
  return object({
    apiVersion: text,
    kind: text,
    kubeConfigFile: z.exactOptional(z.string()),
    staticManifestsDir: z.exactOptional(z.string()),
  });
}

function admission(object: ObjectSchema) {
  const entry = object({
    name: text,
    path: z.exactOptional(z.string()),
    configuration: z.exactOptional(z.unknown()),
  });
  return object({ apiVersion: text, kind: text, plugins: z.prefault(z.array(entry), []) });
}

const strict = z.strictObject as ObjectSchema;

/** A WebhookAdmissionConfiguration that is a file of its own. */
export function decodePlugin(document: LintDocument): Decoded<PluginSubject> {
  const { value, findings } = decodeWith(document, plugin(strict), plugin(z.object));
  const configuration: PluginConfiguration | undefined = value;
  return { subjects: [{ origin: originOf(document), path: [], configuration }], findings };
}

/** An AdmissionConfiguration with the configurations that stand in it. */
export function decodeAdmission(document: LintDocument): Decoded<AdmissionSubject> {
  const { value, findings } = decodeWith(document, admission(strict), admission(z.object));
  if (value === undefined) return { subjects: [], findings };
  const origin = originOf(document);
  const all: Finding[] = [...findings];
  const plugins = value.plugins.flatMap(({ name, configuration }, index): readonly PluginSubject[] => {
    if (!/^(Validating|Mutating)AdmissionWebhook$/.test(name)) return [];
    const path = ["plugins", index, "configuration"];
    if (configuration === undefined) return [{ origin, path, name, configuration: undefined }];
    const inner = decodePlugin(within(document, path, configuration));
    all.push(
      ...inner.findings.map((finding) => {
        const field = [formatFieldPath(path), finding.field].filter(Boolean).join(".");
        return { ...finding, object: origin.object, field };
      }),
    );
    return inner.subjects.map((subject) => ({ ...subject, origin, path, name }));
  });
  return { subjects: [{ origin, path: [], apiVersion: value.apiVersion, plugins }], findings: all };
}

/** A part of a document as a document. */
function within(document: LintDocument, path: readonly (string | number)[], value: unknown): LintDocument {
  return {
    file: document.file,
    value,
    faults: [],
    positionOf: (rest) => document.positionOf([...path, ...rest]),
    positionOfKey: (rest) => document.positionOfKey([...path, ...rest]),
  };
}
