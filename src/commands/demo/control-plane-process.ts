import { startControlPlane } from "../../testing/control-plane.ts";
import { answerCalls } from "./child-calls.ts";
import { callerAccount } from "./objects.ts";

/** The demo's API server, in a process of its own. */
const controlPlane = await startControlPlane({ webhookAuthentication: { serviceAccount: callerAccount } });

answerCalls({
  describe: () => ({
    url: controlPlane.url,
    kubeconfig: controlPlane.adminKubeconfig,
    caPem: controlPlane.caPem,
  }),
  kubeconfig: (user: { readonly token: string }) => controlPlane.kubeconfig(user),
  advance: ({ ms }: { readonly ms: number }) => controlPlane.clock.advance(ms),
  statistics: () => controlPlane.statistics(),
  stop: () => controlPlane.stop(),
});
