import type { ParseResult } from "@marcbachmann/cel-js";

/** What the engine does with a node, set while it parses and checks. */
export type Evaluate = (evaluator: unknown, node: CelNode, context: unknown) => unknown;

/** A macro that stayed one: `has`, `or`, `orValue`, and ours. */
export interface CelMacro {
  evaluate: Evaluate;
  readonly args?: readonly CelNode[];
  readonly receiver?: CelNode;
  readonly arg?: CelNode;
  /** Of ours: the nodes it evaluates. */
  readonly operands?: readonly CelNode[];
}

/** What the engine knows of a type. */
export interface CheckedType {
  readonly name: string;
  readonly kind: string;
  readonly hasDynType: boolean;
  readonly hasPlaceholderType: boolean;
  readonly valueType?: CheckedType;
  readonly keyType?: CheckedType;
}

/** A node of the engine's syntax tree with what its declarations leave out. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly input: string;
  readonly meta: {
    readonly evaluate: Evaluate;
    readonly alternate?: CelNode;
    readonly macro?: CelMacro;
  };
  checkedType?: CheckedType;
  handle?: (...args: readonly unknown[]) => unknown;
  setMeta(key: string, value: unknown): this;
}

export function syntaxTree(parsed: ParseResult): CelNode {
  return parsed.ast as unknown as CelNode;
}

/** A call's name and operands; a method's receiver is the first. */
export interface CelCall {
  readonly method: boolean;
  readonly name: string;
  readonly args: readonly CelNode[];
}

export function callOf(node: CelNode): CelCall | undefined {
  if (node.op === "call") {
    const [name, args] = node.args as [string, readonly CelNode[]];
    return { method: false, name, args };
  }
  if (node.op !== "rcall") return undefined;
  const [name, receiver, args] = node.args as [string, CelNode, readonly CelNode[]];
  return { method: true, name, args: [receiver, ...args] };
}

/** The nodes that evaluating this one evaluates. */
export function childrenOf(node: CelNode): readonly CelNode[] {
  const { alternate, macro } = node.meta;
  if (alternate !== undefined) return [alternate];
  if (macro !== undefined) return macroOperands(macro);
  switch (node.op) {
    case "comprehension": {
      const { iterable, init, step } = node.args as Record<"iterable" | "init" | "step", CelNode>;
      return [iterable, init, step];
    }
    case "map":
      return (node.args as readonly (readonly CelNode[])[]).flat();
    case "call":
    case "rcall":
      return callOf(node)?.args ?? [];
    default:
      return nodesAmong(node.args);
  }
}

function macroOperands({ args, receiver, arg, operands }: CelMacro): readonly CelNode[] {
  return operands ?? [...(args ?? []), receiver, arg].filter((one) => one !== undefined);
}

function nodesAmong(args: unknown): readonly CelNode[] {
  return (Array.isArray(args) ? args : [args]).filter(isNode);
}

function isNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "setMeta" in value;
}

/**
 * Every node once, parents first. Not recursive: a chain of a thousand `||` is a thousand deep.
 * @throws RangeError where the tree is deeper than that.
 */
export function* walk(root: CelNode, maxDepth: number): Generator<CelNode> {
  const seen = new Set<CelNode>();
  const open = [{ node: root, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (seen.has(node)) continue;
    if (depth > maxDepth) throw new RangeError(`nested more than ${maxDepth} deep`);
    seen.add(node);
    yield node;
    for (const child of childrenOf(node)) open.push({ node: child, depth: depth + 1 });
  }
}
