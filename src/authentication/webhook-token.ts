import type { WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import { admissionReviewAPIGroups, type ServiceAccountReference } from "../apis/authentication.ts";
import type { BoundConfiguration, Caller } from "./authenticator.ts";
import { namedCheck, serviceAccountUser, subjectCheck } from "./service-account-user.ts";
import type { SignedToken } from "./signed-token.ts";
import { lifetimeCheck, timeChecks } from "./time-checks.ts";
import { quoted, quotedList, type TokenCheck, type TokenProfile } from "./token-check.ts";
import { isWebhookToken, type KubernetesClaims, type TokenClaims } from "./token-claims.ts";

/** A webhook configuration that tokens must be bound to. */
export interface ConfigurationPin {
  readonly name: string;
  /** Also pins this one object: a token for a configuration that was deleted and made anew is refused. */
  readonly uid?: string;
}

/** The rules for webhook-bound tokens on one route. */
export interface WebhookTokenRules {
  /** Kinds of configuration that register this route. */
  readonly kinds: readonly WebhookConfigurationKind[];
  /** Configurations that register this route. Default: any of those kinds. */
  readonly configurations?: readonly ConfigurationPin[];
  /**
   * ServiceAccounts whose tokens may attest `*`, every API group: for those the issuer checks neither rule nor audience.
   * Default: none. A token for one group needs no naming, its issuer checked that its ServiceAccount may `attest` it.
   */
  readonly serviceAccounts?: readonly ServiceAccountReference[];
  /** Longest `exp - iat`. Default 600 s, the one life the issuer gives them. */
  readonly maxLifetimeSeconds?: number;
}

export interface WebhookTokenProfileOptions extends WebhookTokenRules {
  /** This route's audiences. */
  readonly audiences: readonly string[];
  readonly leewaySeconds?: number;
}

/** kubernetes/kubernetes pkg/registry/core/serviceaccount/storage/token.go lowers every request to ten minutes. */
const issuedLifetimeSeconds = 600;

const anyAPIGroup = "*";

/**
 * Webhook-bound tokens (KEP-6060): exactly one audience, one of the route's; within their time, and living no longer than
 * 600 s; `sub` agreeing with the private claims; bound to exactly one webhook configuration of a kind that fits the route,
 * pinned by name and uid where wanted; attesting exactly one API group, `*` only from named ServiceAccounts.
 */
export function webhookTokenProfile(options: WebhookTokenProfileOptions): TokenProfile {
  return {
    method: "webhookToken",
    covers: ({ claims }) => isWebhookToken(claims),
    checks: [
      audienceCheck(options.audiences),
      ...timeChecks(options.leewaySeconds),
      lifetimeCheck(options.maxLifetimeSeconds ?? issuedLifetimeSeconds),
      subjectCheck,
      bindingCheck(options.kinds),
      ...(options.configurations === undefined ? [] : [pinCheck(options.configurations)]),
      attestationCheck,
      namedCheck(
        "caller for all groups",
        options.serviceAccounts ?? [],
        (claims) => attestedGroup(claims) === anyAPIGroup,
      ),
    ],
    caller: webhookCaller,
  };
}

function webhookCaller({ claims }: SignedToken): Caller {
  const [boundConfiguration] = bindings(claims.kubernetes);
  return {
    method: "webhookToken",
    user: serviceAccountUser(claims),
    audience: claims.aud[0]!,
    attestedAPIGroup: attestedGroup(claims)!,
    boundConfiguration: boundConfiguration!,
    expiresAt: claims.exp * 1000,
  };
}

function audienceCheck(audiences: readonly string[]): TokenCheck {
  return {
    name: "audience",
    code: "ERR_TOKEN_AUDIENCE",
    passes: ({ claims: { aud } }) => aud.length === 1 && audiences.includes(aud[0]!),
    compared: ({ claims: { aud } }) => ({
      expected: `exactly one, of ${quotedList(audiences)}`,
      actual: quotedList(aud),
    }),
  };
}

function bindingCheck(kinds: readonly WebhookConfigurationKind[]): TokenCheck {
  return {
    name: "binding",
    code: "ERR_TOKEN_BINDING",
    passes: ({ claims }) => {
      const bound = bindings(claims.kubernetes);
      return bound.length === 1 && kinds.includes(bound[0]!.kind);
    },
    compared: ({ claims }) => ({
      expected: `exactly one configuration, of kind ${kinds.join(" or ")}`,
      actual: describe(bindings(claims.kubernetes)),
    }),
  };
}

function pinCheck(pins: readonly ConfigurationPin[]): TokenCheck {
  const fits = ({ name, uid }: BoundConfiguration): boolean =>
    pins.some((pin) => pin.name === name && (pin.uid === undefined || pin.uid === uid));
  return {
    name: "configuration",
    code: "ERR_TOKEN_BINDING",
    passes: ({ claims }) => bindings(claims.kubernetes).every(fits),
    compared: ({ claims }) => ({
      expected: `one of ${pins.map(({ name, uid }) => (uid === undefined ? quoted(name) : `${quoted(name)} with uid ${quoted(uid)}`)).join(", ")}`,
      actual: describe(bindings(claims.kubernetes)),
    }),
  };
}

const attestationCheck: TokenCheck = {
  name: "attestation",
  code: "ERR_TOKEN_ATTESTATION",
  passes: ({ claims }) => attestedGroup(claims) !== undefined,
  compared: ({ claims: { kubernetes } }) => ({
    expected: `${admissionReviewAPIGroups} and nothing else, with one group that is not empty`,
    actual:
      kubernetes.attestations === undefined
        ? "none"
        : [...kubernetes.attestations]
            .map(([key, groups]) => `${quoted(key)}: ${quotedList(groups)}`)
            .join("; ") || "none",
  }),
};

/** The one attested group, or undefined where it is not exactly one. */
function attestedGroup({ kubernetes: { attestations } }: TokenClaims): string | undefined {
  const groups = attestations?.get(admissionReviewAPIGroups);
  if (attestations?.size !== 1 || groups?.length !== 1) return undefined;
  return groups[0] === "" ? undefined : groups[0];
}

function bindings(kubernetes: KubernetesClaims): readonly BoundConfiguration[] {
  const { validatingwebhookconfiguration: validating, mutatingwebhookconfiguration: mutating } = kubernetes;
  return [
    ...(validating === undefined ? [] : [{ kind: "ValidatingWebhookConfiguration", ...validating } as const]),
    ...(mutating === undefined ? [] : [{ kind: "MutatingWebhookConfiguration", ...mutating } as const]),
  ];
}

function describe(bound: readonly BoundConfiguration[]): string {
  return (
    bound.map(({ kind, name, uid }) => `${kind} ${quoted(name)} with uid ${quoted(uid)}`).join(" and ") ||
    "none"
  );
}
