/**
 * The known name a misspelt one was most likely meant to be, or undefined where none is near: at most a third of the
 * letters wrong, swapped neighbours counting as one fault, case as none.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    const bearable = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    if (distance <= bearable && (best === undefined || distance < best.distance))
      best = { name: candidate, distance };
  }
  return best?.name;
}

/** ` (did you mean "x"?)`, to hang on a message, or nothing. */
export function didYouMean(name: string, known: Iterable<string>, prefix = ""): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : ` (did you mean ${prefix}${nearest}?)`;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(left: string, right: string): number {
  // names are short; a hostile long one must not buy a quadratic table
  if (left.length > 128 || right.length > 128) return left === right ? 0 : Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1])
        cost = Math.min(cost, (beforeLast[column - 2] ?? cost) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length]!;
}
