import {
  attesting,
  boundTo,
  createConfiguration,
  createServiceAccount,
  expectFailure,
  grantAttest,
  requestToken,
  type ServiceAccountOnTarget,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";

interface InvalidRequest {
  readonly title: string;
  readonly spec: (configuration: StoredObject) => object;
  readonly reason?: string;
  readonly field: string;
  readonly message: string;
}

const url = "https://hooks.example.com/validation";
const valid = (configuration: StoredObject) => ({
  audiences: [url],
  boundObjectRef: boundTo(configuration),
  attestations: attesting("apps"),
});
const exactlyOne = (value: string) =>
  `Invalid value: ${value}: webhook bound requests require exactly one admissionReviewAPIGroups attestation`;
const onlyWebhooks =
  'Invalid value: {"admissionReviewAPIGroups":["apps"]}: attestations may only be specified with a webhook bound object reference';
const subdomain =
  "must specify a valid API Group: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const attestations = (
  title: string,
  value: unknown,
  field: string,
  message: string,
  reason?: string,
): InvalidRequest => ({
  title,
  spec: (configuration) => ({ ...valid(configuration), attestations: value }),
  field,
  message,
  ...(reason === undefined ? {} : { reason }),
});

const unbound = (title: string, boundObjectRef: unknown): InvalidRequest => ({
  title,
  spec: (configuration) => ({ ...valid(configuration), boundObjectRef }),
  field: "spec.attestations",
  message: onlyWebhooks,
});

export const invalidRequests: readonly InvalidRequest[] = [
  {
    title: "several audiences",
    spec: (configuration) => ({ ...valid(configuration), audiences: ["a", "b"] }),
    field: "spec.audiences",
    message: 'Invalid value: ["a","b"]: must be length 1 when bound to a webhook config',
  },
  attestations("no attestation", undefined, "spec.attestations", exactlyOne("null")),
  attestations("null for attestations", null, "spec.attestations", exactlyOne("null")),
  attestations("empty attestations", {}, "spec.attestations", exactlyOne("{}")),
  attestations(
    "a second attestation",
    { ...attesting("apps"), foo: ["x"] },
    "spec.attestations",
    exactlyOne('{"admissionReviewAPIGroups":["apps"],"foo":["x"]}'),
  ),
  attestations(
    "an unknown attestation",
    { foo: ["x"] },
    "spec.attestations[foo]",
    'Unsupported value: "foo": supported values: "admissionReviewAPIGroups"',
    "FieldValueNotSupported",
  ),
  attestations(
    "no group",
    attesting(),
    "spec.attestations[admissionReviewAPIGroups]",
    "Invalid value: []: must specify a single value",
  ),
  attestations(
    "several groups",
    attesting("a", "b"),
    "spec.attestations[admissionReviewAPIGroups]",
    'Invalid value: ["a","b"]: must specify a single value',
  ),
  attestations(
    "the core group",
    attesting(""),
    "spec.attestations[admissionReviewAPIGroups][0]",
    'Invalid value: "": may not be an empty string',
  ),
  attestations(
    "what is no API group",
    attesting("Not_A_Group"),
    "spec.attestations[admissionReviewAPIGroups][0]",
    `Invalid value: "Not_A_Group": ${subdomain}`,
  ),
  unbound("an attestation bound to nothing", undefined),
  unbound("an attestation bound to a Secret", { apiVersion: "v1", kind: "Secret", name: "x" }),
  unbound("an attestation bound to a Pod", { apiVersion: "v1", kind: "Pod", name: "x" }),
  unbound("a configuration of another version", {
    apiVersion: "admissionregistration.k8s.io/v1beta1",
    kind: "ValidatingWebhookConfiguration",
    name: "x",
  }),
  {
    title: "less than ten minutes",
    spec: (configuration) => ({ ...valid(configuration), expirationSeconds: 599 }),
    field: "spec.expirationSeconds",
    message: "Invalid value: 599: may not specify a duration less than 10 minutes",
  },
  {
    title: "more than 2^32 seconds",
    spec: (configuration) => ({ ...valid(configuration), expirationSeconds: 2 ** 32 + 1 }),
    field: "spec.expirationSeconds",
    message: "Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
  },
];

export const invalidTokenRequest = ({ field, message, reason = "FieldValueInvalid" }: InvalidRequest) => ({
  code: 422,
  reason: "Invalid",
  message: `TokenRequest.authentication.k8s.io "" is invalid: ${field}: ${message}`,
  details: { group: "authentication.k8s.io", kind: "TokenRequest", causes: [{ reason, message, field }] },
});

/** kubernetes/kubernetes pkg/apis/authentication/validation/validation.go. */
export function describeTokenRequestValidation(contract: Contract): void {
  const { check, admin } = contract;
  let account: ServiceAccountOnTarget;
  let configuration: StoredObject;

  describe("validation of a TokenRequest", () => {
    before(async () => {
      account = await createServiceAccount(contract);
      configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      await grantAttest(contract, account, "apps");
    });

    for (const request of invalidRequests)
      check(`refuses ${request.title}`, async () => {
        expectFailure(
          await requestToken(contract, account, request.spec(configuration)),
          invalidTokenRequest(request),
        );
      });

    check("refuses to bind to what no token can be bound to", async () => {
      const answer = await requestToken(contract, account, {
        audiences: [url],
        boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" },
      });
      expectFailure(answer, {
        code: 400,
        reason: "BadRequest",
        message: "cannot bind token to object of type /v1, Kind=ConfigMap",
      });
    });

    check("refuses a Secret that does not exist as not found", async () => {
      const answer = await requestToken(contract, account, {
        audiences: [url],
        boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "x" },
      });
      expectFailure(answer, {
        code: 404,
        reason: "NotFound",
        message: 'secrets "x" not found',
        details: { name: "x", kind: "secrets" },
      });
    });

    check("refuses a duration that is a string", async () => {
      const message =
        'TokenRequest in version "v1" cannot be handled as a TokenRequest: json: cannot unmarshal string into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64';
      expectFailure(await requestToken(contract, account, { audiences: [url], expirationSeconds: "600" }), {
        code: 400,
        reason: "BadRequest",
        message,
      });
    });

    check("ignores a field it does not know", async () => {
      const answer = await admin().post(account.tokenPath, { spec: { audiences: [url], unheardOf: 1 } });
      if (answer.status !== 201) throw new Error(answer.text);
    });
  });
}
