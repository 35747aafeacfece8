import { loadCABundle } from "../../certificates/ca-bundle.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { type CheckedField, faultOf } from "../../configuration/checked-field.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import { checkKeyPair } from "../certificates/check-key-pair.ts";

type Path = CheckedField["path"];

/**
 * Everything of a configuration that can be tried without a network: certificates, keys and CAs are read. A fault is what
 * would keep the gateway from starting or from being ready.
 */
export async function checkGatewayConfiguration(
  { tls, authentication, kubelet }: GatewayConfiguration,
  clock: Clock = systemClock,
): Promise<readonly CheckedField[]> {
  const checks = [
    checkKeyPair(tls, ["tls"], { purpose: "serverAuth", clock }),
    checkCA(authentication.clientCAFile, ["authentication", "clientCAFile"]),
    checkCA(authentication.requestHeader?.caFile, ["authentication", "requestHeader", "caFile"]),
    checkKeyPair(kubelet.clientCertificate, ["kubelet", "clientCertificate"], {
      purpose: "clientAuth",
      clock,
    }),
    checkCA(kubelet.caFile, ["kubelet", "caFile"]),
  ];
  return (await Promise.all(checks)).flat();
}

async function checkCA(file: string | undefined, path: Path): Promise<readonly CheckedField[]> {
  return file === undefined ? [] : faultOf(path, () => loadCABundle(file));
}
