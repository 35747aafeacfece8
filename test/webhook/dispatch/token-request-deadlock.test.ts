import { expect } from "chai";
import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import type { TokenRequest } from "../../../src/apis/authentication.ts";
import { createTokenCache } from "../../../src/credentials/token-cache.ts";
import { createAuthenticationInfoResolver } from "../../../src/webhook/client/authentication-info-resolver.ts";
import { createWebhookClient } from "../../../src/webhook/client/webhook-client.ts";
import { dispatchStatus } from "../../../src/webhook/dispatch/dispatch-errors.ts";
import { createValidatingDispatcher } from "../../../src/webhook/dispatch/validating-dispatcher.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation, startWebhookRig, type WebhookRig } from "../webhook-rig.ts";

/** A webhook that asks for a token also on the requests that tokens are asked with, in an API server that dispatches them. */
describe("a webhook that reviews the requests for its own token", () => {
  let rig: WebhookRig;
  let bearers: (string | undefined)[];
  let minted: number;
  before(async () => {
    rig = await startWebhookRig();
  });
  beforeEach(() => {
    bearers = [];
    minted = 0;
    rig.answers["/a"] = (_, __, { headers }) => {
      bearers.push(headers.authorization);
      return { allowed: headers.authorization !== undefined, status: { code: 401 } };
    };
  });
  after(() => rig.close());

  const tokenCreation: AdmissionAttributes = {
    ...creation,
    kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
    resource: { group: "", version: "v1", resource: "serviceaccounts" },
    subResource: "token",
  };

  /** An API server in small: it mints only what its own admission allows. */
  function apiServer() {
    const configurations = [rig.configuration("ValidatingWebhookConfiguration", "v", { name: "a" })];
    let admission = true;
    const cache = createTokenCache({
      server: "https://kube",
      client: {
        async createToken({ namespace, name }, request: TokenRequest) {
          if (admission) await dispatcher.validate(tokenCreation);
          minted++;
          const { spec } = request;
          const claims = {
            sub: `system:serviceaccount:${namespace}:${name}`,
            aud: spec.audiences,
            "kubernetes.io": {
              validatingwebhookconfiguration: { name: "v", uid: "uid-of-v" },
              attestations: spec.attestations,
            },
          };
          const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
          const expirationTimestamp = new Date(Date.now() + 600_000).toISOString();
          return {
            status: 201,
            body: { spec, status: { token: `e30.${payload}.sig`, expirationTimestamp } },
          };
        },
      },
    });
    const serviceAccount = { namespace: "kube-system", name: "webhook-auth" };
    const client = createWebhookClient({
      resolver: createAuthenticationInfoResolver({ tokens: { cache, serviceAccount, apiGroup: "*" } }),
      services: { resolve: () => ({ host: "127.0.0.1", port: rig.server.port }) },
    });
    const dispatcher = createValidatingDispatcher({
      client,
      configurations: () => configurations,
      namespaceLabels: () => ({}),
    });
    return {
      dispatcher,
      leaveOutAdmission: () => {
        admission = false;
      },
      close() {
        client.close();
        cache.close();
      },
    };
  }

  it("never waits for itself: cold, it is called without a token, and refuses", async () => {
    const { dispatcher, close } = apiServer();
    const startedAt = performance.now();
    const status = dispatchStatus(await rejectionOf(dispatcher.validate(creation)));
    expect(performance.now() - startedAt).to.be.below(1_000);
    expect(status.code).to.equal(401);
    expect(bearers).to.deep.equal([undefined, undefined]);
    expect(minted).to.equal(0);
    close();
  });

  it("is shown a token that is held, so that minting goes on", async () => {
    const { dispatcher, leaveOutAdmission, close } = apiServer();
    leaveOutAdmission();
    await dispatcher.validate(creation);
    await dispatcher.validate(tokenCreation);
    expect(bearers.map((bearer) => bearer?.startsWith("Bearer e30."))).to.deep.equal([true, true]);
    expect(minted).to.equal(1);
    close();
  });
});
