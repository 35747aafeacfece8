import { decodeKeySet } from "../../authentication/key-set.ts";
import { loadCABundle } from "../../certificates/ca-bundle.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { type CheckedField, faultOf } from "../../configuration/checked-field.ts";
import type {
  IssuerConfiguration,
  ServerConfiguration,
  WebhookRouteConfiguration,
} from "../../configuration/server-configuration.ts";
import { checkKeyPair } from "../certificates/check-key-pair.ts";
import { createJWKSFileSource } from "./jwks-file-source.ts";
import { comparePolicy } from "./match-report.ts";
import { loadRoutePolicies } from "./route-policies.ts";

/**
 * Everything of a configuration that can be tried without a network: certificates, CAs and key files are read, policies
 * loaded and compared with their webhooks' rules. A fault is what would keep the server from starting or from being ready.
 */
export async function checkServerConfiguration(
  { tls, issuers, webhooks }: ServerConfiguration,
  clock: Clock = systemClock,
): Promise<readonly CheckedField[]> {
  const checks = [
    checkServingPair(tls, clock),
    ...issuers.map((issuer, index) => checkIssuer(issuer, ["issuers", index])),
    ...webhooks.map((webhook, index) => checkWebhook(webhook, ["webhooks", index])),
  ];
  return (await Promise.all(checks)).flat();
}

type Path = CheckedField["path"];

function checkServingPair({ certFile, keyFile }: ServerConfiguration["tls"], clock: Clock) {
  if (certFile === undefined || keyFile === undefined) return [];
  return checkKeyPair({ certFile, keyFile }, ["tls"], { purpose: "serverAuth", clock });
}

async function checkIssuer({ url, caFile, jwksFile }: IssuerConfiguration, path: Path) {
  if (caFile !== undefined) return faultOf([...path, "caFile"], () => loadCABundle(caFile));
  if (url === undefined || jwksFile === undefined) return [];
  return faultOf([...path, "jwksFile"], async () => {
    const source = createJWKSFileSource({ issuer: url, file: jwksFile });
    decodeKeySet((await source.fetchKeys({ signal: new AbortController().signal })).jwks);
  });
}

async function checkWebhook(
  webhook: WebhookRouteConfiguration,
  path: Path,
): Promise<readonly CheckedField[]> {
  const caFile = webhook.authentication.clientCertificates?.caFile;
  const caPath = [...path, "authentication", "clientCertificates", "caFile"];
  const faults = caFile === undefined ? [] : await faultOf(caPath, () => loadCABundle(caFile));
  const found: CheckedField[] = [...faults];
  const policyFaults = await faultOf([...path, "policy"], async () => {
    const policies = await loadRoutePolicies(webhook);
    policies.close();
    for (const { policy, unsent } of comparePolicy(webhook, policies.current()))
      for (const match of unsent)
        found.push({
          severity: "warning",
          path: [...path, "rules"],
          message: `the policy ${policy} matches ${match}, which these rules do not send`,
        });
  });
  return [...found, ...policyFaults];
}
