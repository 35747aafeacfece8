import { loadKeyPair } from "../../certificates/key-pair.ts";
import { createLastGood } from "../../certificates/last-good.ts";
import type { Clock } from "../../clock.ts";
import type { ServerConfiguration } from "../../configuration/server-configuration.ts";
import type { ClusterAccess } from "../parts/cluster-access.ts";
import { assertValid, type ServingCertificate } from "./serving-certificate.ts";

export interface ServingCertificateOptions {
  readonly tls: ServerConfiguration["tls"];
  readonly access: Pick<ClusterAccess, "restClient">;
  readonly clock: Clock;
  /** Called when another one is to be shown. */
  readonly onExchange: () => void;
}

/**
 * The certificate of files, or one of our own making.
 * @throws ERR_CERTIFICATE_INVALID where a file cannot be used or is for clients only, ERR_CERTIFICATE_SECRET where the Secret is somebody else's,
 * ERR_KUBECONFIG.
 */
export async function loadServingCertificate(
  options: ServingCertificateOptions,
): Promise<ServingCertificate> {
  const { certFile, keyFile, selfSigned } = options.tls;
  if (selfSigned === undefined) return fromFiles({ certFile: certFile!, keyFile: keyFile! }, options);
  const [{ createSelfSignedCertificate }, client] = await Promise.all([
    import("./self-signed-certificate.ts"),
    options.access.restClient(),
  ]);
  const { clock, onExchange } = options;
  return createSelfSignedCertificate({ configuration: selfSigned, client, clock, onExchange });
}

async function fromFiles(
  files: { readonly certFile: string; readonly keyFile: string },
  { clock, onExchange }: ServingCertificateOptions,
): Promise<ServingCertificate> {
  const kept = await createLastGood({
    what: "certificate",
    files: [files.certFile, files.keyFile],
    load: () => loadKeyPair(files, "serverAuth"),
    onReload: onExchange,
  });
  return {
    get current() {
      return kept.current;
    },
    checks: [{ name: "certificate", check: () => assertValid(kept.current, clock.now()) }],
    close: kept.close,
  };
}
