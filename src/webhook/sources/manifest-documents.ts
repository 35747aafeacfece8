import type { ConfigurationFault } from "../../configuration/faults.ts";
import type { FieldPath } from "../../configuration/yaml-document.ts";
import {
  parseYamlDocuments,
  partOfDocument,
  withoutNulls,
  type YamlDocument,
} from "../../configuration/yaml-document.ts";

/** One object of a manifest file, whose positions are the file's. */
export interface ManifestDocument extends YamlDocument {
  /** Where the object stands in its document: not at its root where it is an item of a List. */
  readonly path: FieldPath;
}

export interface ManifestDocuments {
  readonly documents: readonly ManifestDocument[];
  readonly faults: readonly ConfigurationFault[];
}

/**
 * The objects of a YAML or JSON text, each `v1` `List` taken apart, Lists in it too. What is null is left out, as Go
 * decodes it.
 */
export function parseManifestDocuments(text: string): ManifestDocuments {
  const read = parseYamlDocuments(text);
  return {
    faults: read.flatMap(({ faults }) => faults.map((fault) => ({ ...fault, field: "" }))),
    documents: read.flatMap((document) =>
      document.value === undefined ? [] : takeApart(document, withoutNulls(document.value), []),
    ),
  };
}

function takeApart(document: YamlDocument, value: unknown, path: FieldPath): ManifestDocument[] {
  if (isObject(value) && value.apiVersion === "v1" && value.kind === "List") {
    const { items = [] } = value;
    if (Array.isArray(items))
      return items.flatMap((item, index) => takeApart(document, item, [...path, "items", index]));
  }
  return [{ ...partOfDocument(document, path, value), path }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
