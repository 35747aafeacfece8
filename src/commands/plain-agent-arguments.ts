/** What `exec-credential` is told where an agent has the rest of it. */
export interface PlainAgentArguments {
  readonly socket: string;
  readonly onFailure: "placeholder" | "fail";
}

/**
 * The arguments where they are `--socket PATH` and perhaps `--on-failure`, in the spelling of the manifests. Any other is
 * for the flags' parser, which is not loaded for these: an API server waits for this process, and every millisecond of
 * the 30 counts.
 */
export function plainAgentArguments(args: readonly string[]): PlainAgentArguments | undefined {
  const [flag, socket, second, onFailure] = args;
  if (flag !== "--socket" || socket === undefined || socket.startsWith("-")) return undefined;
  if (args.length === 2) return { socket, onFailure: "placeholder" };
  if (args.length !== 4 || second !== "--on-failure") return undefined;
  return onFailure === "placeholder" || onFailure === "fail" ? { socket, onFailure } : undefined;
}
