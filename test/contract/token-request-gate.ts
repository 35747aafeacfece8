import { expect } from "chai";
import {
  attesting,
  boundTo,
  type ConfigurationKind,
  createConfiguration,
  createServiceAccount,
  expectFailure,
  grantAttest,
  type IssuedToken,
  object,
  partsOf,
  requestToken,
  type ServiceAccountOnTarget,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";
import { invalidRequests, invalidTokenRequest } from "./token-request-validation.ts";

const url = "https://hooks.example.com/gate";
const kinds: readonly ConfigurationKind[] = ["validating", "mutating"];

/** A 1.37 server as it comes: it knows the fields and refuses them. */
export function describeGateOff(contract: Contract): void {
  const { check } = contract;
  let account: ServiceAccountOnTarget;
  let configuration: StoredObject;

  describe("webhook-bound tokens", () => {
    before(async () => {
      account = await createServiceAccount(contract);
      configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      await grantAttest(contract, account, "apps");
    });

    for (const kind of kinds)
      check(`are refused for a ${kind} configuration, whether it exists or not`, async () => {
        const existing = await createConfiguration(contract, kind, [{ clientConfig: { url } }]);
        const message = `cannot bind token to object of type admissionregistration.k8s.io/v1, Kind=${existing.kind} (feature gate APIServerWebhookAuthenticationToken is disabled)`;
        for (const name of [existing.metadata.name, "nowhere"]) {
          const spec = {
            audiences: [url],
            boundObjectRef: { ...boundTo(existing), name },
            attestations: attesting("apps"),
          };
          expectFailure(await requestToken(contract, account, spec), {
            code: 400,
            reason: "BadRequest",
            message,
          });
        }
      });

    for (const request of invalidRequests)
      check(`are validated first: ${request.title}`, async () => {
        expectFailure(
          await requestToken(contract, account, request.spec(configuration)),
          invalidTokenRequest(request),
        );
      });

    check("do not hinder plain tokens", async () => {
      const { status } = object<IssuedToken>(await requestToken(contract, account, { audiences: [url] }));
      expect(partsOf(status.token).claims["kubernetes.io"]).to.deep.equal({
        namespace: account.namespace,
        serviceaccount: { name: account.name, uid: account.uid },
      });
    });
  });
}
