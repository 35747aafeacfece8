import type { KubeletClient } from "../../kubelet/kubelet-client.ts";

/**
 * The same client, which is closed only when nothing goes on over it any more: a reload that replaces it cuts no log that
 * is being followed.
 */
export function createOutlivingKubelets(client: KubeletClient): KubeletClient {
  let open = 0;
  let closed = false;
  const ended = (): void => {
    open -= 1;
    if (closed && open === 0) client.close();
  };
  const following = async <T>(
    reach: () => Promise<T>,
    streamOf: (reached: T) => NodeJS.EventEmitter,
  ): Promise<T> => {
    open += 1;
    try {
      const reached = await reach();
      streamOf(reached).once("close", ended);
      return reached;
    } catch (error) {
      ended();
      throw error;
    }
  };
  return {
    exchange: (request) =>
      following(
        () => client.exchange(request),
        ({ body }) => body,
      ),
    upgrade: (request) =>
      following(
        () => client.upgrade(request),
        (reached) => ("socket" in reached ? reached.socket : reached.body),
      ),
    close() {
      closed = true;
      if (open === 0) client.close();
    },
  };
}
