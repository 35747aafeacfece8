import type { X509Certificate } from "node:crypto";
import type { AuthorityState, KeptAuthority } from "./authority-state.ts";
import { trustedCertificates } from "./authority-state.ts";
import type { RotationOptions, RotationPlan } from "./plan-rotation.ts";
import {
  createSigningAuthority,
  issueServingPair,
  madeAt,
  type SigningAuthority,
} from "./signing-authority.ts";

/** A step that makes something new of what there is. */
export type RotationStep = Exclude<RotationPlan, { readonly action: "keep" | "refuse" }>;

/** More than four rotations within one CA's life are a fault somewhere, and a bundle must not grow without end. */
export const mostPrevious = 4;

/** What there is after a step of {@link planRotation}'s. `now` is epoch milliseconds. */
export function carryOutRotation(
  step: RotationStep,
  kept: KeptAuthority,
  now: number,
  options: RotationOptions,
): AuthorityState {
  if (step.action === "create" || step.action === "recover") return beginAnew(kept, now, options);
  if (kept.kind !== "held") throw new TypeError(`${step.action} needs an authority`);
  const { state } = kept;
  const { signer, next, previous } = state;
  switch (step.action) {
    case "sign":
      return { ...state, leaf: signedBy(signer, now, step.dnsNames, options) };
    case "announce":
      return {
        ...state,
        next: { authority: createSigningAuthority(now, options.caValidityMs), publishedAt: undefined },
      };
    case "notePublished":
      return { ...state, next: { authority: next!.authority, publishedAt: now } };
    case "promote":
      return {
        signer: next!.authority,
        next: undefined,
        previous: [signer.certificate, ...previous].slice(0, mostPrevious),
        leaf: signedBy(next!.authority, now, options.dnsNames, options),
      };
    case "retire":
      return {
        ...state,
        previous: previous.filter(
          (certificate) => !ended(certificate, now) && madeAt(certificate) >= step.madeBefore,
        ),
      };
  }
}

function beginAnew(kept: KeptAuthority, now: number, options: RotationOptions): AuthorityState {
  const signer = createSigningAuthority(now, options.caValidityMs);
  return {
    signer,
    next: undefined,
    previous: trustedBefore(kept)
      .filter((certificate) => !ended(certificate, now))
      .slice(0, mostPrevious),
    leaf: signedBy(signer, now, options.dnsNames, options),
  };
}

function trustedBefore(kept: KeptAuthority): readonly X509Certificate[] {
  if (kept.kind === "held") return trustedCertificates(kept.state);
  return kept.kind === "damaged" ? kept.trusted : [];
}

function signedBy(
  signer: SigningAuthority,
  now: number,
  dnsNames: readonly string[],
  { certificateValidityMs }: RotationOptions,
) {
  return issueServingPair(signer, { dnsNames, now, validityMs: certificateValidityMs });
}

function ended({ validToDate }: X509Certificate, now: number): boolean {
  return now > validToDate.getTime();
}
