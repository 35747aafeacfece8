import { hash } from "node:crypto";
import { diagnosticsChannel } from "../../diagnostics.ts";
import { createPeerConnections, type PeerConnections } from "../../transport/peer-connections.ts";
import type { ClientConfig } from "./client-config.ts";
import type { WebhookAddress } from "./webhook-address.ts";

/** As many as kube-apiserver keeps webhook clients. */
const maxPools = 200;

/** What is dialled. */
export interface DialledEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Kept-alive connections to webhooks. */
export interface ConnectionPools {
  /**
   * The connections to this endpoint under this name, trust and client certificate: no two webhooks that differ in one of
   * them ever share one. Tokens come per call.
   */
  poolFor(endpoint: DialledEndpoint, address: WebhookAddress, config: ClientConfig): PeerConnections;
  close(): void;
}

const x509 = diagnosticsChannel("countersign:x509");

export function createConnectionPools(): ConnectionPools {
  const pools = new Map<string, PeerConnections>();
  const peers = new WeakMap<WebhookAddress, string>();
  const identities = new WeakMap<ClientConfig, string>();

  function open(endpoint: DialledEndpoint, address: WebhookAddress, config: ClientConfig): PeerConnections {
    const { serverName, caBundle, hostPort: host } = address;
    const ca = [config.ca, caBundle].filter(Boolean).join("\n") || undefined;
    const { clientCertificate } = config;
    return createPeerConnections({
      ...endpoint,
      ...{ serverName, ca, clientCertificate },
      onCertificateProblem: (problem) => x509.publish({ host, problem }),
    });
  }

  return {
    poolFor(endpoint, address, config) {
      const peer = memo(peers, address, ({ serverName, caBundle }) => digest(serverName, caBundle));
      const identity = memo(identities, config, ({ ca, clientCertificate }) =>
        digest(ca, clientCertificate?.certificate, clientCertificate?.key.reveal()),
      );
      const key = `${peer} ${identity} ${endpoint.port} ${endpoint.host}`;
      const pool = pools.get(key) ?? open(endpoint, address, config);
      pools.delete(key);
      pools.set(key, pool);
      if (pools.size > maxPools) dropOldest(pools);
      return pool;
    },
    close() {
      for (const pool of pools.values()) pool.close();
      pools.clear();
    },
  };
}

/** Its exchanges go on to their end. */
function dropOldest(pools: Map<string, PeerConnections>): void {
  const [[key, pool]] = pools as unknown as [[string, PeerConnections]];
  pools.delete(key);
  pool.close();
}

function memo<Key extends object>(known: WeakMap<Key, string>, key: Key, make: (key: Key) => string): string {
  let value = known.get(key);
  if (value === undefined) {
    value = make(key);
    known.set(key, value);
  }
  return value;
}

/** PEM texts are kilobytes, and one of them is a key. */
function digest(...parts: readonly (string | undefined)[]): string {
  return hash("sha256", JSON.stringify(parts));
}
