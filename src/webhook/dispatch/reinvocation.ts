import type { Hook } from "../matching/indexed-hooks.ts";

/** Which webhooks are called a second time: the sets of kube-apiserver's webhookReinvokeContext. */
export interface Reinvocation {
  /** Whether a webhook has changed the object, so that there is a second round at all. */
  readonly due: boolean;
  /** A webhook was called; `changed`: its patch made another object. */
  called(hook: Hook, changed: boolean): void;
  /** Somebody else has changed the object. */
  changedBetween(): void;
  /** Whether this one is called again: it asked for it and the object changed after its call. */
  wants(hook: Hook): boolean;
}

export function createReinvocation(): Reinvocation {
  const calledBefore = new Set<Hook>();
  const wanted = new Set<Hook>();
  let due = false;
  const requireAll = (): void => {
    for (const hook of calledBefore) wanted.add(hook);
    calledBefore.clear();
  };
  return {
    get due() {
      return due;
    },
    called(hook, changed) {
      if (changed) {
        due = true;
        requireAll();
      }
      // only now: its own change is none it has not seen
      if (hook.webhook.reinvocationPolicy === "IfNeeded") calledBefore.add(hook);
    },
    changedBetween: requireAll,
    wants: (hook) => wanted.has(hook),
  };
}
