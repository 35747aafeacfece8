/** No configuration or manifest nests deeper than twenty levels. */
const maxDepth = 200;
const deepBlock = new RegExp(`^(?: {${maxDepth}}| *(?:[-?:] +){${maxDepth}})`, "m");

/**
 * Whether a YAML or JSON text nests deeper than any real one does. To be asked before the parser is, which recurses: near
 * the end of the stack V8 does not throw where it has to compile a regular expression, it ends the process. Brackets in
 * strings count too, so that a text may be called deep that only looks so.
 */
export function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "[" || character === "{") {
      if (++depth > maxDepth) return true;
    } else if ((character === "]" || character === "}") && depth > 0) depth--;
  }
  return deepBlock.test(text);
}
