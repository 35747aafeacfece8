import { type Document, isMap, isNode, isSeq, LineCounter, parseAllDocuments } from "yaml";
import type { FieldPath, Position, SyntaxFault, YamlDocument } from "../../configuration/yaml-document.ts";
import { nestsTooDeeply } from "../../yaml-nesting.ts";

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
  if (nestsTooDeeply(text)) return [unreadableDocument(file)];
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  return [...parsed].flatMap((document) => {
    const one = createDocument(document, text, file, lines);
    if (one.value === null && one.faults.length === 0) return [];
    return itemsOf(one) ?? [one];
  });
}

function unreadableDocument(file: string): LintDocument {
  const position = { line: 1, column: 1 };
  const faults = [{ position, message: "is nested too deeply" }];
  return { file, value: undefined, faults, positionOf: () => position, positionOfKey: () => position };
}

function createDocument(
  document: Document.Parsed,
  text: string,
  file: string,
  lines: LineCounter,
): LintDocument {
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const { value, problem } = readValue(document);
  const start = document.contents?.range?.[0] ?? document.range[0];
  const faults: readonly SyntaxFault[] = [
    ...document.errors.map(({ pos, message }) => ({
      position: at(pos[0]),
      message: message.split("\n")[0]!,
    })),
    ...(problem === undefined ? [] : [{ position: at(start), message: problem }]),
  ];
  const { line, column } = at(start);
  return {
    file,
    text: "\n".repeat(line - 1) + " ".repeat(column - 1) + text.slice(start, document.range[2]),
    value,
    faults,
    positionOf: (path) => at(offsetOf(document, path) ?? start),
    positionOfKey: (path) => at(keyOffsetOf(document, path) ?? offsetOf(document, path) ?? start),
  };
}

function readValue(document: Document.Parsed): { readonly value?: unknown; readonly problem?: string } {
  const isReadable = document.errors.every(({ code }) => code === "DUPLICATE_KEY");
  if (!isReadable) return {};
  try {
    return { value: document.toJS() };
  } catch (error) {
    // an alias without an anchor, or one that would unfold to more than a manifest can mean
    return { problem: (error as Error).message };
  }
}

/** Where the value at the path begins, or the nearest thing around it. */
function offsetOf(document: Document.Parsed, path: FieldPath): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function keyOffsetOf(document: Document.Parsed, path: FieldPath): number | undefined {
  const holder = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isSeq(holder) || !isMap(holder)) return undefined;
  const key = holder.items.find((pair) => isNode(pair.key) && String(pair.key.toJSON()) === path.at(-1))?.key;
  return isNode(key) ? key.range?.[0] : undefined;
}

/** The items of a List, or undefined for anything else. */
function itemsOf({
  file,
  value,
  faults,
  positionOf,
  positionOfKey,
}: LintDocument): readonly LintDocument[] | undefined {
  const { kind, items } = (value ?? {}) as { readonly kind?: unknown; readonly items?: unknown };
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return undefined;
  return items.map((item: unknown, index) => ({
    file,
    value: item,
    faults: index === 0 ? faults : [],
    positionOf: (path) => positionOf(["items", index, ...path]),
    positionOfKey: (path) => positionOfKey(["items", index, ...path]),
  }));
}
