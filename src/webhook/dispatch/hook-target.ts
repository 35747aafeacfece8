import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type { Hook } from "../matching/indexed-hooks.ts";

const targets = new WeakMap<Hook, Map<string, WebhookTarget>>();

/** A webhook for the objects of one API group: the same object every time, because what calling it takes is kept by it. */
export function targetOf(hook: Hook, apiGroup: string): WebhookTarget {
  const known = targets.get(hook) ?? new Map<string, WebhookTarget>();
  const { kind, configuration, webhook } = hook;
  const target = known.get(apiGroup) ?? { kind, configuration, webhook, apiGroup };
  targets.set(hook, known.set(apiGroup, target));
  return target;
}
