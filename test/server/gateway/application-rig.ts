import { createImpersonation } from "../../../src/authorization/impersonation.ts";
import { createKubeletAuthorizer } from "../../../src/authorization/kubelet-authorization.ts";
import { parseCABundle } from "../../../src/certificates/ca-bundle.ts";
import { createKubeletClient, type KubeletClient } from "../../../src/kubelet/kubelet-client.ts";
import { createNodeSource } from "../../../src/kubelet/node-source.ts";
import { createPodLogs } from "../../../src/kubelet/pod-logs.ts";
import { createPodReader } from "../../../src/kubelet/pod-reader.ts";
import { Secret } from "../../../src/secret.ts";
import {
  createGatewayApplication,
  type GatewayApplicationOptions,
} from "../../../src/server/gateway/gateway-application.ts";
import { type Kubelet, startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import type { KubeletOptions } from "../../../src/testing/kubelet/kubelet-options.ts";
import { type CallerRig, type ServedRig, serveCallers, startCallers } from "../api/caller-rig.ts";

/** A control plane, kubelets that ask it, and gateways' applications in front of them. */
export interface ApplicationRig extends CallerRig {
  /** Of its own node, which the gateway may do anything with. */
  startKubelet(options?: Partial<KubeletOptions>): Promise<Kubelet>;
  /** One more port that a node may name as its kubelet's. */
  allowPort(port: number): void;
  /** As whom the gateway meets kubelets. */
  readonly kubelets: KubeletClient;
  serve(options?: Partial<GatewayApplicationOptions>): Promise<ServedRig>;
}

export const gatewayUser = "countersign-gateway";

export async function startApplicationRig(): Promise<ApplicationRig> {
  const rig = await startCallers();
  const { controlPlane, cluster, authorizer } = rig;
  const started: Kubelet[] = [];
  const ports: number[] = [];
  const served: ServedRig[] = [];
  const certificate = rig.certificateOf(gatewayUser);
  const keyPair = {
    certificate: certificate.certificatePem,
    key: new Secret(certificate.keyPem),
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
  };
  const ca = parseCABundle(controlPlane.caPem, "kubelet-ca.crt");
  const kubelets = createKubeletClient({
    clientCertificate: () => keyPair,
    ca: () => ca,
    addressTypes: ["InternalIP"],
    addressRanges: ["127.0.0.0/8"],
    ports,
  });
  const nodes = createNodeSource({ client: cluster, ttlMs: 0 });
  const resources = ["proxy", "metrics", "stats", "log"].map((subresource) => `nodes/${subresource}`);
  await rig.grant(gatewayUser, { apiGroups: [""], resources, verbs: ["*"] });
  return {
    ...{ ...rig, kubelets },
    allowPort: (port) => void ports.push(port),
    async startKubelet(options) {
      const kubelet = await startKubelet({
        controlPlane,
        nodeName: `node-${started.length + 1}`,
        ...options,
      });
      started.push(kubelet);
      ports.push(kubelet.port);
      return kubelet;
    },
    async serve(options) {
      const application = createGatewayApplication({
        ...{ authorizer, cluster, nodes, kubelets },
        authenticator: rig.authenticator(),
        impersonation: createImpersonation({ authorizer }),
        kubeletAuthorizer: createKubeletAuthorizer({ authorizer, mode: "fineGrained" }),
        podLogs: createPodLogs({ kubelets, nodes, pods: createPodReader({ client: cluster }) }),
        insecureBackend: "allow",
        interactive: [],
        selfSubjectReviews: {},
        health: { healthz: [], livez: [], readyz: [] },
        ...options,
      });
      const gateway = await serveCallers(rig, application.handle, application.upgrade);
      served.push(gateway);
      return gateway;
    },
    async stop() {
      for (const gateway of served) await gateway.close();
      kubelets.close();
      for (const kubelet of started) await kubelet.stop();
      await rig.stop();
    },
  };
}
