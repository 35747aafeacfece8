import * as z from "zod/mini";
import { checkAgent, checkHostPort } from "./agent-configuration-checks.ts";
import { apiVersion, listener, listOf, log, serviceAccount, text } from "./configuration-fields.ts";
import { tracing } from "./tracing-configuration.ts";

/**
 * `AgentConfiguration`: the one source of its types, its validation, its defaults and its JSON Schema. Fields named
 * `file` or `socket` or ending in `File` hold a path, relative to the configuration file.
 */

const cluster = z
  .strictObject({ kubeconfigFile: text, context: z.exactOptional(text) })
  .check(
    z.describe("The API server that has the webhook configurations and mints. Default: as kubectl finds it."),
  );

const tokenFile = z
  .strictObject({ host: z.string().check(checkHostPort), file: text })
  .check(z.describe("The `tokenFile` of the kubeconfig user of this name."));

const clientCertificate = z
  .strictObject({ certFile: text, keyFile: text })
  .check(z.describe("What the plugin hands to client-go beside the token."));

export const agentConfigurationSchema = z
  .strictObject({
    apiVersion,
    kind: z.literal("AgentConfiguration"),
    cluster: z.exactOptional(cluster),
    serviceAccount,
    mode: z.prefault(z.enum(["attested", "audience"]), "attested"),
    apiGroup: z.exactOptional(text),
    audiences: z.exactOptional(listOf(z.string().check(z.regex(/^\S+$/)))),
    socket: z.exactOptional(text),
    tokenFiles: z.prefault(z.array(tokenFile), []),
    clientCertificate: z.exactOptional(clientCertificate),
    // on a control plane's node the host's network is ours
    admin: listener(8081, "Where health and metrics are served, in plain HTTP.", "127.0.0.1"),
    tracing: z.exactOptional(tracing),
    log,
  })
  .check(checkAgent);

/** A configuration file as it was understood: defaults filled in, paths absolute. */
export type AgentConfiguration = z.output<typeof agentConfigurationSchema>;
