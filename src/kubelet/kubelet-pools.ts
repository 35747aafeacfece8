import { hostPort } from "../apis/host-port.ts";
import { createKubeletPool, type Dial, type KubeletPool } from "../transport/kubelet-pool.ts";
import type { KubeletTarget } from "./kubelet-dials.ts";
import type { KubeletIdentity } from "./kubelet-identity.ts";

/** A pool with nothing open is a few hundred bytes; idle connections end by themselves. */
const maxPools = 1024;

/** One pool for each node, address and transport, all under one identity. */
export interface KubeletPools {
  get(target: KubeletTarget, dial: Dial): KubeletPool;
  close(): void;
}

/** With another identity no connection of the last one is used again: what is in use ends with its exchange. */
export function createKubeletPools(): KubeletPools {
  const pools = new Map<string, KubeletPool>();
  let current: KubeletIdentity | undefined;

  function retire(key: string, pool: KubeletPool): void {
    pools.delete(key);
    pool.retire();
  }

  return {
    get({ peer, transport, identity }, dial) {
      if (identity !== current) for (const [key, pool] of pools) retire(key, pool);
      current = identity;
      const key = `${transport} ${peer.nodeName} ${hostPort(peer)}`;
      const pool = pools.get(key) ?? createKubeletPool(dial);
      // the one used least recently comes first
      pools.delete(key);
      pools.set(key, pool);
      if (pools.size > maxPools) for (const [oldest, one] of [...pools].slice(0, 1)) retire(oldest, one);
      return pool;
    },
    close() {
      for (const pool of pools.values()) pool.close();
      pools.clear();
    },
  };
}
