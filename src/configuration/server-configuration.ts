import * as z from "zod/mini";
import { boundedDuration, timeout } from "./bounded-duration.ts";
import { builtInNames } from "./built-in-parameters.ts";
import {
  apiVersion,
  dnsName,
  duration,
  listener,
  listOf,
  log,
  objectName,
  serviceAccount,
  text,
} from "./configuration-fields.ts";
import {
  checkAuthentication,
  checkConfiguration,
  checkIssuer,
  checkPolicy,
  checkRoutePath,
  checkSelfSigned,
  checkTLS,
  checkWebhook,
} from "./server-configuration-checks.ts";
import { drain, minVersion } from "./serving-fields.ts";
import { tracing } from "./tracing-configuration.ts";

/**
 * `ServerConfiguration`: the one source of its types, its validation, its defaults and its JSON Schema. Fields whose
 * name is `file` or ends in `File` hold a path, relative to the configuration file.
 */

const kib = 1024;
const mib = 1024 * kib;

const webhookTokens = z
  .strictObject({
    kinds: listOf(z.enum(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])),
    configurations: z.exactOptional(listOf(z.strictObject({ name: objectName, uid: z.exactOptional(text) }))),
    serviceAccounts: z.exactOptional(listOf(serviceAccount)),
    maxLifetime: z.prefault(boundedDuration({ least: "1s" }), "10m"),
  })
  .check(
    z.describe(
      "Webhook-bound tokens (KEP-6060), verified offline. Without serviceAccounts no token for the API group * is accepted.",
    ),
  );

const clientCertificates = z
  .strictObject({ caFile: text, names: listOf(text) })
  .check(z.describe("Client certificates of this CA whose common name or DNS name is one of these."));

const tokenReview = z
  .strictObject({ implicitAudiences: z.exactOptional(listOf(text)) })
  .check(
    z.describe(
      "Ask the API server as well whether it stands by the token, so that one whose ServiceAccount or configuration was deleted is refused.",
    ),
  );

const authentication = z
  .strictObject({
    mode: z.prefault(z.enum(["off", "observe", "enforce"]), "enforce"),
    webhookTokens: z.exactOptional(webhookTokens),
    serviceAccounts: z.exactOptional(listOf(serviceAccount)),
    clientCertificates: z.exactOptional(clientCertificates),
    tokenReview: z.exactOptional(tokenReview),
  })
  .check(checkAuthentication);

export const policySource = z
  .strictObject({
    file: z.exactOptional(text),
    builtIn: z.exactOptional(z.enum(builtInNames)),
    parameters: z.exactOptional(z.record(z.string(), z.unknown())),
  })
  .check(checkPolicy);

const anyText = z.string();

const rule = z.strictObject({
  operations: listOf(z.enum(["CREATE", "UPDATE", "DELETE", "CONNECT", "*"])),
  apiGroups: listOf(anyText),
  apiVersions: listOf(text),
  resources: listOf(text),
  scope: z.exactOptional(z.enum(["Cluster", "Namespaced", "*"])),
});

const rules = z
  .array(rule)
  .check(
    z.minLength(1),
    z.describe("The webhook's rules, so that a policy that matches more than they send is reported."),
  );

const webhook = z
  .strictObject({
    path: z.string().check(checkRoutePath),
    type: z.prefault(z.enum(["validating", "mutating"]), "validating"),
    audiences: z.exactOptional(listOf(z.string().check(z.regex(/^\S+$/)))),
    authentication,
    subresourceGroups: z.exactOptional(z.record(z.string().check(z.regex(/^[^/]+$/)), listOf(z.string()))),
    rules: z.exactOptional(rules),
    policy: policySource,
  })
  .check(checkWebhook);

const selfSigned = z
  .strictObject({
    secret: z
      .strictObject({ namespace: objectName, name: objectName })
      .check(
        z.describe("Keeps CA and certificate for all replicas: empty or not there yet, or written by them."),
      ),
    dnsNames: listOf(dnsName).check(
      z.describe("What the certificate is for: `SERVICE.NAMESPACE.svc`, as API servers verify it."),
    ),
    webhookConfigurations: listOf(
      z.strictObject({
        kind: z.enum(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]),
        name: objectName,
      }),
    ).check(z.describe("Whose caBundle is kept, for those of their webhooks that call one of the dnsNames.")),
    // a year and a quarter of one; a month is time enough for whoever has to look after what does not go by itself
    caValidity: z.prefault(duration, "8760h"),
    certificateValidity: z.prefault(duration, "2160h"),
    renewBefore: z.prefault(duration, "720h"),
  })
  .check(
    checkSelfSigned,
    z.describe("A CA and a certificate that the replicas make, renew and publish themselves."),
  );

const tls = z
  .strictObject({
    certFile: z.exactOptional(text),
    keyFile: z.exactOptional(text),
    selfSigned: z.exactOptional(selfSigned),
    minVersion,
  })
  .check(checkTLS);

const issuer = z
  .strictObject({
    name: text,
    url: z.exactOptional(text),
    caFile: z.exactOptional(text),
    jwksFile: z.exactOptional(text),
  })
  .check(checkIssuer);

const limits = z.strictObject({
  // two objects of 3 MiB, the most an API server accepts in one request, and 1 MiB for the rest
  maxBodyBytes: z.prefault(z.int().check(z.gte(kib), z.lte(64 * mib)), 7 * mib),
  bodyTimeout: z.prefault(timeout, "10s"),
  // 30 s is the most that `timeoutSeconds` of a webhook may be
  deadline: z.prefault(timeout, "30s"),
  deadlineMargin: z.prefault(duration, "500ms"),
});

export const serverConfigurationSchema = z
  .strictObject({
    apiVersion,
    kind: z.literal("ServerConfiguration"),
    listen: listener(8443, "Where webhooks are served, over TLS."),
    admin: listener(8080, "Where health and metrics are served, in plain HTTP."),
    tls,
    issuers: z.prefault(z.array(issuer), []),
    webhooks: z.array(webhook).check(z.minLength(1)),
    leeway: z.prefault(
      duration.check(
        z.describe("How far in the future a token's nbf and iat may lie. Its exp has no leeway."),
      ),
      "1m",
    ),
    limits: z.prefault(limits, {}),
    drain,
    tracing: z.exactOptional(tracing),
    log,
  })
  .check(checkConfiguration);

/** A configuration file as it was understood: defaults filled in, durations read, paths absolute. */
export type ServerConfiguration = z.output<typeof serverConfigurationSchema>;
export type SelfSignedConfiguration = NonNullable<ServerConfiguration["tls"]["selfSigned"]>;
export type IssuerConfiguration = ServerConfiguration["issuers"][number];
export type WebhookRouteConfiguration = ServerConfiguration["webhooks"][number];
