import { type CABundle, loadCABundle } from "../../certificates/ca-bundle.ts";
import { type KeyPair, loadKeyPair, validityFault } from "../../certificates/key-pair.ts";
import { createLastGood, type LastGood } from "../../certificates/last-good.ts";
import type { Clock } from "../../clock.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import { createKubeletClient, type KubeletClient } from "../../kubelet/kubelet-client.ts";
import type { HealthCheck } from "../../monitoring/health.ts";
import type { KeepPart } from "../parts/kept-parts.ts";
import { createOutlivingKubelets } from "./outliving-kubelets.ts";

/** Kubelets, and what they are shown. */
export interface KubeletAccess {
  readonly kubelets: KubeletClient;
  readonly clientCertificate: LastGood<KeyPair>;
  readonly checks: readonly HealthCheck[];
}

export interface KubeletAccessOptions {
  readonly configuration: GatewayConfiguration["kubelet"];
  /** The API server's address, which is never dialled as a kubelet. */
  readonly server: string;
  readonly clock: Clock;
}

/** @throws ERR_CERTIFICATE_INVALID naming the file; a certificate that is for serving only is refused, too. */
export async function loadKubeletAccess(
  options: KubeletAccessOptions,
  keep: KeepPart,
): Promise<KubeletAccess> {
  const { configuration, clock } = options;
  const { clientCertificate: files, caFile } = configuration;
  const [clientCertificate, ca] = await Promise.all([
    keep(["kubeletCertificate", files], () => watchKeyPair(files)),
    keep(["kubeletCA", caFile], () => watchCA(caFile)),
  ]);
  const { server } = options;
  const kubelets = await keep(["kubelets", configuration, server], async () =>
    createOutlivingKubelets(
      createKubeletClient({
        ...configuration,
        clientCertificate: () => clientCertificate.current,
        ca: () => ca.current,
        apiServers: [hostPortOf(server)],
        timeoutMs: configuration.timeout.ms,
        clock,
      }),
    ),
  );
  const check = (): void => {
    const fault = validityFault(clientCertificate.current, clock.now());
    if (fault !== undefined) throw new Error(`the client certificate for kubelets ${fault}`);
  };
  return { kubelets, clientCertificate, checks: [{ name: "kubelet-client-certificate", check }] };
}

function watchKeyPair(files: { readonly certFile: string; readonly keyFile: string }) {
  return createLastGood({
    what: "kubeletCertificate",
    files: [files.certFile, files.keyFile],
    load: () => loadKeyPair(files, "clientAuth"),
  });
}

function watchCA(file: string): Promise<LastGood<CABundle>> {
  return createLastGood({ what: "kubeletCA", files: [file], load: () => loadCABundle(file) });
}

function hostPortOf(server: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(server);
  const standard = protocol === "https:" ? 443 : 80;
  // an IPv6 address stands in brackets in a URL alone
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? standard : Number(port) };
}
