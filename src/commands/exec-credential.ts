import {
  decodeExecCredential,
  type ExecCredentialRequest,
  encodeExecCredential,
} from "../credentials/exec-credential.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import { answerClientGo, placeholder } from "./exec-answer.ts";
import { checkExecCredentialFlags, execCredentialFlags } from "./exec-credential-flags.ts";
import { mintedCredential } from "./exec-credential-minting.ts";
import { reportFailure } from "./failure.ts";

const wellUsed = defineCommand({
  name: "exec-credential",
  summary: "Give client-go a token for the webhook it is about to call (credential plugin)",
  example:
    "countersign exec-credential --service-account kube-system/webhook-caller --api-group '*' --kubeconfig /etc/kubernetes/webhook-caller.conf",
  flags: execCredentialFlags,
  async run({ flags }, io) {
    const settings = checkExecCredentialFlags(flags);
    return answerClientGo(settings.onFailure, io, async (cluster) => {
      if (!("socket" in settings)) return mintedCredential(settings, cluster, io);
      // `node:net` is loaded by whoever asks an agent
      const { agentCredential } = await import("./agent-credential.ts");
      return agentCredential(settings.socket, cluster);
    });
  },
});

/**
 * The plugin. Run by client-go it gives a placeholder for wrong flags too: exit 2 would let objects in under `Ignore`
 * before the webhook was called.
 */
export const execCredential: Command = {
  ...wellUsed,
  async run(args, io) {
    try {
      return await wellUsed.run(args, io);
    } catch (error) {
      const asked = askedByClientGo(io);
      if (asked === undefined || /--on-failure[= ]fail/.test(args.join(" "))) throw error;
      reportFailure(error, io, "exec-credential");
      io.stdout.write(encodeExecCredential(asked.apiVersion, placeholder));
      return 0;
    }
  },
};

function askedByClientGo({ env }: CommandIO): ExecCredentialRequest | undefined {
  try {
    return decodeExecCredential(env.KUBERNETES_EXEC_INFO);
  } catch {
    return undefined;
  }
}
