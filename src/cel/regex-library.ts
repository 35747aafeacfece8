import { createBoundedMemo } from "./bounded-memo.ts";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import type { CelRuntime } from "./cel-runtime.ts";
import { traversal } from "./cel-values.ts";
import { compilePattern, expandedSize, type Pattern } from "./pattern.ts";

/** Compiling costs six microseconds an instruction, measured: as much as fifty operations. */
const compileCost = 50;

/** `matches` of CEL itself and Kubernetes' `find` and `findAll`, all on RE2: no pattern takes exponential time. */
export function createRegexLibrary({ charge }: CelRuntime): CelLibrary {
  const patternOf = createBoundedMemo(256, (pattern): Pattern => {
    charge(expandedSize(pattern) * compileCost);
    return compilePattern(pattern);
  });

  const prepare = (text: string, pattern: string): Pattern => {
    charge(traversal(pattern));
    const prepared = patternOf(pattern);
    charge(matchCost(text.length, prepared));
    return prepared;
  };

  const matches = (text: string, pattern: string): boolean => prepare(text, pattern).re2.matcher(text).find();

  const find = (text: string, pattern: string): string => {
    const matcher = prepare(text, pattern).re2.matcher(text);
    return matcher.find() ? (matcher.group() ?? "") : "";
  };

  const findAll = (text: string, pattern: string, limit = -1n): string[] => {
    const prepared = prepare(text, pattern);
    const found: string[] = [];
    const matcher = prepared.re2.matcher(text);
    let end = -1;
    while (BigInt(found.length) !== limit && matcher.find()) {
      // as Go: no empty match where the last one ended
      if (matcher.end() > matcher.start() || matcher.start() !== end) found.push(matcher.group() ?? "");
      end = matcher.end();
      // every search may read to the end before it settles on less
      charge(matchCost(text.length - matcher.end(), prepared));
    }
    return found;
  };

  return {
    functions: [
      celFunction("matches(string, string): bool", matches),
      celFunction("string.matches(string): bool", matches),
      celFunction("string.find(string): string", find),
      celFunction("string.findAll(string): list<string>", findAll),
      celFunction("string.findAll(string, int): list<string>", findAll),
    ],
    literalChecks: {
      "method:matches": patternOf,
      "call:matches": patternOf,
      "method:find": patternOf,
      "method:findAll": patternOf,
    },
  };
}

/** A step of the automaton is a quarter of an operation, measured. */
function matchCost(length: number, { size }: Pattern): number {
  return Math.ceil(((length + 1) * size) / 4);
}
