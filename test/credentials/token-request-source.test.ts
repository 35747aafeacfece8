import { expect } from "chai";
import type { TokenRequest } from "../../src/apis/authentication.ts";
import type { Status } from "../../src/apis/meta.ts";
import { createTokenRequestSource } from "../../src/credentials/token-request-source.ts";
import { diagnosticsChannel, type TokenMessage } from "../../src/diagnostics.ts";
import { CountersignError } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";
import { attested, replyTo, serviceAccount } from "./token-request-rig.ts";

const clock = { now: () => Date.UTC(2026, 0, 1), random: () => 0 };

function sourceAnswering(status: number, body: unknown | ((request: TokenRequest) => unknown)) {
  const createToken = async (_: unknown, request: TokenRequest) => ({
    status,
    body: typeof body === "function" ? body(request) : body,
  });
  return createTokenRequestSource({ client: { createToken }, serviceAccount, intent: attested, clock });
}

/** What kube-apiserver 1.37.0 answers, in the order of its checks; see the contract suite for it answering so. */
const refusals: readonly (readonly [string, Status & { code: number }, string, RegExp])[] = [
  [
    "a ServiceAccount that is not there",
    { code: 404, reason: "NotFound", message: 'serviceaccounts "webhook-auth" not found' },
    "ERR_TOKEN_REQUEST_NOT_FOUND",
    /create ServiceAccount kube-system\/webhook-auth/,
  ],
  [
    "a request that is invalid",
    {
      code: 422,
      reason: "Invalid",
      message:
        'TokenRequest.authentication.k8s.io "" is invalid: spec.attestations[admissionReviewAPIGroups][0]: Invalid value: "": may not be an empty string',
    },
    "ERR_TOKEN_REQUEST_INVALID",
    /may not be an empty string.*change what the message names/,
  ],
  [
    "the gate turned off",
    {
      code: 400,
      message:
        "cannot bind token to object of type admissionregistration.k8s.io/v1, Kind=ValidatingWebhookConfiguration (feature gate APIServerWebhookAuthenticationToken is disabled)",
    },
    "ERR_TOKEN_REQUEST_GATE_OFF",
    /turn on the feature gate APIServerWebhookAuthenticationToken .*plain audience tokens/,
  ],
  [
    "an API server without the gate",
    {
      code: 400,
      message:
        "cannot bind token to object of type admissionregistration.k8s.io/v1, Kind=ValidatingWebhookConfiguration",
    },
    "ERR_TOKEN_REQUEST_GATE_OFF",
    /1\.37 or later/,
  ],
  [
    "an audience of the API server",
    { code: 400, message: "api server audiences are invalid for webhook token requests" },
    "ERR_TOKEN_REQUEST_INVALID",
    /api server audiences are invalid/,
  ],
  [
    "attest that is not granted",
    {
      code: 403,
      reason: "Forbidden",
      details: { name: "apps", group: "authentication.k8s.io", kind: "admissionReviewAPIGroups" },
      message:
        'admissionReviewAPIGroups.authentication.k8s.io "apps" is forbidden: User "system:serviceaccount:kube-system:webhook-auth" cannot attest resource "admissionReviewAPIGroups" in API group "authentication.k8s.io" at the cluster scope',
    },
    "ERR_TOKEN_REQUEST_ATTEST",
    /grant ServiceAccount kube-system\/webhook-auth the verb attest on admissionReviewAPIGroups\.authentication\.k8s\.io "apps"/,
  ],
  [
    "no webhook that matches audience and group",
    { code: 403, message: 'serviceaccounts/token "webhook-auth" is forbidden: token request denied' },
    "ERR_TOKEN_REQUEST_DENIED",
    /ValidatingWebhookConfiguration "c" must exist .* "https:\/\/svc\.ns\.svc:443\/v" and a rule for API group "apps"/,
  ],
  [
    "a requester who may not create tokens",
    {
      code: 403,
      details: { name: "webhook-auth", kind: "serviceaccounts" },
      message:
        'serviceaccounts "webhook-auth" is forbidden: User "jane" cannot create resource "serviceaccounts/token" in API group "" in the namespace "kube-system"',
    },
    "ERR_TOKEN_REQUEST_FORBIDDEN",
    /verb create on serviceaccounts\/token, resource name "webhook-auth", in namespace "kube-system"/,
  ],
  [
    "a configuration that was replaced",
    {
      code: 409,
      reason: "Conflict",
      message: "Operation cannot be fulfilled on ValidatingWebhookConfiguration",
    },
    "ERR_TOKEN_REQUEST_CONFLICT",
    /read the webhook configuration again/,
  ],
  [
    "a requester it does not know",
    { code: 401, message: "Unauthorized" },
    "ERR_API_STATUS",
    /check the credentials/,
  ],
  ["a fault of its own", { code: 500, message: "boom" }, "ERR_API_STATUS", /boom \(500\)/],
];

describe("token request source", () => {
  it("gives a token that was just made", async () => {
    const source = sourceAnswering(201, (request: TokenRequest) => replyTo(request, clock.now()));
    expect(await source.token()).to.include({ requestedAt: clock.now(), expiresAt: clock.now() + 600_000 });
  });

  for (const [name, status, code, message] of refusals)
    it(`says what to do about ${name}`, async () => {
      const body = { kind: "Status", status: "Failure", ...status };
      const error = await rejectionOf(sourceAnswering(status.code, body).token());
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message).and.include(status.message!);
      expect(error.cause).to.deep.equal(body);
    });

  it("makes something of an answer that is no Status", async () => {
    for (const body of ["<html>bad gateway</html>", null, undefined, 7, { kind: "Status", message: 7 }])
      expect((await rejectionOf(sourceAnswering(502, body).token())).message).to.match(/\(502\)/);
  });

  it("passes on what kept an answer from coming", async () => {
    const away = new CountersignError("ERR_TRANSPORT", "away");
    const client = { createToken: () => Promise.reject(away) };
    const source = createTokenRequestSource({ client, serviceAccount, intent: attested });
    expect(await rejectionOf(source.token())).to.equal(away);
  });

  it("publishes every attempt, and no token", async () => {
    const published: TokenMessage[] = [];
    const listen = (message: unknown): void => void published.push(message as TokenMessage);
    diagnosticsChannel("countersign:token").subscribe(listen);
    const { token } = await sourceAnswering(201, (request: TokenRequest) =>
      replyTo(request, clock.now()),
    ).token();
    await rejectionOf(sourceAnswering(404, {}).token());
    diagnosticsChannel("countersign:token").unsubscribe(listen);
    const common = {
      serviceAccount: "kube-system/webhook-auth",
      audience: attested.audience,
      apiGroup: "apps",
    };
    expect(published[0]).to.deep.equal({ ...common, outcome: "minted", durationMs: 0 });
    expect(published[1]).to.deep.include({
      ...common,
      outcome: "failed",
      code: "ERR_TOKEN_REQUEST_NOT_FOUND",
    });
    expect(JSON.stringify(published)).to.not.include(token.reveal());
  });
});
