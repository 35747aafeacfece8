import type { AuthorityState } from "../../certificates/authority-state.ts";
import type { Clock } from "../../clock.ts";
import type { SelfSignedMessage } from "../../diagnostics.ts";
import { type CallingConfiguration, verifiesCertificate } from "./calling-configurations.ts";

export interface AuthorityInUseOptions {
  readonly clock: Clock;
  readonly tell: (message: Omit<SelfSignedMessage, "secret">) => void;
  /** Called when another certificate is to be shown. */
  readonly onExchange: () => void;
}

/** What this replica serves with. */
export interface AuthorityInUse {
  readonly state: AuthorityState | undefined;
  /** Takes what is kept now, unless what is in use is good and some of those who call us would not verify the new one yet. */
  take(next: AuthorityState, callers: readonly CallingConfiguration[] | undefined): void;
  /** `Kind/name` of those that would not verify what is in use; undefined where one of both is not known. */
  distrustedBy(callers: readonly CallingConfiguration[] | undefined): readonly string[] | undefined;
}

export function createAuthorityInUse({ clock, tell, onExchange }: AuthorityInUseOptions): AuthorityInUse {
  let state: AuthorityState | undefined;
  return {
    get state() {
      return state;
    },
    take(next, callers) {
      const { certificate, notAfter } = next.leaf!;
      if (certificate === state?.leaf?.certificate) {
        state = next;
        return;
      }
      const verified = callers?.every((caller) => verifiesCertificate(caller, certificate)) === true;
      if (!verified && isGood(state, clock.now())) return;
      state = next;
      tell({ outcome: "exchanged", detail: `valid until ${new Date(notAfter).toISOString()}` });
      onExchange();
    },
    distrustedBy(callers) {
      const leaf = state?.leaf;
      if (leaf === undefined) return undefined;
      return callers
        ?.filter((caller) => !verifiesCertificate(caller, leaf.certificate))
        .map(({ kind, name }) => `${kind}/${name}`);
    },
  };
}

function isGood(state: AuthorityState | undefined, now: number): boolean {
  const leaf = state?.leaf;
  return leaf !== undefined && now >= leaf.notBefore && now <= leaf.notAfter;
}
