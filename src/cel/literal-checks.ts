import { errorMessageOf } from "../errors.ts";
import { functionPrefix, type LiteralChecks } from "./cel-function.ts";
import { type CelNode, callOf, walk } from "./cel-node.ts";
import { maxInt } from "./cel-values.ts";
import { countClauses } from "./string-format.ts";

/**
 * What Kubernetes' AST validators refuse beside wrong types, in a checked tree: lists and maps of mixed types outside
 * `format()`, integers of more than 64 bits, literal patterns, timestamps and durations that are none. Undefined:
 * nothing.
 */
export function findLiteralFault(root: CelNode, checks: LiteralChecks): string | undefined {
  const negated = new Set<CelNode>();
  const formatted = new Set<CelNode>();
  for (const node of walk(root, Number.POSITIVE_INFINITY)) {
    if (node.op === "-_") negated.add(node.args as CelNode);
    if (callOf(node)?.name === `${functionPrefix}format`)
      for (const argument of walk(node, Number.POSITIVE_INFINITY)) formatted.add(argument);
    const fault =
      literalFault(node, negated.has(node)) ??
      (formatted.has(node) ? undefined : mixedFault(node)) ??
      argumentFault(node, checks) ??
      formatFault(node);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function literalFault({ op, args }: CelNode, negated: boolean): string | undefined {
  if (op !== "value" || typeof args !== "bigint") return undefined;
  return args > (negated ? maxInt + 1n : maxInt) ? `invalid int literal ${args}` : undefined;
}

function mixedFault(node: CelNode): string | undefined {
  if (node.meta.alternate !== undefined) return undefined;
  if (node.op === "list") return mixedTypes(node.args as readonly CelNode[], "list elements");
  if (node.op !== "map") return undefined;
  const entries = node.args as readonly (readonly [CelNode, CelNode])[];
  return (
    mixedTypes(
      entries.map(([key]) => key),
      "map keys",
    ) ??
    mixedTypes(
      entries.map(([, value]) => value),
      "map values",
    )
  );
}

function mixedTypes(nodes: readonly CelNode[], what: string): string | undefined {
  const names = new Set(
    nodes.flatMap(({ checkedType: type }) =>
      type === undefined || type.hasPlaceholderType ? [] : [type.name],
    ),
  );
  return names.size > 1 ? `${what} must have the same type, not ${[...names].join(" and ")}` : undefined;
}

function argumentFault(node: CelNode, checks: LiteralChecks): string | undefined {
  const call = callOf(node);
  const literal = call?.args[call.method || call.args.length > 1 ? 1 : 0];
  if (call === undefined || literal?.op !== "value" || typeof literal.args !== "string") return undefined;
  const name = call.name.replace(functionPrefix, "");
  const check = checks[`${call.method ? "method" : "call"}:${name}`];
  try {
    check?.(literal.args);
    return undefined;
  } catch (error) {
    return `invalid ${name} argument: ${error instanceof Error ? error.message : error}`;
  }
}

/** cel-go checks a constant text against its clauses, and against how many arguments stand beside it. */
function formatFault(node: CelNode): string | undefined {
  const call = callOf(node);
  const [text, args] = call?.args ?? [];
  if (call?.name !== `${functionPrefix}format` || text?.op !== "value") return undefined;
  try {
    const clauses = countClauses(text.args as string);
    const given = args?.op === "list" ? (args.args as readonly CelNode[]).length : clauses;
    return clauses === given ? undefined : `format takes ${clauses} arguments here, not ${given}`;
  } catch (error) {
    return errorMessageOf(error);
  }
}
