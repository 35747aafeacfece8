/** Why there can be no node on this machine, if so. Whatever else is missing where this says nothing is a failure. */
export function whyNoNode(): string | undefined {
  if (process.platform !== "linux") return `a node needs Linux, and this is ${process.platform}`;
  return process.getuid?.() === 0 ? undefined : "a node needs root";
}
