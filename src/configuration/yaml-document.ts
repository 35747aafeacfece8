import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  parseDocument,
} from "yaml";
import { nestsTooDeeply } from "../yaml-nesting.ts";

/** Where something stands in a file, both counted from one. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** From the root to a field: member names and list indices. */
export type FieldPath = readonly (string | number)[];

export interface SyntaxFault {
  readonly position: Position;
  readonly message: string;
}

/** A YAML or JSON text as plain values that still know where they stood. */
export interface YamlDocument {
  /** Undefined where the text could not be read. */
  readonly value: unknown;
  /** Duplicate keys among them. */
  readonly faults: readonly SyntaxFault[];
  /** Where the value at this path begins; where there is none, the nearest thing around it. */
  positionOf(path: FieldPath): Position;
  /** Where the last name of this path is written. */
  positionOfKey(path: FieldPath): Position;
}

/** Reads one YAML 1.2 document (JSON is one too). No aliases, no tags of anyone's own. */
export function parseYamlDocument(text: string): YamlDocument {
  const lines = new LineCounter();
  if (nestsTooDeeply(text)) return unreadable("is nested too deeply");
  return describe(parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines);
}

/** One document of a text that may hold several. */
export interface YamlTextDocument extends YamlDocument {
  /** The document's own text, at the lines and columns where it stands in the whole. */
  readonly text: string;
}

export interface YamlReading {
  /** Aliases and unknown tags are read as kubectl reads them; otherwise both are faults. */
  readonly lenient?: boolean;
}

/** The same for a text of several, `---` between them. Documents without contents are left out. */
export function parseYamlDocuments(text: string, reading: YamlReading = {}): readonly YamlTextDocument[] {
  const lines = new LineCounter();
  if (nestsTooDeeply(text)) return [{ ...unreadable("is nested too deeply"), text: "" }];
  return [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })]
    .filter(({ contents, errors }) => !isNothing(contents) || errors.length > 0)
    .map((document) => ({ ...describe(document, lines, reading), text: ownText(document, text, lines) }));
}

/** What stands at a path of a document, as a document of its own whose faults are told elsewhere. */
export function partOfDocument(document: YamlDocument, path: FieldPath, value: unknown): YamlDocument {
  return {
    value,
    faults: [],
    positionOf: (rest) => document.positionOf([...path, ...rest]),
    positionOfKey: (rest) => document.positionOfKey([...path, ...rest]),
  };
}

/** The value without members that are `null`: to Kubernetes they are absent. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutNulls(member)]));
}

function isNothing(contents: Node | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function ownText(document: Document.Parsed, text: string, lines: LineCounter): string {
  const start = beginningOf(document);
  const { line, column } = positionAt(lines, start);
  return "\n".repeat(line - 1) + " ".repeat(column - 1) + text.slice(start, document.range[2]);
}

function beginningOf(document: Document.Parsed): number {
  return startOf(document.contents) ?? document.range[0];
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function describe(
  document: Document.Parsed,
  lines: LineCounter,
  { lenient = false }: YamlReading = {},
): YamlDocument {
  const at = (offset: number): Position => positionAt(lines, offset);
  const problems = lenient ? document.errors : [...document.errors, ...document.warnings];
  const alias = lenient ? undefined : aliasOffset(document.contents);
  const faults = problems.map(({ pos, code, message }) => ({
    position: at(pos[0]),
    message: code === "DUPLICATE_KEY" ? "the field stands here twice: keep one" : message.split("\n")[0]!,
  }));
  if (alias !== undefined)
    faults.push({ position: at(alias), message: "an alias cannot be used here: write the value out" });
  const readable = alias === undefined && problems.every(({ code }) => code === "DUPLICATE_KEY");
  const { value, problem } = readable ? readValue(document) : {};
  const start = beginningOf(document);
  if (problem !== undefined) faults.push({ position: at(start), message: problem });
  return {
    value,
    faults,
    positionOf: (path) => at(offsetOf(document.contents, path, "value") ?? start),
    positionOfKey: (path) => at(offsetOf(document.contents, path, "key") ?? start),
  };
}

function readValue(document: Document.Parsed): { readonly value?: unknown; readonly problem?: string } {
  try {
    return { value: document.toJS() ?? {} };
  } catch (error) {
    // an alias without an anchor, or one that would unfold to more than a file can mean
    return { problem: (error as Error).message };
  }
}

function unreadable(message: string): YamlDocument {
  const position = { line: 1, column: 1 };
  return {
    value: undefined,
    faults: [{ position, message }],
    positionOf: () => position,
    positionOfKey: () => position,
  };
}

function offsetOf(root: Node | null, path: FieldPath, wanted: "key" | "value"): number | undefined {
  let node: unknown = root;
  let offset = startOf(root);
  for (const [index, part] of path.entries()) {
    const pair = isMap(node) ? node.items.find(({ key }) => scalarText(key) === String(part)) : undefined;
    if (pair !== undefined && wanted === "key" && index === path.length - 1)
      return startOf(pair.key) ?? offset;
    node = isMap(node) ? pair?.value : isSeq(node) ? node.items[Number(part)] : undefined;
    const start = startOf(node);
    if (start === undefined) return pair === undefined ? offset : (startOf(pair.key) ?? offset);
    offset = start;
  }
  return offset;
}

function scalarText(key: unknown): string | undefined {
  return isNode(key) ? String(key.toJSON()) : undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** An alias may make a small file large, or a circle; no configuration needs one. */
function aliasOffset(node: unknown): number | undefined {
  if (isAlias(node)) return startOf(node) ?? 0;
  if (isPair(node)) return aliasOffset(node.key) ?? aliasOffset(node.value);
  if (!isMap(node) && !isSeq(node)) return undefined;
  for (const item of node.items) {
    const found = aliasOffset(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
