import type { Command } from "./command.ts";

export interface CommandRow {
  /** Repeated from the command, so that the list of commands loads none of them. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command there is, in the order of the help. A command is loaded when it is run, and nothing else is. */
export const commandTable: Readonly<Record<string, CommandRow>> = {
  "exec-credential": {
    summary: "Give client-go a token for the webhook it is about to call (credential plugin)",
    load: async () => (await import("./exec-credential.ts")).execCredential,
  },
};
