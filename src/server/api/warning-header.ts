import type { APIContext } from "./api-state.ts";

/** Tells the client something beside the answer; kubectl prints it to standard error (RFC 7234 5.5, code 299). */
export function appendWarning(context: Pick<APIContext, "append">, text: string): void {
  context.append("Warning", warningValue(text));
}

/** A quoted string, without what a header cannot hold. */
export function warningValue(text: string): string {
  const printable = text.replace(/[^\t\x20-\x7e]/g, "?").replace(/[\\"]/g, "\\$&");
  return `299 - "${printable}"`;
}
