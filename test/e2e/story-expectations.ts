import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import type { Plugin } from "./package-commands.ts";
import type { FailurePolicy, StoryCluster, StoryOptions, Via } from "./story-cluster.ts";
import { callerAccount } from "./story-objects.ts";

export const failurePolicies: readonly FailurePolicy[] = ["Fail", "Ignore"];
export const ways: readonly Via[] = ["service", "url"];
/** All that a caller who is not accepted learns. */
export const refusalMessage = "the caller of this webhook was not accepted";

/** A 1.37 with the gate on: only webhook-bound tokens are accepted, for `*` from this one ServiceAccount. */
export const attested: StoryOptions = {
  version: "1.37",
  pluginFlags: ["--service-account=kube-system/webhook-caller", "--api-group=*"],
  authentication: {
    mode: "enforce",
    webhookTokens: { kinds: ["ValidatingWebhookConfiguration"], serviceAccounts: [callerAccount] },
  },
};

/** The plugin with these flags in place of its own of the same names. */
export function withFlags({ command, args }: Plugin, ...flags: readonly string[]): Plugin {
  const names = flags.map((flag) => flag.split("=")[0]!);
  return { command, args: [...args.filter((arg) => !names.includes(arg.split("=")[0]!)), ...flags] };
}

/** Why `serve` refused a caller while this ran. Its log arrives through a pipe, later than its answer. */
export async function refusedFor({ serve }: StoryCluster, run: () => Promise<void>): Promise<unknown> {
  const refusals = () => serve.log().filter(({ msg }) => msg === "refused");
  const before = refusals().length;
  await run();
  return poll("the refusal in the log", () => refusals()[before]?.code);
}

/** Refused by serve as a caller, not by kube-apiserver for a failed call; nothing stored; the bystander was called. */
export async function expectRefused(
  story: StoryCluster,
  via: Via,
  failurePolicy: FailurePolicy,
  code: string,
): Promise<void> {
  const bystanderCalls = () => story.bystander.calls("/").length;
  const before = bystanderCalls();
  const reason = await refusedFor(story, async () => {
    const created = await story.createDeployment({ via, failurePolicy });
    expect(created.stderr).to.contain(
      `admission webhook "${failurePolicy.toLowerCase()}.${via}.example.com" denied the request: ${refusalMessage}`,
    );
    expect([created.code, created.stored]).to.deep.equal([1, false]);
  });
  expect(reason).to.equal(code);
  expect(bystanderCalls()).to.equal(before + 1);
}
