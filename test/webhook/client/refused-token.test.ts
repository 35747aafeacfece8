import { expect } from "chai";
import type { TokenRequest } from "../../../src/apis/authentication.ts";
import { createTokenCache } from "../../../src/credentials/token-cache.ts";
import {
  createAuthenticationInfoResolver,
  type WebhookTarget,
} from "../../../src/webhook/client/authentication-info-resolver.ts";
import { createWebhookClient } from "../../../src/webhook/client/webhook-client.ts";
import { replyTo, serviceAccount } from "../../credentials/token-request-rig.ts";
import { type CapturingWebhook, startCapturingWebhook } from "../../rig/capturing-webhook.ts";

const second = 1000;

describe("a token that a webhook refuses", () => {
  let webhook: CapturingWebhook;
  before(async () => {
    webhook = await startCapturingWebhook();
  });
  after(() => webhook.close());

  for (const [how, path, answer] of [
    ["HTTP 401", "/http", { status: 401, body: { kind: "Status", code: 401 } }],
    ["a denial with code 401", "/denial", undefined],
  ] as const)
    it(`by ${how} is dropped and asked for anew, once and not in a loop`, async () => {
      webhook.answer(path, ({ review }) => {
        const response = { uid: review.request.uid, allowed: false, status: { code: 401 } };
        return answer ?? { body: { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response } };
      });
      let now = Date.now();
      let minted = 0;
      const clock = { now: () => now, random: () => 0 };
      const createToken = async (_: unknown, request: TokenRequest) => {
        minted++;
        return { status: 201, body: replyTo(request, now, { jti: String(minted) }) };
      };
      const cache = createTokenCache({ server: "https://kube", client: { createToken }, clock });
      const resolver = createAuthenticationInfoResolver({ tokens: { cache, serviceAccount } });
      const client = createWebhookClient({ resolver, clock });
      const url = `https://localhost:${webhook.port}${path}`;
      const clientConfig = { url, caBundle: webhook.caBundle };
      const target: WebhookTarget = {
        kind: "ValidatingWebhookConfiguration",
        configuration: { name: "c", uid: "u-1" },
        webhook: { name: "a.example.com", clientConfig, admissionReviewVersions: ["v1"] },
        apiGroup: "apps",
      };
      const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: { uid: "u" } };
      const call = () => client.call(target, review).catch(() => undefined);

      await call();
      expect(minted, "the first").to.equal(1);
      now += 60 * second;
      await call();
      await call();
      expect(minted, "what was refused a minute old").to.equal(2);
      for (let calls = 0; calls < 5; calls++) await call();
      expect(minted, "what is as new as can be is not asked for again").to.equal(2);
      now += 60 * second;
      await call();
      await call();
      expect(minted).to.equal(3);
      expect(new Set(webhook.calls(path).map(({ headers }) => headers.authorization)).size).to.equal(3);
      client.close();
      cache.close();
    });
});
