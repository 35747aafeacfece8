import { type ConnectionPool, createConnectionPool } from "../../transport/http-exchange.ts";
import type { ClientConfig } from "./client-config.ts";
import type { WebhookAddress } from "./webhook-address.ts";

/** As many as kube-apiserver keeps webhook clients. */
const maxPools = 200;

/** Kept-alive connections to webhooks. */
export interface ConnectionPools {
  /** The one for this peer and this client certificate: by all that decides who is at either end. Tokens come per call. */
  poolFor(address: WebhookAddress, config: ClientConfig): ConnectionPool;
  close(): void;
}

export function createConnectionPools(): ConnectionPools {
  const pools = new Map<string, ConnectionPool>();
  return {
    poolFor({ serverName, caBundle }, { ca: resolverCA, clientCertificate }) {
      const ca = [resolverCA, caBundle].filter(Boolean).join("\n");
      const key = JSON.stringify([serverName, ca, clientCertificate?.certificate]);
      const pool =
        pools.get(key) ?? createConnectionPool({ ca: ca || undefined, clientCertificate, serverName });
      pools.delete(key);
      pools.set(key, pool);
      // what is dropped may be in use; left alone, its connections end by their idle time-out
      if (pools.size > maxPools) pools.delete(pools.keys().next().value!);
      return pool;
    },
    close() {
      for (const pool of pools.values()) pool.close();
      pools.clear();
    },
  };
}
