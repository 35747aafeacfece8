import { isNode, LineCounter, parseDocument } from "yaml";
import { CountersignError } from "../errors.ts";
import { nestsTooDeeply } from "../yaml-nesting.ts";

/** One mapping of a YAML file, read field by field: what is there has its type, or the error says where it stands. */
export interface YamlFields {
  string(name: string): string | undefined;
  boolean(name: string): boolean | undefined;
  strings(name: string): readonly string[] | undefined;
  fields(name: string): YamlFields | undefined;
  list(name: string): readonly YamlFields[];
  names(): readonly string[];
  /** An error about this mapping or one of its fields. */
  fault(message: string, name?: string): CountersignError;
}

type Path = readonly (string | number)[];
type FaultAt = (path: Path, message: string) => CountersignError;

/**
 * Reads one YAML or JSON document whose root is a mapping; an empty one is an empty mapping. Unknown fields pass, `null`
 * counts as absent, as clientcmd has it.
 * @throws ERR_KUBECONFIG with file, line and field.
 */
export function readYamlFields(text: string, file: string): YamlFields {
  if (nestsTooDeeply(text)) throw kubeconfigError(`${file}: is nested too deeply`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const [syntax] = document.errors;
  if (syntax !== undefined)
    throw kubeconfigError(`${file}:${lineAt(syntax.pos[0])}: ${syntax.message.split("\n")[0]}`);
  const faultAt: FaultAt = (path, message) => {
    const node = document.getIn(path, true);
    const line = isNode(node) && node.range ? `:${lineAt(node.range[0])}` : "";
    return kubeconfigError(`${file}${line}: ${path.length === 0 ? "" : `${formatPath(path)}: `}${message}`);
  };
  return mapping(plainValue(document, file) ?? {}, [], faultAt);
}

function plainValue(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // an alias without an anchor, or one that would unfold to more than a kubeconfig can mean
    throw kubeconfigError(`${file}: ${(error as Error).message}`, error);
  }
}

function mapping(value: unknown, path: Path, faultAt: FaultAt): YamlFields {
  if (typeOf(value) !== "a mapping") throw faultAt(path, `must be a mapping, is ${typeOf(value)}`);
  const members = value as Readonly<Record<string, unknown>>;
  const read = (name: string, wanted: string): unknown => {
    const member = Object.hasOwn(members, name) ? members[name] : undefined;
    if (member === undefined || member === null) return undefined;
    if (typeOf(member) !== wanted) throw faultAt([...path, name], `must be ${wanted}, is ${typeOf(member)}`);
    return member;
  };
  const items = (name: string): readonly unknown[] | undefined =>
    read(name, "a list") as readonly unknown[] | undefined;
  return {
    string: (name) => read(name, "a string") as string | undefined,
    boolean: (name) => read(name, "true or false") as boolean | undefined,
    strings: (name) =>
      items(name)?.map((item, index) => {
        if (typeof item === "string") return item;
        throw faultAt([...path, name, index], `must be a string, is ${typeOf(item)}`);
      }),
    fields(name) {
      const member = read(name, "a mapping");
      return member === undefined ? undefined : mapping(member, [...path, name], faultAt);
    },
    list: (name) => (items(name) ?? []).map((item, index) => mapping(item, [...path, name, index], faultAt)),
    names: () => Object.keys(members),
    fault: (message, name) => faultAt(name === undefined ? path : [...path, name], message),
  };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "boolean" ? "true or false" : `a ${typeof value}`;
}

function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

function kubeconfigError(message: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_KUBECONFIG", message, cause === undefined ? undefined : { cause });
}
