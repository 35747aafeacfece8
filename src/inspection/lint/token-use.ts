import type { AgentConfiguration } from "../../configuration/agent-configuration.ts";
import { CountersignError } from "../../errors.ts";
import { findUserForHostPort, withDefaultPort } from "../../kubeconfig/find-user.ts";
import type { KubeconfigExec } from "../../kubeconfig/kubeconfig.ts";
import { webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import { withAuthenticationSources } from "../../webhook/sources/authentication-source-annotation.ts";
import type {
  AgentSubject,
  KubeconfigSubject,
  LintInputs,
  UserSubject,
  WebhookSubject,
} from "./lint-subjects.ts";

/** That a webhook is called with a token, and whose doing that is. */
export interface TokenUse {
  /** For messages: `kubeconfig user "*.team.svc:443" (exec)`. */
  readonly by: string;
  /** What kind of token, where that can be told. */
  readonly mode?: "attested" | "audience";
  /** The group that is attested. */
  readonly apiGroup?: string;
  /** It is there before it is asked for. */
  readonly isKept?: true;
}

/** What a kubeconfig user's exec stanza says to `exec-credential`, as far as it is ours. */
export interface ExecSettings {
  readonly mode: "attested" | "audience";
  readonly apiGroup?: string;
  /** Of the agent, which says the rest. */
  readonly socket?: string;
}

/** Undefined for another plugin than ours. */
export function execSettings({ args }: KubeconfigExec): ExecSettings | undefined {
  if (!args.includes("exec-credential")) return undefined;
  const apiGroup = flagValue(args, "--api-group");
  const socket = flagValue(args, "--socket");
  return {
    mode: flagValue(args, "--mode") === "audience" ? "audience" : "attested",
    ...(apiGroup === undefined ? {} : { apiGroup }),
    ...(socket === undefined ? {} : { socket }),
  };
}

function flagValue(args: readonly string[], flag: string): string | undefined {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  return at === -1 ? undefined : args[at] === flag ? args[at + 1] : args[at]!.slice(flag.length + 1);
}

/** A user whose exec stanza is run: static credentials beside it silence it (client-go exec.go). */
export function liveExec({ user }: UserSubject): KubeconfigExec | undefined {
  return staticCredentials(user).length === 0 ? user.exec : undefined;
}

/** The fields of a user that client-go prefers to its exec stanza. */
export function staticCredentials(user: UserSubject["user"]): readonly string[] {
  const certificate =
    (user["client-certificate"] ?? user["client-certificate-data"]) !== undefined &&
    (user["client-key"] ?? user["client-key-data"]) !== undefined;
  return [
    ...(user.token === undefined ? [] : ["token"]),
    ...(user.tokenFile === undefined ? [] : ["tokenFile"]),
    ...(user.username || user.password ? ["username"] : []),
    ...(certificate ? ["client-certificate"] : []),
  ];
}

/** The kubeconfig user whose credentials a webhook is called with, as upstream looks it up. */
export function userFor(
  { webhook }: WebhookSubject,
  { kubeconfig, users }: KubeconfigSubject,
): UserSubject | undefined {
  const hostPort = lookupHostPort(webhook.clientConfig);
  if (hostPort === undefined) return undefined;
  const { name } = findUserForHostPort(kubeconfig, hostPort);
  return users.find((user) => user.name === name);
}

/** `host:port` as upstream looks it up: a URL's host with its letters as they are written. */
function lookupHostPort(clientConfig: WebhookSubject["webhook"]["clientConfig"]): string | undefined {
  if (clientConfig.service !== undefined) return webhookHostPort(clientConfig);
  const [, host] = /^https:\/\/([^/?#]+)/i.exec(clientConfig.url ?? "") ?? [];
  return host === undefined ? undefined : withDefaultPort(host);
}

/** Every way in which this webhook is known to be called with a token. */
export function tokenUsesOf(
  subject: WebhookSubject,
  { kubeconfigs, agents }: Pick<LintInputs, "kubeconfigs" | "agents">,
): readonly TokenUse[] {
  const asked = asksForToken(subject) ? [{ by: "its own authenticationSource" }] : [];
  const users = kubeconfigs.flatMap((kubeconfig) => userFor(subject, kubeconfig) ?? []);
  const hostPort = webhookHostPort(subject.webhook.clientConfig);
  const files = agents.flatMap(({ agent }) =>
    agent.tokenFiles
      .filter(({ host }) => host.toLowerCase() === hostPort)
      .map(({ host }) => ({ by: `the agent's token file for ${host}`, ...agentToken(agent) })),
  );
  return [...asked, ...users.flatMap((user) => userTokenUse(user, agents)), ...files];
}

function agentToken({ mode, apiGroup }: AgentConfiguration): Omit<TokenUse, "by"> {
  return { mode, isKept: true, ...(apiGroup === undefined ? {} : { apiGroup }) };
}

/** By the field or by the annotation; an annotation that is wrong is a finding of its own. */
function asksForToken({ configuration, path }: WebhookSubject): boolean {
  try {
    const { webhooks = [] } = withAuthenticationSources(configuration);
    return webhooks[Number(path[1])]?.clientConfig.authenticationSource?.tokenRequest !== undefined;
  } catch (error) {
    if (error instanceof CountersignError) return false;
    throw error;
  }
}

function userTokenUse(user: UserSubject, agents: readonly AgentSubject[]): readonly TokenUse[] {
  const name = `kubeconfig user ${JSON.stringify(user.name)}`;
  const { tokenFile } = user.user;
  if (tokenFile !== undefined) {
    const writer = agents.find(({ agent }) => agent.tokenFiles.some(({ file }) => file === tokenFile));
    return [{ by: `${name} (tokenFile)`, ...(writer === undefined ? {} : agentToken(writer.agent)) }];
  }
  const exec = liveExec(user);
  return exec === undefined ? [] : [{ by: `${name} (exec)`, ...execToken(exec, agents) }];
}

function execToken(exec: KubeconfigExec, agents: readonly AgentSubject[]): Omit<TokenUse, "by"> {
  const { mode, apiGroup, socket } = execSettings(exec) ?? {};
  if (socket !== undefined) {
    // on the control plane's node the socket may be mounted elsewhere than in the container
    const asked =
      agents.find(({ agent }) => agent.socket === socket) ?? (agents.length === 1 ? agents[0] : undefined);
    return asked === undefined ? { isKept: true } : agentToken(asked.agent);
  }
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(apiGroup === undefined || mode === "audience" ? {} : { apiGroup }),
  };
}
