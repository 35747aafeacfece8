import { expect } from "chai";
import type { EndpointState } from "../../src/agent/endpoint-state.ts";
import { createTokenReport } from "../../src/agent/token-report.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { FoundWebhook } from "../../src/webhook/endpoints/find-webhooks-by-host-port.ts";

describe("createTokenReport", () => {
  let lines: string[];
  let report: (states: readonly EndpointState[]) => void;
  beforeEach(() => {
    lines = [];
    report = createTokenReport({
      write: (level, message, fields) => void lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
    });
  });
  const found: FoundWebhook = {
    configuration: { kind: "ValidatingWebhookConfiguration", name: "c" },
    webhook: {
      name: "w.example.com",
      clientConfig: { url: "https://h/v" },
      admissionReviewVersions: ["v1"],
    },
    audience: "https://h/v",
  };
  const state = (changes: Partial<EndpointState> = {}): EndpointState => ({
    hostPort: "h:443",
    webhooks: [found],
    interceptor: undefined,
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

  describe("of a webhook that is called for the request for its own token", () => {
    const intercepting = state({ ...held, interceptor: found });

    it("says once, though a token is held, which it is and how it is cured", () => {
      report([intercepting]);
      report([intercepting]);
      expect(lines).to.have.length(2);
      expect(lines[1]).to.match(
        /^warn a webhook is called for its own token .*w\.example\.com.*matchCondition/,
      );
    });

    it("says so again once it was cured and is so again", () => {
      report([intercepting]);
      report([state(held)]);
      report([intercepting]);
      expect(lines.filter((line) => line.includes("its own token"))).to.have.length(2);
    });
  });

  it("remembers nothing of a host that is no longer asked for", () => {
    report([state()]);
    report([]);
    report([state()]);
    expect(lines).to.have.length(2);
  });
});
