import type { Socket } from "node:net";

/** What is so of a gateway's listener at the moment. */
export interface GatewayState {
  /** Whether connections are closed after their next answer. */
  draining: boolean;
  /** Answers of kubelets that are being passed on. */
  openStreams: number;
  /** Whether a connection was made under a configuration that no longer counts: its next answer is its last. */
  isOutdated: (socket: Socket) => boolean;
}
