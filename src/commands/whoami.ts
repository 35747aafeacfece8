import { CountersignError } from "../errors.ts";
import type { Impersonation } from "../kubeconfig/user-credentials.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { createRestClient } from "../transport/rest-client.ts";
import { reviewSelf } from "../transport/self-subject-review.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { type Command, defineCommand } from "./command.ts";
import { outputFlag } from "./output-flag.ts";
import { printExplanation, printReview } from "./whoami-report.ts";

/** Prints who the server takes us for, as `kubectl auth whoami` does. */
export const whoami: Command = defineCommand({
  name: "whoami",
  summary: "Ask an API server who it takes you for",
  example: "countersign whoami --explain",
  flags: {
    ...clusterFlags,
    as: { type: "string", value: "USER", summary: "ask as this user, which needs the verb impersonate" },
    "as-group": { type: "string", value: "GROUP", multiple: true, summary: "of the user named by --as" },
    "as-uid": { type: "string", value: "UID", summary: "of the user named by --as" },
    output: outputFlag(["table", "json", "yaml"], "as kubectl auth whoami prints it"),
    explain: {
      type: "boolean",
      summary: "also say what was presented, and which authenticator knew it where the server tells",
    },
  },
  async run({ flags }, io) {
    const { client: options, credentials = [] } = await findCluster({ ...flags, env: io.env });
    const impersonate = impersonationOf(flags, options.impersonate);
    const presented = { credentials, impersonated: impersonate?.user };
    const client = createRestClient({ ...options, impersonate });
    try {
      const { review, authenticatedBy } = await reviewSelf(client);
      io.stdout.write(printReview(review, flags.output));
      if (!flags.explain) return 0;
      const text = printExplanation({ authenticatedBy, ...presented });
      // beside JSON and YAML, which a program reads
      if (flags.output === "table") io.stdout.write(`\n${text}`);
      else io.stderr.write(text);
      return 0;
    } catch (error) {
      if (flags.explain)
        io.stderr.write(
          printExplanation({ authenticatedBy: undefined, ...presented, refusal: refusalOf(error) }),
        );
      throw error;
    } finally {
      client.close();
    }
  },
});

/** The message of the Status that an error tells of, where there was one. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof CountersignError) || error.code !== "ERR_API_STATUS") return undefined;
  const { message } = (error.cause ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : undefined;
}

interface ImpersonationFlags {
  readonly as: string | undefined;
  readonly "as-group": readonly string[];
  readonly "as-uid": string | undefined;
}

/** Each flag takes the place of the kubeconfig's own, as kubectl has it. */
function impersonationOf(
  { as, "as-group": groups, "as-uid": uid }: ImpersonationFlags,
  configured: Impersonation | undefined,
): Impersonation | undefined {
  const user = as || configured?.user;
  if (user === undefined) {
    if (groups.length === 0 && !uid) return undefined;
    throw new CountersignError("ERR_USAGE", "--as-group and --as-uid say more of a user that --as names");
  }
  const wantedUid = uid || configured?.uid;
  return {
    user,
    ...(wantedUid !== undefined && { uid: wantedUid }),
    groups: groups.length > 0 ? groups : (configured?.groups ?? []),
    extra: configured?.extra ?? {},
  };
}
