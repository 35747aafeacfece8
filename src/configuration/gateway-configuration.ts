import * as z from "zod/mini";
import { anyNumberOf, apiVersion, duration, listener, log, text } from "./configuration-fields.ts";
import { authentication } from "./gateway-authentication-fields.ts";
import { checkAllowedPath, checkAuthorization, checkGateway } from "./gateway-configuration-checks.ts";
import { kubelet } from "./gateway-kubelet-fields.ts";
import { drain, servingFiles } from "./serving-fields.ts";
import { tracing } from "./tracing-configuration.ts";

/**
 * `GatewayConfiguration`: the one source of its types, its validation, its defaults, its JSON Schema and its table in
 * docs/gateway.md. Fields whose name ends in `File` hold a path, relative to the configuration file.
 */

const authorization = z
  .strictObject({
    mode: z.prefault(
      z
        .enum(["Webhook", "AlwaysAllow"])
        .check(
          z.describe(
            "Webhook: the API server is asked, by SubjectAccessReview. AlwaysAllow: whoever is authenticated may do everything.",
          ),
        ),
      "Webhook",
    ),
    authorizedTTL: z.prefault(
      duration.check(z.describe("How long a yes is kept. `0s`: the API server is asked each time.")),
      "5m",
    ),
    unauthorizedTTL: z.prefault(duration.check(z.describe("The same of a no.")), "30s"),
    alwaysAllowPaths: z.prefault(
      anyNumberOf(z.string().check(checkAllowedPath)).check(
        z.describe(
          "The gateway's own paths about which nobody is asked; with `*` at its end whatever begins so.",
        ),
      ),
      ["/healthz", "/readyz", "/livez"],
    ),
    alwaysAllowGroups: z.prefault(
      anyNumberOf(text).check(z.describe("Groups about whose members nobody is asked.")),
      ["system:masters"],
    ),
    kubelet: z.prefault(
      z
        .strictObject({
          mode: z.prefault(
            z
              .enum(["fineGrained", "coarse", "analog"])
              .check(
                z.describe("What a path at a kubelet needs: see the table of what tenants are granted."),
              ),
            "fineGrained",
          ),
        })
        .check(z.describe("What nodes' paths need.")),
      {},
    ),
    insecureBackend: z.prefault(
      z
        .enum(["allow", "authorize", "deny"])
        .check(
          z.describe(
            "`kubectl logs --insecure-skip-tls-verify-backend`. authorize: also the verb `skip-tls-verify-backend` on `pods/log`, which needs mode Webhook.",
          ),
        ),
      "allow",
    ),
  })
  .check(checkAuthorization, z.describe("Whether they may."));

const selfSubjectReviews = z
  .strictObject({
    selfSubjectReview: z.prefault(
      z.boolean().check(z.describe("`SelfSubjectReview`: `kubectl auth whoami`, `countersign whoami`.")),
      true,
    ),
    selfSubjectAttributesReview: z.prefault(
      z.boolean().check(z.describe("`SelfSubjectAttributesReview`, as KEP-3325 proposed it.")),
      true,
    ),
  })
  .check(z.describe("What tells callers who they are."));

export const gatewayConfigurationSchema = z
  .strictObject({
    apiVersion,
    kind: z.literal("GatewayConfiguration").check(z.describe("What this file is.")),
    listen: listener(8443, "Where callers are served, over TLS."),
    admin: listener(8080, "Where health and metrics are served, in plain HTTP."),
    tls: servingFiles,
    authentication,
    authorization: z.prefault(authorization, {}),
    kubelet,
    selfSubjectReviews: z.prefault(selfSubjectReviews, {}),
    drain,
    tracing: z.exactOptional(tracing),
    log,
  })
  .check(checkGateway);

/** A configuration file as it was understood: defaults filled in, durations read, paths absolute. */
export type GatewayConfiguration = z.output<typeof gatewayConfigurationSchema>;
