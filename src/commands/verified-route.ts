import type { ServiceAccountReference } from "../apis/authentication.ts";
import { createIssuer } from "../authentication/issuer-keys.ts";
import type { KeySource } from "../authentication/token-issuer.ts";
import type { WebhookCallerOptions } from "../authentication/webhook-callers.ts";
import { systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import { type ClusterAccess, createClusterAccess } from "../server/parts/cluster-access.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import { parseServiceAccount } from "./service-account-flag.ts";

/** The flags of `verify` that say what a token is held against. */
export interface RouteFlags extends ClusterFlags {
  readonly config: string | undefined;
  readonly path: string | undefined;
  readonly issuer: string | undefined;
  readonly "jwks-file": string | undefined;
  readonly audience: readonly string[];
  readonly "service-account": readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** What a token is held against; `close` lets go of connections and files. */
export interface VerifiedRoute {
  readonly route: WebhookCallerOptions;
  close(): Promise<void>;
}

/**
 * The route of a configuration file, or one made of flags.
 * @throws ERR_USAGE where flags are missing or exclude each other, ERR_CONFIGURATION where the file or the route is wrong.
 */
export async function verifiedRoute(flags: RouteFlags, env: Env): Promise<VerifiedRoute> {
  const { config, path, audience, issuer } = flags;
  if (config === undefined) return routeOfFlags(flags, env);
  if (path === undefined) throw usage("--config needs --path: the route that the token is held against");
  if (audience.length > 0 || issuer !== undefined || flags["jwks-file"] !== undefined)
    throw usage(
      "--config says issuer, keys and audiences itself: leave --issuer, --jwks-file and --audience out",
    );
  return routeOfFile(config, path, flags, env);
}

async function routeOfFile(
  config: string,
  path: string,
  flags: RouteFlags,
  env: Env,
): Promise<VerifiedRoute> {
  const [
    { loadServerConfiguration },
    { callerOptions },
    { loadClientCAs, watchClientCA },
    { createIssuers },
  ] = await Promise.all([
    import("../configuration/load-server-configuration.ts"),
    import("../server/webhooks/configured-routes.ts"),
    import("../server/parts/client-cas.ts"),
    import("../server/webhooks/issuers.ts"),
  ]);
  const configuration = await loadServerConfiguration(config);
  const webhook = configuration.webhooks.find((one) => one.path === path);
  if (webhook === undefined)
    throw usage(`--path ${path}: ${config} has ${configuration.webhooks.map((one) => one.path).join(", ")}`);
  if (webhook.authentication.mode === "off")
    throw usage(`--path ${path}: its mode is off, so no token is looked at there`);
  const cluster = clusterOf(flags, env);
  const issuers = await createIssuers({
    configurations: configuration.issuers,
    cluster: cluster.restClient,
    clock: systemClock,
  });
  const tokenReviews = webhook.authentication.tokenReview && (await cluster.reviews());
  // only tokens are verified here, so that no file of certificates is needed
  const clientCAs = await loadClientCAs([], (file) => watchClientCA(file, () => undefined));
  const parts = { configuration, issuers: issuers.list, clientCAs };
  return {
    route: callerOptions(webhook, { ...parts, tokenReviews, clock: systemClock }),
    async close() {
      issuers.close();
      await cluster.close();
    },
  };
}

async function routeOfFlags(flags: RouteFlags, env: Env): Promise<VerifiedRoute> {
  const { audience: audiences, issuer } = flags;
  if (audiences.length === 0) throw usage("give --audience, or --config with --path");
  const cluster = clusterOf(flags, env);
  const serviceAccounts = flags["service-account"].map((text) => parseServiceAccount(text));
  return {
    route: {
      audiences,
      issuers: [
        createIssuer({
          name: issuer ?? "cluster",
          source: await keySource(flags, cluster),
          ...(issuer !== undefined && { issuer }),
        }),
      ],
      webhookTokens: {
        kinds: ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
        serviceAccounts,
      },
      ...named(serviceAccounts),
    },
    close: cluster.close,
  };
}

function named(serviceAccounts: readonly ServiceAccountReference[]): Partial<WebhookCallerOptions> {
  return serviceAccounts.length === 0 ? {} : { serviceAccounts };
}

async function keySource(flags: RouteFlags, cluster: ClusterAccess): Promise<KeySource> {
  const file = flags["jwks-file"];
  if (file === undefined) {
    const { createClusterKeySource } = await import("../transport/key-sources.ts");
    return createClusterKeySource(await cluster.restClient());
  }
  if (flags.issuer === undefined)
    throw usage("--jwks-file needs --issuer: a file of keys does not say whose they are");
  const { createJWKSFileSource } = await import("../server/webhooks/jwks-file-source.ts");
  return createJWKSFileSource({ issuer: flags.issuer, file });
}

/** Nothing of it is loaded, and nobody asked, before an issuer or a TokenReview needs it. */
function clusterOf({ kubeconfig, context }: RouteFlags, env: Env): ClusterAccess {
  return createClusterAccess(async () => {
    const { findCluster } = await import("../transport/kubeconfig-connection.ts");
    return findCluster({ kubeconfig, context, env });
  });
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
