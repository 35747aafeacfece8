import { EvaluationError } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { errorMessageOf } from "../errors.ts";

/** A pattern that runs in time linear in its input. */
export interface Pattern {
  readonly re2: RE2JS;
  /** What matching costs is proportional to: how many instructions each character may pass. */
  readonly size: number;
}

/** Go's own bound is megabytes of program; this is what compiles in 60 ms. */
const maxInstructions = 10_000;
const maxPatternLength = 10_000;

/**
 * A pattern in the syntax of RE2, as Go's regexp takes it.
 * @throws EvaluationError where it is none, or would make too large a program.
 */
export function compilePattern(pattern: string): Pattern {
  if (pattern.length > maxPatternLength || expandedSize(pattern) > maxInstructions)
    throw new EvaluationError("regular expression is too large");
  try {
    const re2 = RE2JS.compile(pattern);
    return { re2, size: re2.programSize() };
  } catch (error) {
    throw new EvaluationError(errorMessageOf(error));
  }
}

/**
 * At least what a pattern is once its repetitions are written out: seven characters, `a{1000}`, are a thousand
 * instructions. Counts what an escape or class contains as well, which errs upwards.
 */
export function expandedSize(pattern: string): number {
  const groups: number[] = [];
  let size = 0;
  let last = 0;
  for (let i = 0; i < pattern.length; i++) {
    const repetition =
      pattern[i] === "{" ? /^\{([0-9]+)(?:,([0-9]*))?\}/.exec(pattern.slice(i, i + 16)) : null;
    if (repetition !== null) {
      size += last * (Math.max(Number(repetition[1]), Number(repetition[2] ?? 0), 1) - 1);
      last *= Math.max(Number(repetition[1]), Number(repetition[2] ?? 0), 1);
      i += repetition[0].length - 1;
    } else if (pattern[i] === "(") {
      groups.push(size);
    } else if (pattern[i] === ")") {
      const before = groups.pop() ?? 0;
      last = size - before;
    } else {
      if (pattern[i] === "\\") i++;
      size += 1;
      last = 1;
    }
  }
  return size;
}
