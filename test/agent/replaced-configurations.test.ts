import { expect } from "chai";
import { dropReplacedTokens } from "../../src/agent/replaced-configurations.ts";
import type { WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import type { ConfigurationState } from "../../src/credentials/token-cache.ts";

const configuration = (uid: string, url = "https://h/v"): WebhookConfiguration => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "a", uid },
  webhooks: [{ name: "w", clientConfig: { url }, admissionReviewVersions: ["v1"] }],
});

describe("dropReplacedTokens", () => {
  let told: ConfigurationState[];
  let changed: (configurations: readonly WebhookConfiguration[]) => void;
  beforeEach(() => {
    told = [];
    changed = dropReplacedTokens({ configurationChanged: (state) => told.push(state) });
  });
  const of = { kind: "ValidatingWebhookConfiguration", name: "a" } as const;

  it("says nothing of what is new or as it was", () => {
    const one = configuration("1");
    changed([one]);
    changed([one, { ...one, metadata: { name: "b" } }]);
    expect(told).to.deep.equal([]);
  });

  it("tells of one that was deleted", () => {
    changed([configuration("1")]);
    changed([]);
    expect(told).to.deep.equal([{ ...of, uid: undefined, audiences: [] }]);
  });

  it("tells of one that was made again, and of addresses that changed", () => {
    changed([configuration("1")]);
    changed([configuration("2")]);
    changed([configuration("2", "https://h/w")]);
    expect(told).to.deep.equal([
      { ...of, uid: "2", audiences: ["https://h/v"] },
      { ...of, uid: "2", audiences: ["https://h/w"] },
    ]);
  });

  it("gets over a webhook that has no address", () => {
    changed([configuration("1")]);
    changed([
      { ...configuration("1"), webhooks: [{ name: "w", clientConfig: {}, admissionReviewVersions: [] }] },
    ]);
    expect(told).to.deep.equal([{ ...of, uid: "1", audiences: [] }]);
  });
});
