import type { TextSink } from "../command.ts";

/** Tells the story, and remembers what did not go as told. */
export interface Narrator {
  act(title: string): void;
  say(text: string): void;
  /** A line that is true or not: the demo fails where one is not. */
  check(claim: string, held: boolean, seen?: string): void;
  readonly broken: readonly string[];
}

export function createNarrator(out: TextSink): Narrator {
  const broken: string[] = [];
  let acts = 0;
  return {
    broken,
    act(title) {
      acts += 1;
      out.write(`\n${acts}. ${title}\n`);
    },
    say(text) {
      out.write(`${text.replace(/^/gm, "   ")}\n`);
    },
    check(claim, held, seen) {
      if (!held) broken.push(claim);
      out.write(`   ${held ? "✔" : "✘"} ${claim}\n`);
      if (seen !== undefined) out.write(`     ${seen}\n`);
    },
  };
}
