import { type AuthorityState, type KeptAuthority, trustedCertificates } from "./authority-state.ts";
import { mostPrevious } from "./carry-out-rotation.ts";
import { madeAt } from "./signing-authority.ts";

/** What was kept, mended with what a replica has in use. */
export interface AuthorityRepair {
  readonly action: "restore" | "trust";
  readonly why: string;
  readonly state: AuthorityState;
}

/**
 * What a replica that serves with `used` has to write, so that nobody stops trusting it: all of it, where what was kept is
 * lost; its CA, where another replica has begun anew without it, unless it is one that is not to be trusted after
 * `rotateAfter`. Undefined where there is nothing to mend.
 */
export function repairAuthority(
  kept: KeptAuthority,
  used: AuthorityState | undefined,
  {
    now,
    rotateAfter = Number.POSITIVE_INFINITY,
  }: { readonly now: number; readonly rotateAfter?: number | undefined },
): AuthorityRepair | undefined {
  if (used?.leaf === undefined || now > used.leaf.notAfter || now < used.leaf.notBefore) return undefined;
  if (kept.kind === "empty") return { action: "restore", why: "it was emptied or deleted", state: used };
  if (kept.kind === "damaged") return { action: "restore", why: kept.problem, state: used };
  if (kept.kind === "foreign") return undefined;
  const { certificate } = used.signer;
  if (now >= rotateAfter && madeAt(certificate) < rotateAfter) return undefined;
  if (trustedCertificates(kept.state).some(({ raw }) => raw.equals(certificate.raw))) return undefined;
  const previous = [certificate, ...kept.state.previous].slice(0, mostPrevious);
  return {
    action: "trust",
    why: `a certificate of ${certificate.subject} is still served`,
    state: { ...kept.state, previous },
  };
}
