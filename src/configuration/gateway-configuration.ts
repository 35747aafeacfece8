import * as z from "zod/mini";
import { apiVersion, duration, listener, listOf, log, text } from "./configuration-fields.ts";
import { checkDistinct } from "./distinct-entries.ts";
import {
  checkAddressRange,
  checkAllowedPath,
  checkAnonymous,
  checkAuthenticationMethods,
  checkExactPath,
  checkGateway,
  checkRequestHeader,
  checkReviewAudiences,
} from "./gateway-configuration-checks.ts";
import { drain, servingFiles } from "./serving-fields.ts";
import { tracing } from "./tracing-configuration.ts";

/**
 * `GatewayConfiguration`: the one source of its types, its validation, its defaults and its JSON Schema. Fields whose
 * name ends in `File` hold a path, relative to the configuration file.
 */

function anyNumberOf<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).check(checkDistinct);
}

const requestHeader = z
  .strictObject({
    fromConfigMap: z.exactOptional(z.boolean()),
    caFile: z.exactOptional(text),
    allowedNames: z.exactOptional(anyNumberOf(text)),
    usernameHeaders: z.exactOptional(listOf(text)),
    uidHeaders: z.exactOptional(anyNumberOf(text)),
    groupHeaders: z.exactOptional(anyNumberOf(text)),
    extraHeaderPrefixes: z.exactOptional(anyNumberOf(text)),
  })
  .check(
    checkRequestHeader,
    z.describe(
      "A front proxy that says who its users are: the cluster's own (fromConfigMap), or one whose certificate caFile verifies. Left out, none is believed.",
    ),
  );

const tokenReview = z
  .strictObject({
    audiences: z.prefault(anyNumberOf(text), []),
    implicitAudiences: z.prefault(anyNumberOf(text), []),
    cacheTTL: z.prefault(duration, "2m"),
    timeout: z.prefault(duration, "10s"),
  })
  .check(
    checkReviewAudiences,
    z.describe(
      "Bearer tokens, by the API server's TokenReview. Without audiences a token for the API server is good here too. Left out, no token is accepted.",
    ),
  );

const anonymous = z.union([
  z.boolean(),
  z
    .strictObject({
      enabled: z.boolean(),
      conditions: z.exactOptional(listOf(z.strictObject({ path: z.string().check(checkExactPath) }))),
    })
    .check(checkAnonymous),
]);

const authentication = z
  .strictObject({
    clientCAFile: z.exactOptional(text),
    clientCAFromConfigMap: z.prefault(z.boolean(), false),
    requestHeader: z.exactOptional(requestHeader),
    tokenReview: z.exactOptional(tokenReview),
    anonymous: z.prefault(anonymous, false),
    impersonation: z.prefault(
      z.boolean().check(z.describe("false: whoever sends Impersonate-* is refused.")),
      true,
    ),
  })
  .check(checkAuthenticationMethods);

const authorization = z.strictObject({
  mode: z.prefault(z.enum(["Webhook", "AlwaysAllow"]), "Webhook"),
  authorizedTTL: z.prefault(duration, "5m"),
  unauthorizedTTL: z.prefault(duration, "30s"),
  alwaysAllowPaths: z.prefault(anyNumberOf(z.string().check(checkAllowedPath)), [
    "/healthz",
    "/readyz",
    "/livez",
  ]),
  alwaysAllowGroups: z.prefault(anyNumberOf(text), ["system:masters"]),
  kubelet: z.prefault(
    z.strictObject({ mode: z.prefault(z.enum(["fineGrained", "coarse", "analog"]), "fineGrained") }),
    {},
  ),
  insecureBackend: z.prefault(
    z
      .enum(["allow", "authorize", "deny"])
      .check(
        z.describe(
          "kubectl logs --insecure-skip-tls-verify-backend. authorize: also the verb skip-tls-verify-backend on pods/log.",
        ),
      ),
    "allow",
  ),
});

const clientCertificate = z
  .strictObject(
    { certFile: text, keyFile: text },
    {
      error:
        "is required: a client certificate is the only credential that kubelets are ever shown. Have one signed by a CertificateSigningRequest of signer kubernetes.io/kube-apiserver-client and grant its user the kubelets' nodes/* (docs/gateway.md)",
    },
  )
  .check(z.describe("What kubelets are shown, on verified and unverified connections alike."));

const addressType = z.enum(["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"]);

const kubelet = z.strictObject(
  {
    clientCertificate,
    caFile: text.check(z.describe("Verifies kubelets' serving certificates.")),
    nodeNames: z.prefault(
      z
        .enum(["verify", "ignore"])
        .check(
          z.describe("verify: a kubelet's certificate must be system:node:NAME of its own node (KEP-4872)."),
        ),
      "verify",
    ),
    // upstream's order
    addressTypes: z.prefault(listOf(addressType), [
      "Hostname",
      "InternalDNS",
      "InternalIP",
      "ExternalDNS",
      "ExternalIP",
    ]),
    addressRanges: z.prefault(
      anyNumberOf(z.string().check(checkAddressRange)).check(
        z.describe(
          "CIDRs: only addresses in them are dialled. Empty: all but loopback, link-local, unspecified, multicast and the API server's own.",
        ),
      ),
      [],
    ),
    ports: z.prefault(
      listOf(z.int().check(z.gte(1), z.lte(65_535))).check(
        z.describe("What a node may name as its kubelet's port."),
      ),
      [10_250],
    ),
    interactive: z.prefault(
      anyNumberOf(z.enum(["exec", "attach", "portForward", "run"])).check(
        z.describe("Off unless named here; each needs `create`, whatever the HTTP method."),
      ),
      [],
    ),
    timeout: z.prefault(duration.check(z.describe("Until the head of a kubelet's answer.")), "30s"),
  },
  { error: "is required: clientCertificate and caFile in it are" },
);

const selfSubjectReviews = z.strictObject({
  selfSubjectReview: z.prefault(z.boolean(), true),
  selfSubjectAttributesReview: z.prefault(z.boolean(), true),
});

export const gatewayConfigurationSchema = z
  .strictObject({
    apiVersion,
    kind: z.literal("GatewayConfiguration"),
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
