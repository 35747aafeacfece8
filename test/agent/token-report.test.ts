import { expect } from "chai";
import type { EndpointState } from "../../src/agent/endpoint-state.ts";
import { createTokenReport } from "../../src/agent/token-report.ts";
import type { Webhook } from "../../src/apis/admissionregistration.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

describe("createTokenReport", () => {
  let lines: string[];
  let report: (states: readonly EndpointState[]) => void;
  beforeEach(() => {
    lines = [];
    report = createTokenReport({
      write: (level, message, fields) => void lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
    });
  });
  const webhook: Webhook = {
    name: "w.example.com",
    clientConfig: { url: "https://h/v" },
    admissionReviewVersions: ["v1"],
  };
  const state = (changes: Partial<EndpointState> = {}): EndpointState => ({
    hostPort: "h:443",
    webhooks: [
      {
        configuration: { kind: "ValidatingWebhookConfiguration", name: "c" },
        webhook,
        audience: "https://h/v",
      },
    ],
    token: undefined,
    failure: new CountersignError("ERR_API_STATUS", "etcd is away"),
    settled: true,
    ...changes,
  });
  const held = { token: { token: new Secret("SECRET"), requestedAt: 0, expiresAt: 1 }, failure: undefined };

  it("says once that there is no token, for whom and why", () => {
    report([state()]);
    report([state()]);
    expect(lines).to.deep.equal([
      'warn no token {"host":"h:443","webhooks":["c/w.example.com"],"code":"ERR_API_STATUS","detail":"etcd is away"}',
    ]);
  });

  it("says so again once the reason is another, and when there is one", () => {
    report([state()]);
    report([state({ failure: new CountersignError("ERR_TRANSPORT", "gone") })]);
    report([state(held)]);
    report([state()]);
    expect(lines.map((line) => line.split(" {")[0])).to.deep.equal([
      "warn no token",
      "warn no token",
      "info token held",
      "warn no token",
    ]);
    expect(lines.join()).to.not.include("SECRET");
  });

  it("waits until asking has come to an end", () => {
    report([state({ settled: false })]);
    expect(lines).to.deep.equal([]);
  });

  describe("of a webhook that is called for every TokenRequest", () => {
    const rules = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*" as const], resources: ["*/*"] }];
    const intercepting = (changes: Partial<Webhook> = {}) =>
      state({ ...held, webhooks: [{ ...state().webhooks[0]!, webhook: { ...webhook, rules, ...changes } }] });

    it("says once, though a token is held, which it is and how it is cured", () => {
      report([intercepting()]);
      report([intercepting()]);
      expect(lines).to.have.length(2);
      expect(lines[1]).to.match(
        /^warn a webhook is called for its own token .*w\.example\.com.*matchCondition/,
      );
    });

    it("says nothing where match conditions may exclude it", () => {
      report([intercepting({ matchConditions: [{ name: "m", expression: "true" }] })]);
      expect(lines).to.have.length(1);
    });
  });

  it("remembers nothing of a host that is no longer asked for", () => {
    report([state()]);
    report([]);
    report([state()]);
    expect(lines).to.have.length(2);
  });
});
