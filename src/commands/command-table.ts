import type { Command } from "./command.ts";

export interface CommandRow {
  /** Repeated from the command, so that the list of commands loads none of them. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command there is, in the order of the help. A command is loaded when it is run, and nothing else is. */
export const commandTable: Readonly<Record<string, CommandRow>> = {
  demo: {
    summary: "Tell the whole story on the embedded control plane: who is served, who is refused, and why",
    load: async () => (await import("./demo.ts")).demo,
  },
  "control-plane": {
    summary: "Run the embedded control plane in the foreground; real kubectl works against what it serves",
    load: async () => (await import("./control-plane.ts")).controlPlane,
  },
  serve: {
    summary: "Serve admission webhooks that authenticate their callers",
    load: async () => (await import("./serve.ts")).serve,
  },
  gateway: {
    summary:
      "Give tenants pods' logs and nodes' metrics, each request authenticated and authorized on its own",
    load: async () => (await import("./gateway.ts")).gateway,
  },
  agent: {
    summary: "Keep webhooks' tokens fresh: in token files, and for exec-credential on a socket",
    load: async () => (await import("./agent.ts")).agent,
  },
  "exec-credential": {
    summary: "Give client-go a token for the webhook it is about to call (credential plugin)",
    load: async () => (await import("./exec-credential.ts")).execCredential,
  },
  token: {
    summary: "Ask for one token: for an audience, or for a webhook of a configuration",
    load: async () => (await import("./token.ts")).token,
  },
  verify: {
    summary: "Explain every check of a token, passed or failed, with the two values compared",
    load: async () => (await import("./verify.ts")).verify,
  },
  whoami: {
    summary: "Ask an API server who it takes you for",
    load: async () => (await import("./whoami.ts")).whoami,
  },
  call: {
    summary: "Send an admission review to a webhook as an API server would",
    load: async () => (await import("./call.ts")).call,
  },
  rbac: {
    summary:
      "Print exact grants, for kubectl apply -f -: for a webhook configuration's tokens, or for the gateway",
    load: async () => (await import("./rbac.ts")).rbac,
  },
  lint: {
    summary:
      "Say what can never work and what is dangerous in webhook configurations and what goes with them",
    load: async () => (await import("./lint.ts")).lint,
  },
};
