import type { X509Certificate } from "node:crypto";
import type { RequestHeaderConfiguration } from "../../authentication/request-header.ts";
import type { CABundle } from "../../certificates/ca-bundle.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import type { HealthCheck } from "../../monitoring/health.ts";
import type { AuthenticationConfigMap } from "../../transport/authentication-config-map.ts";
import { watchClientCA } from "../parts/client-cas.ts";
import type { ClusterAccess } from "../parts/cluster-access.ts";
import type { KeepPart } from "../parts/kept-parts.ts";
import { type Attempt, createAttempt } from "./attempt.ts";

/** Whose certificates and headers say who calls, as of now. */
export interface CallerTrust {
  /** Undefined where no user's certificate is accepted. */
  readonly clientCA: (() => readonly X509Certificate[]) | undefined;
  /** Undefined where no front proxy is believed. */
  readonly requestHeader: (() => RequestHeaderConfiguration | undefined) | undefined;
  /** All of their CAs: what clients are told, who choose their certificate by it. */
  cas(): readonly Pick<CABundle, "pem">[];
  readonly checks: readonly HealthCheck[];
  /** Resolves when the cluster has been asked, where it is. */
  settled(): Promise<void>;
}

export interface CallerTrustOptions {
  readonly authentication: GatewayConfiguration["authentication"];
  readonly access: Pick<ClusterAccess, "restClient">;
  /** Called when another CA is trusted. */
  readonly onChange: () => void;
}

/** Upstream's names (kubernetes/apiserver pkg/server/options/authentication.go), which has none for a uid. */
const frontProxyHeaders = {
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: [],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
};

/** @throws ERR_CERTIFICATE_INVALID naming the file. The cluster's ConfigMap is not waited for. */
export async function loadCallerTrust(options: CallerTrustOptions, keep: KeepPart): Promise<CallerTrust> {
  const { clientCAFile, clientCAFromConfigMap, requestHeader } = options.authentication;
  const fromConfigMap = requestHeader?.fromConfigMap === true;
  const loadCA = async (file: string | undefined) =>
    file === undefined ? undefined : keep(["clientCA", file], () => watchClientCA(file, options.onChange));
  const [clientCAs, frontProxyCAs, map] = await Promise.all([
    loadCA(clientCAFile),
    loadCA(requestHeader?.caFile),
    clientCAFromConfigMap || fromConfigMap ? keep(["configMap"], () => readConfigMap(options)) : undefined,
  ]);
  const clientCA = clientCAFromConfigMap
    ? () => map?.value?.clientCA() ?? []
    : clientCAs && (() => clientCAs.current.certificates);
  const proxy = fromConfigMap
    ? () => map?.value?.requestHeader()
    : frontProxyCAs && createFrontProxy(requestHeader ?? {}, () => frontProxyCAs.current.certificates);
  return {
    clientCA,
    requestHeader: proxy,
    cas: () =>
      [...(clientCA?.() ?? []), ...(proxy?.()?.ca ?? [])].map((certificate) => ({
        pem: certificate.toString(),
      })),
    checks: map === undefined ? [] : [{ name: "authentication-configmap", check: map.check }],
    settled: async () => map?.settled(),
  };
}

/** The same object until its CA is another: by it, verifiers remember what they found out. */
function createFrontProxy(
  configured: NonNullable<GatewayConfiguration["authentication"]["requestHeader"]>,
  ca: () => readonly X509Certificate[],
): () => RequestHeaderConfiguration {
  const { allowedNames = [], usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes } = configured;
  const named = { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes };
  const given = Object.fromEntries(Object.entries(named).filter(([, names]) => names !== undefined));
  const headers = { ...frontProxyHeaders, ...given };
  let made: RequestHeaderConfiguration | undefined;
  return () => {
    const current = ca();
    if (made?.ca !== current) made = { ca: current, allowedNames, ...headers };
    return made;
  };
}

async function readConfigMap({
  access,
  onChange,
}: CallerTrustOptions): Promise<Attempt<AuthenticationConfigMap>> {
  return createAttempt({
    pending: "the ConfigMap kube-system/extension-apiserver-authentication has not been read yet",
    async attempt() {
      const [{ watchAuthenticationConfigMap }, client] = await Promise.all([
        import("../../transport/authentication-config-map.ts"),
        access.restClient(),
      ]);
      return watchAuthenticationConfigMap({ client, onChange });
    },
    begun: onChange,
    end: (map) => map.close(),
  });
}
