import type { core } from "zod/mini";
import type { FieldPath } from "./yaml-document.ts";

/** A part of a configuration while its schema is judging it. */
export type Part<T> = core.ParsePayload<T>;
/** Adds a fault to a part, at a field of it. */
export type Report = (path: FieldPath, message: string) => void;

export function reporter<T>(part: Part<T>): Report {
  return (path, message) => {
    part.issues.push({ code: "custom", path: [...path], message, input: part.value, continue: true });
  };
}

/** No entry stands twice in a list, whatever it is made of. */
export function checkDistinct(part: Part<unknown>): void {
  if (!Array.isArray(part.value)) return;
  reportRepeats(part.value, (index) => [index], reporter(part), "stands in this list already");
}

/** Reports every entry that stood earlier already. */
export function reportRepeats(
  entries: readonly unknown[],
  pathOf: (index: number) => FieldPath,
  report: Report,
  message: string,
): void {
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const key = JSON.stringify(entry);
    if (seen.has(key)) report(pathOf(index), message);
    seen.add(key);
  }
}
