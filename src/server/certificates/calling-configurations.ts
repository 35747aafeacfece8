import { X509Certificate } from "node:crypto";
import type { WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { certificateBlocks } from "../../certificates/pem.ts";

/** A webhook configuration as far as it decides by what CA we are verified. */
export interface CallingConfiguration {
  readonly kind: WebhookConfigurationKind;
  readonly name: string;
  readonly resourceVersion: string;
  /** Those of its webhooks that call us. */
  readonly webhooks: readonly CallingWebhook[];
}

export interface CallingWebhook {
  /** Its place in the configuration. */
  readonly index: number;
  /** PEM; empty where there is none. */
  readonly caBundle: string;
}

/** An operation of RFC 6902. */
export interface PatchOperation {
  readonly op: "add" | "replace";
  readonly path: string;
  readonly value: string;
}

/** Reads what an API server says of a configuration, as far as it concerns a server of these names. */
export function readCallingConfiguration(
  object: object,
  kind: WebhookConfigurationKind,
  dnsNames: readonly string[],
): CallingConfiguration {
  const { metadata, webhooks } = object as {
    readonly metadata: { readonly name: string; readonly resourceVersion?: string };
    readonly webhooks?: readonly Webhook[] | null;
  };
  const calling = (webhooks ?? []).flatMap(({ clientConfig = {} }, index) => {
    const caBundle = Buffer.from(clientConfig.caBundle ?? "", "base64").toString("utf8");
    return dnsNames.includes(calledName(clientConfig)) ? [{ index, caBundle }] : [];
  });
  return { kind, name: metadata.name, resourceVersion: metadata.resourceVersion ?? "", webhooks: calling };
}

interface Webhook {
  readonly clientConfig?: ClientConfig;
}

interface ClientConfig {
  readonly url?: string;
  readonly service?: { readonly name: string; readonly namespace: string };
  readonly caBundle?: string;
}

/** The name that the API server verifies the certificate for. */
function calledName({ url, service }: ClientConfig): string {
  if (service) return `${service.name}.${service.namespace}.svc`;
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : "";
}

/** Whether each of its webhooks that call us would take this CA's word for us. */
export function trustsAuthority({ webhooks }: CallingConfiguration, authority: X509Certificate): boolean {
  const pem = authority.toString();
  return webhooks.every(({ caBundle }) => caBundle.includes(pem));
}

/** Whether each of its webhooks that call us would verify this certificate. */
export function verifiesCertificate({ webhooks }: CallingConfiguration, certificate: string): boolean {
  const leaf = new X509Certificate(certificate);
  return webhooks.every(({ caBundle }) =>
    certificateBlocks(caBundle).some((block) => {
      try {
        const authority = new X509Certificate(block);
        return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
      } catch {
        return false;
      }
    }),
  );
}

/**
 * What makes its webhooks that call us trust exactly this bundle; undefined where they do. A JSON patch, not an apply of
 * our own: whoever applies a webhook's caBundle owns the webhook in part, and an API server then refuses (422) every
 * server-side apply of the webhook's author that leaves it out. And under the version that was read: places may have moved.
 */
export function bundlePatch(
  { webhooks, resourceVersion }: CallingConfiguration,
  bundle: string,
): readonly PatchOperation[] | undefined {
  const outdated = webhooks.filter(({ caBundle }) => caBundle !== bundle);
  if (outdated.length === 0) return undefined;
  const value = Buffer.from(bundle, "utf8").toString("base64");
  return [
    { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
    ...outdated.map(
      ({ index }): PatchOperation => ({ op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value }),
    ),
  ];
}
