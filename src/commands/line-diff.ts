const contextLines = 3;

interface Edit {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

/** Two texts as `-`, `+` and unchanged lines, unchanged ones only near a change; empty where they are equal. */
export function lineDiff(before: string, after: string): readonly string[] {
  const edits = editsBetween(before.split("\n"), after.split("\n"));
  const near = edits.map((_, index) =>
    edits.slice(Math.max(0, index - contextLines), index + contextLines + 1).some(({ mark }) => mark !== " "),
  );
  return edits.flatMap(({ mark, line }, index) => {
    if (near[index]) return [`${mark} ${line}`];
    return near[index - 1] ? ["  ..."] : [];
  });
}

/** The longest common subsequence's way; what both begin and end with is left out of its table. */
function editsBetween(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < Math.min(before.length, after.length) - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const same = (line: string): Edit => ({ mark: " ", line });
  return [
    ...before.slice(0, start).map(same),
    ...middleEdits(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function middleEdits(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const lengths = commonLengths(before, after);
  const edits: Edit[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const [old, fresh] = [before[row], after[column]];
    if (old !== undefined && old === fresh) {
      edits.push({ mark: " ", line: old });
      row++;
      column++;
    } else if (
      old !== undefined &&
      (fresh === undefined || lengths[row + 1]![column]! >= lengths[row]![column + 1]!)
    ) {
      edits.push({ mark: "-", line: old });
      row++;
    } else {
      edits.push({ mark: "+", line: fresh! });
      column++;
    }
  }
  return edits;
}

/** How many lines the rest from row and column on have in common, in order. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let row = before.length - 1; row >= 0; row--)
    for (let column = after.length - 1; column >= 0; column--)
      lengths[row]![column] =
        before[row] === after[column]
          ? lengths[row + 1]![column + 1]! + 1
          : Math.max(lengths[row + 1]![column]!, lengths[row]![column + 1]!);
  return lengths;
}
