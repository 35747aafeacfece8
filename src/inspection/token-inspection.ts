import { decodeSignedToken } from "../authentication/signed-token.ts";
import type { TokenFinding } from "../authentication/token-verifier.ts";
import { explainToken, type WebhookCallerOptions } from "../authentication/webhook-callers.ts";
import { CountersignError } from "../errors.ts";
import type { Secret } from "../secret.ts";

export interface TokenInspectionOptions {
  readonly token: Secret;
  /** The route the token is held against. */
  readonly route: WebhookCallerOptions;
  /** The `resource.group` of the review it is to be shown with; not compared where absent. */
  readonly apiGroup?: string;
}

/** What a webhook route would say of a token, and why. Holds no token and no key. */
export interface TokenInspection {
  readonly accepted: boolean;
  readonly findings: readonly TokenFinding[];
}

/** Runs the very checks of the route's authenticator, all of them, and compares the attested API group as a review would. */
export async function inspectToken({
  token,
  route,
  apiGroup,
}: TokenInspectionOptions): Promise<TokenInspection> {
  const explained = await explainToken(token, route);
  const findings = apiGroup === undefined ? explained : [...explained, ...groupFinding(token, apiGroup)];
  return { accepted: findings.every(({ passed }) => passed), findings };
}

function groupFinding(token: Secret, apiGroup: string): readonly TokenFinding[] {
  const attested = attestedGroups(token);
  // a token that cannot be read has failed already; one that attests nothing is not limited to a group
  if (attested === undefined) return [];
  const [group = ""] = attested;
  const passed = attested.length === 1 && (group === "*" || group === apiGroup);
  const finding = {
    check: "api group",
    passed,
    expected: `${apiGroup || '""'} or *`,
    actual: attested.join(", "),
  };
  return [passed ? finding : { ...finding, code: "ERR_GROUP_NOT_ATTESTED" }];
}

function attestedGroups(token: Secret): readonly string[] | undefined {
  try {
    return decodeSignedToken(token.reveal()).claims.kubernetes.attestations?.get("admissionReviewAPIGroups");
  } catch (error) {
    if (error instanceof CountersignError) return undefined;
    throw error;
  }
}
