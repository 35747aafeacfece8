import type { WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import type { TokenReview, UserInfo } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import {
  type BoundConfiguration,
  type Caller,
  type TokenAuthenticator,
  UnauthenticatedToken,
} from "./authenticator.ts";
import { attestationExtraKey, boundObjectExtraKeys } from "./service-account-user.ts";
import { isObject, type JSONObject, ownMember } from "./strict-json.ts";
import { quoted, quotedList } from "./token-check.ts";

/** Posts `/apis/authentication.k8s.io/v1/tokenreviews`; `transport/` has one. */
export interface TokenReviewClient {
  createTokenReview(review: TokenReview, options: { readonly signal: AbortSignal }): Promise<TokenReview>;
}

/** Which audiences an answer must be for. */
export interface TokenReviewAudiences {
  /** What the token must be good for; sent as `spec.audiences`. Empty: the API server's own, and nothing is checked. */
  readonly audiences: readonly string[];
  /**
   * The API server's own audiences. An answer without `status.audiences` means that the token is good for these, and for
   * nothing else. Default: none, so that such an answer is refused wherever audiences are wanted.
   */
  readonly implicitAudiences?: readonly string[];
}

/** Whom to ask, and for which audiences. */
export interface TokenReviewOptions extends TokenReviewAudiences {
  readonly client: TokenReviewClient;
  /** Default 5 000 (5 s): half of what a webhook has to answer (10 s, admissionregistration.k8s.io/v1). */
  readonly timeoutMs?: number;
}

const kindOfClaim: Readonly<Record<string, WebhookConfigurationKind>> = {
  validatingwebhookconfiguration: "ValidatingWebhookConfiguration",
  mutatingwebhookconfiguration: "MutatingWebhookConfiguration",
};

/**
 * Asks an API server whose token it is. It knows what no offline verifier can: that the ServiceAccount or the bound
 * configuration was deleted. Remembers nothing; put a cached authenticator around it.
 * @returns an authenticator that throws ERR_TOKEN_REVIEW_UNAVAILABLE where the server cannot be asked, else as
 * {@link processTokenReview}.
 */
export function createTokenReviewAuthenticator(options: TokenReviewOptions): TokenAuthenticator {
  return {
    async authenticateToken(token) {
      const spec = {
        token: token.reveal(),
        ...(options.audiences.length > 0 && { audiences: options.audiences }),
      };
      return processTokenReview(await post(options, spec), options);
    },
  };
}

async function post(
  { client, timeoutMs = 5_000 }: TokenReviewOptions,
  spec: TokenReview["spec"],
): Promise<unknown> {
  const review: TokenReview = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await Promise.race([client.createTokenReview(review, { signal }), passed(signal)]);
  } catch (cause) {
    throw new CountersignError(
      "ERR_TOKEN_REVIEW_UNAVAILABLE",
      "token review: the API server could not be asked",
      {
        cause,
      },
    );
  }
}

/** Rejects at the deadline: whoever waits for this token is let go also where a client does not heed its signal. */
function passed(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * The caller that a TokenReview's answer names, in the shape that offline verification gives. Rules and their order are
 * kubernetes/apiserver's (plugin/pkg/authenticator/token/webhook): audiences first, then `authenticated`.
 * @throws ERR_TOKEN_REVIEW_REFUSED where the server did not authenticate the token, or not for a wanted audience: an
 * {@link UnauthenticatedToken} unless it says that there was an error.
 * @throws ERR_TOKEN_REVIEW_UNAVAILABLE for an answer that is no TokenReview.
 */
export function processTokenReview(answer: unknown, wanted: TokenReviewAudiences): Caller {
  const status = isObject(answer) ? ownMember(answer, "status") : undefined;
  if (!isObject(status)) throw unreadable("status: expected an object");
  const { authenticated, error } = outcomeOf(status);
  const audience = acceptedAudience(stringList(status, "audiences"), wanted);
  if (!authenticated && error !== "") throw refused(`the API server says ${quoted(error)}`);
  if (!authenticated) throw unauthenticated("not authenticated");
  const user = ownMember(status, "user");
  if (!isObject(user)) throw unreadable("status.user: expected an object");
  return callerOf(decodeUser(user), audience);
}

function acceptedAudience(
  answered: readonly string[],
  { audiences, implicitAudiences = [] }: TokenReviewAudiences,
): string | undefined {
  if (audiences.length === 0) return undefined;
  const valid = answered.length === 0 ? implicitAudiences : answered;
  const accepted = audiences.find((audience) => valid.includes(audience));
  if (accepted === undefined)
    throw unauthenticated(`expected one of the audiences ${quotedList(audiences)}, got ${quotedList(valid)}`);
  return accepted;
}

function callerOf(user: UserInfo, audience: string | undefined): Caller {
  const bound = Object.keys(kindOfClaim).flatMap((claim) => boundConfiguration(user, claim) ?? []);
  if (bound.length > 1) throw refused("the token is bound to configurations of both kinds");
  const attested = extraValues(user, attestationExtraKey);
  if (attested !== undefined && attested.length !== 1)
    throw refused("the token does not attest exactly one API group");
  return {
    method: "tokenReview",
    user,
    ...(audience !== undefined && { audience }),
    ...(attested?.[0] !== undefined && { attestedAPIGroup: attested[0] }),
    ...(bound[0] !== undefined && { boundConfiguration: bound[0] }),
  };
}

function boundConfiguration(user: UserInfo, claim: string): BoundConfiguration | undefined {
  const keys = boundObjectExtraKeys(claim);
  const [name, ...moreNames] = extraValues(user, keys.name) ?? [];
  const [uid, ...moreUids] = extraValues(user, keys.uid) ?? [];
  if (name === undefined && uid === undefined) return undefined;
  if (name === undefined || uid === undefined || moreNames.length + moreUids.length > 0)
    throw refused(`the token's ${claim} is not exactly one name and uid`);
  return { kind: kindOfClaim[claim]!, name, uid };
}

function extraValues(user: UserInfo, key: string): readonly string[] | undefined {
  return user.extra !== undefined && Object.hasOwn(user.extra, key) ? user.extra[key] : undefined;
}

function decodeUser(user: JSONObject): UserInfo {
  const username = ownMember(user, "username");
  const uid = ownMember(user, "uid") ?? "";
  const extra = ownMember(user, "extra") ?? {};
  if (typeof username !== "string" || username === "")
    throw unreadable("status.user.username: expected a name");
  if (typeof uid !== "string") throw unreadable("status.user.uid: expected a string");
  if (!isObject(extra)) throw unreadable("status.user.extra: expected an object");
  const entries = Object.keys(extra).map((key) => [key, stringList(extra, key)] as const);
  return {
    username,
    ...(uid !== "" && { uid }),
    groups: stringList(user, "groups"),
    extra: Object.fromEntries(entries),
  };
}

/** On the wire an empty list may be absent or null. */
function stringList(object: JSONObject, name: string): readonly string[] {
  const value = ownMember(object, name) ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
    throw unreadable(`${name}: expected a list of strings`);
  return value;
}

/** In Go an absent member is false or empty. */
function outcomeOf(status: JSONObject): { readonly authenticated: boolean; readonly error: string } {
  const authenticated = ownMember(status, "authenticated") ?? false;
  const error = ownMember(status, "error") ?? "";
  if (typeof authenticated !== "boolean") throw unreadable("status.authenticated: expected true or false");
  if (typeof error !== "string") throw unreadable("status.error: expected a string");
  return { authenticated, error };
}

/** The same would be said again; what the API server calls an error may not be (upstream remembers none either). */
function unauthenticated(why: string): UnauthenticatedToken {
  return new UnauthenticatedToken("ERR_TOKEN_REVIEW_REFUSED", `token review: ${why}`);
}

function refused(why: string): CountersignError {
  return new CountersignError("ERR_TOKEN_REVIEW_REFUSED", `token review: ${why}`);
}

function unreadable(why: string): CountersignError {
  return new CountersignError("ERR_TOKEN_REVIEW_UNAVAILABLE", `token review answer: ${why}`);
}
