import { webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { AgentSubject } from "./lint-subjects.ts";

/** What an agent keeps that nobody asks for. */

const withoutWebhook: LintRule<AgentSubject> = {
  code: "agent-host-without-webhook",
  severity: "warning",
  check({ agent: { tokenFiles } }, { webhooks }) {
    const known = new Set(webhooks.map(({ webhook }) => webhookHostPort(webhook.clientConfig)));
    return tokenFiles.flatMap(({ host }, index) =>
      faultIf(
        webhooks.length > 0 && !known.has(host.toLowerCase()),
        ["tokenFiles", index, "host"],
        `no webhook among those given is called at ${host}, so that no token can be had for it`,
      ),
    );
  },
};

const unread: LintRule<AgentSubject> = {
  code: "agent-token-file-unread",
  severity: "warning",
  check({ agent: { tokenFiles } }, { kubeconfigs }) {
    const read = kubeconfigs.flatMap(({ users }) => users.map(({ user }) => user.tokenFile));
    return tokenFiles.flatMap(({ file }, index) =>
      faultIf(
        kubeconfigs.length > 0 && !read.includes(file),
        ["tokenFiles", index, "file"],
        `${file} is the tokenFile of no user of the kubeconfig: write its path there, as the API server's container has it`,
      ),
    );
  },
};

/** Rules about an AgentConfiguration. */
export const agentRules: readonly LintRule<AgentSubject>[] = [withoutWebhook, unread];
