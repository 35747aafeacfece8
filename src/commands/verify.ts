import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { CountersignError } from "../errors.ts";
import { inspectToken } from "../inspection/token-inspection.ts";
import { Secret } from "../secret.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import { outputFlag } from "./output-flag.ts";
import { formatTokenInspection } from "./token-findings-text.ts";
import { type RouteFlags, verifiedRoute } from "./verified-route.ts";

/** Holds a token against a route, and says of each check whether it passed and what it compared. 0 accepted, 1 refused. */
export const verify: Command = defineCommand({
  name: "verify",
  summary: "Explain every check of a token, passed or failed, with the two values compared",
  example: "countersign verify --config server.yaml --path /validate/pods --token-file token",
  flags: {
    "token-file": { type: "string", value: "FILE", summary: "the token; default: standard input" },
    config: { type: "string", value: "FILE", summary: "hold it against a route of this ServerConfiguration" },
    path: { type: "string", value: "PATH", summary: "the route; with --config" },
    issuer: { type: "string", value: "URL", summary: "the expected iss; default: whoever the cluster says" },
    "jwks-file": { type: "string", value: "FILE", summary: "the issuer's keys, instead of the cluster's" },
    audience: { type: "string", value: "AUDIENCE", multiple: true, summary: "an audience that is accepted" },
    "service-account": {
      type: "string",
      value: "NS/NAME",
      multiple: true,
      summary: "a caller that is accepted with a plain token, or with one for all API groups",
    },
    "api-group": {
      type: "string",
      value: "GROUP",
      summary: "the review's resource.group, as a review would say it",
    },
    ...clusterFlags,
    output: outputFlag(["text", "json"]),
  },
  async run({ flags }, io) {
    const token = await readToken(flags["token-file"], io);
    const { route, close } = await verifiedRoute(flags satisfies RouteFlags, io.env);
    try {
      const apiGroup = flags["api-group"];
      const inspection = await inspectToken({ token, route, ...(apiGroup !== undefined && { apiGroup }) });
      io.stdout.write(
        flags.output === "json"
          ? `${JSON.stringify(inspection, undefined, 2)}\n`
          : formatTokenInspection(inspection),
      );
      return inspection.accepted ? 0 : 1;
    } finally {
      await close();
    }
  },
});

async function readToken(file: string | undefined, { stdin }: CommandIO): Promise<Secret> {
  const written = await (file === undefined ? text(stdin) : readTokenFile(file));
  if (written.trim() === "")
    throw new CountersignError(
      "ERR_USAGE",
      `${file ?? "standard input"} holds no token: give one, or name a --token-file`,
    );
  return new Secret(written.trim());
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CountersignError("ERR_USAGE", `--token-file ${file} cannot be read (${code})`, { cause });
  }
}
