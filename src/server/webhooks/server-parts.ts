import type { TokenIssuer } from "../../authentication/token-issuer.ts";
import type { Clock } from "../../clock.ts";
import type { IssuerConfiguration, ServerConfiguration } from "../../configuration/server-configuration.ts";
import { loadServingCertificate } from "../certificates/load-serving-certificate.ts";
import type { ServingCertificate } from "../certificates/serving-certificate.ts";
import type { TLSMaterial } from "../listener/secure-listener.ts";
import { loadClientCAs, watchClientCA } from "../parts/client-cas.ts";
import type { ClusterAccess } from "../parts/cluster-access.ts";
import type { KeepPart } from "../parts/kept-parts.ts";
import type { AdmissionRoute } from "../review/admission-route.ts";
import { createConfiguredRoute } from "./configured-routes.ts";
import { type KeptIssuer, keepIssuer } from "./issuers.ts";
import { loadRoutePolicies, type RoutePolicies } from "./route-policies.ts";

export interface ServerPartsOptions {
  readonly configuration: ServerConfiguration;
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Called when certificate, key or a client CA were read again. */
  readonly onTLSReload: () => void;
}

/** All that a configuration names, loaded and kept fresh. */
export interface ServerParts {
  readonly configuration: ServerConfiguration;
  readonly routes: readonly AdmissionRoute[];
  /** Of each route. */
  readonly policies: readonly RoutePolicies[];
  readonly issuers: readonly TokenIssuer[];
  readonly certificate: ServingCertificate;
  tls(): TLSMaterial;
}

/** @throws ERR_CERTIFICATE_INVALID, ERR_CERTIFICATE_SECRET, ERR_POLICY_INVALID, ERR_CONFIGURATION, ERR_KUBECONFIG. */
export async function loadServerParts(options: ServerPartsOptions, keep: KeepPart): Promise<ServerParts> {
  const { configuration, access, clock, onTLSReload } = options;
  const { webhooks, tls } = configuration;
  const loadCA = (file: string) => keep(["clientCA", file], () => watchClientCA(file, onTLSReload));
  const [certificate, clientCAs, issuers, tokenReviews, policies] = await allSettled([
    keep(["tls", { ...tls, minVersion: undefined }], () =>
      loadServingCertificate({ tls, access, clock, onExchange: onTLSReload }),
    ),
    loadClientCAs(clientCAFiles(configuration), loadCA),
    loadIssuers(options, keep),
    asksForReviews(configuration) ? access.reviews() : undefined,
    allSettled(
      webhooks.map((webhook) =>
        keep(["policy", webhook.path, webhook.type, webhook.policy], () => loadRoutePolicies(webhook)),
      ),
    ),
  ]);
  const shared = { configuration, clock, clientCAs, tokenReviews, issuers };
  return {
    configuration,
    certificate,
    issuers,
    policies,
    routes: webhooks.map((webhook, index) =>
      createConfiguredRoute(webhook, { ...shared, policies: policies[index]! }),
    ),
    tls: () => ({ keyPair: certificate.current, clientCAs: clientCAs.all, minVersion: tls.minVersion }),
  };
}

async function loadIssuers(
  { configuration, access, clock }: ServerPartsOptions,
  keep: KeepPart,
): Promise<readonly TokenIssuer[]> {
  const load = (one: IssuerConfiguration): Promise<KeptIssuer> =>
    keep(["issuer", one], () => keepIssuer(one, { cluster: access.restClient, clock }));
  return (await Promise.all(configuration.issuers.map(load))).map(({ issuer }) => issuer);
}

/** Like `Promise.all`, but what is still loading when one fails has been loaded, and can be closed, when it rejects. */
async function allSettled<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function clientCAFiles({ webhooks }: ServerConfiguration): string[] {
  return webhooks.flatMap(({ authentication }) => authentication.clientCertificates?.caFile ?? []);
}

function asksForReviews({ webhooks }: ServerConfiguration): boolean {
  return webhooks.some(({ authentication }) => authentication.tokenReview !== undefined);
}
