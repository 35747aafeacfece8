import { text } from "node:stream/consumers";
import {
  createKubeletClient,
  type KubeletClient,
  type KubeletClientOptions,
  type KubeletExchange,
} from "../../src/kubelet/kubelet-client.ts";
import { clientOptions, type KubeletServer, nodeAt, startKubeletServer } from "./kubelet-server.ts";

/** A kubelet of its own for each test of a suite, and clients that end with it. */
export interface KubeletFixture {
  kubelet: KubeletServer;
  open(options?: Partial<KubeletClientOptions>): KubeletClient;
  asked(members?: Partial<KubeletExchange>): KubeletExchange;
  /** The whole body. */
  read(client: KubeletClient, members?: Partial<KubeletExchange>): Promise<string>;
  closeClients(): void;
}

export function useKubelet(): KubeletFixture {
  const clients: KubeletClient[] = [];
  const fixture: KubeletFixture = {
    kubelet: undefined as unknown as KubeletServer,
    open(options = {}) {
      const client = createKubeletClient({ ...clientOptions(fixture.kubelet.port), ...options });
      clients.push(client);
      return client;
    },
    asked: (members = {}) => ({
      ...{ node: nodeAt(fixture.kubelet.port), transport: "verified", method: "GET" },
      ...{ path: "/pods?a=b%20c", headers: [] },
      ...members,
    }),
    read: async (client, members) => text((await client.exchange(fixture.asked(members))).body),
    closeClients() {
      for (const client of clients.splice(0)) client.close();
    },
  };
  beforeEach(async () => {
    fixture.kubelet = await startKubeletServer();
  });
  afterEach(async () => {
    fixture.closeClients();
    await fixture.kubelet.close();
  });
  return fixture;
}
