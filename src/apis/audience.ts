import { CountersignError } from "../errors.ts";
import type { ServiceReference, WebhookClientConfig } from "./admissionregistration.ts";

/** 443 is what admissionregistration.k8s.io/v1 defaults `clientConfig.service.port` to. */
const defaultServicePort = 443;

/**
 * The audience of a Service webhook's tokens: `https://NAME.NAMESPACE.svc:PORT/PATH`. The port is always written, an
 * absent path is `/`, a missing leading slash is added, a trailing one is kept: byte for byte what the issuer compares
 * (kubernetes/kubernetes pkg/registry/core/serviceaccount/storage/token.go, 1.37).
 */
export function serviceAudience(service: ServiceReference): string {
  const path = service.path ?? "";
  const rooted = path.startsWith("/") ? path : `/${path}`;
  return `https://${service.name}.${service.namespace}.svc:${service.port || defaultServicePort}${rooted}`;
}

/**
 * The one audience a token for this webhook is minted for: the URL verbatim, or the Service form. Strings only, never
 * `URL`, which would drop `:443`, add `/` and lower-case the host.
 * @throws ERR_AUDIENCE where neither or both of `url` and `service` are given.
 */
export function webhookAudience(clientConfig: WebhookClientConfig): string {
  const { url, service } = clientConfig;
  if (url !== undefined && service !== undefined)
    throw new CountersignError(
      "ERR_AUDIENCE",
      "clientConfig: exactly one of url and service may be set, both are",
    );
  if (url !== undefined && url !== "") return url;
  if (service !== undefined) return serviceAudience(service);
  throw new CountersignError("ERR_AUDIENCE", "clientConfig: one of url and service must be set, neither is");
}
