import { parseYamlDocuments, partOfDocument, type YamlDocument } from "../../configuration/yaml-document.ts";

/** One object of a file, and where in the file it stands. */
export interface LintDocument extends YamlDocument {
  readonly file: string;
  /** The object's own text, at the lines where it stands in the file; undefined for an item of a List. */
  readonly text?: string;
}

/**
 * The documents of a YAML or JSON text, Lists taken apart, empty ones left out. Aliases are read as kubectl reads them.
 * A document that cannot be read has no value, only faults.
 */
export function parseLintDocuments(text: string, file: string): readonly LintDocument[] {
  return parseYamlDocuments(text, { lenient: true }).flatMap((document): readonly LintDocument[] => {
    const items = itemsOf(document);
    return items === undefined ? [{ ...document, file }] : items.map((item) => ({ ...item, file }));
  });
}

/** The items of a List, or undefined for anything else. */
function itemsOf(document: YamlDocument): readonly YamlDocument[] | undefined {
  const { kind, items } = (document.value ?? {}) as { readonly kind?: unknown; readonly items?: unknown };
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return undefined;
  return items.map((item: unknown, index) => ({
    ...partOfDocument(document, ["items", index], item),
    faults: index === 0 ? document.faults : [],
  }));
}
