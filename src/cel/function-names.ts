import { functionPrefix } from "./cel-function.ts";
import { type CelNode, callOf, walk } from "./cel-node.ts";
import { presenceTest } from "./presence-test.ts";

/** The engine's own that are right and cost nothing: `dyn` and `type` do not look at what they are given. */
const engineFunctions = new Set(["call:dyn", "call:type", "method:hasValue", "method:value"]);

/** Of the engine's namespaces `optional`; `cel`, whose `bind` would make expressions of exponential size, is none. */
const engineNamespaces: Readonly<Record<string, ReadonlySet<string>>> = {
  optional: new Set(["of", "none"]),
};

/** cel-go's balancing makes long chains flat; here a chain of a thousand operators is the most. */
const maxDepth = 1000;

/**
 * Turns every call in a freshly parsed tree into one of our functions, so that none of the engine's is ever run.
 * Undefined: done. Otherwise why the expression is none, in words for its author.
 */
export function rewriteFunctions(root: CelNode, functions: ReadonlySet<string>): string | undefined {
  for (const node of walk(root, maxDepth)) {
    const fault = rewriteCall(node, functions);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function rewriteCall(node: CelNode, functions: ReadonlySet<string>): string | undefined {
  const call = callOf(node);
  if (call === undefined || node.meta.alternate !== undefined) return undefined;
  const { method, name, args } = call;
  if (node.meta.macro !== undefined) {
    if (name === "has") return rewritePresenceTest(node, args[0]);
    return name === "bind" ? "cel.bind is not a function of Kubernetes' CEL" : undefined;
  }
  const key = `${method ? "method" : "call"}:${name}`;
  if (engineFunctions.has(key) || (method && isEngineNamespace(args[0], name))) return undefined;
  if (!functions.has(key))
    return `undeclared reference to ${method ? "method" : "function"} '${name}': Kubernetes' CEL has none of this name, or it is not supported here`;
  (node.args as [string])[0] = `${functionPrefix}${name}`;
  return undefined;
}

function isEngineNamespace(receiver: CelNode | undefined, name: string): boolean {
  if (receiver?.op !== "id" || typeof receiver.args !== "string") return false;
  return (
    Object.hasOwn(engineNamespaces, receiver.args) && engineNamespaces[receiver.args]?.has(name) === true
  );
}

function rewritePresenceTest(node: CelNode, operand: CelNode | undefined): string | undefined {
  if (operand?.op !== ".") return "invalid argument to has() macro: it takes the selection of a field";
  node.setMeta("macro", presenceTest(operand));
  return undefined;
}
