import { expect } from "chai";
import fc from "fast-check";
import type { WebhookClientConfig, WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import {
  findWebhooksByHostPort,
  hostPortOf,
  webhookHostPort,
} from "../../../src/webhook/endpoints/find-webhooks-by-host-port.ts";

const configuration = (
  name: string,
  clientConfigs: readonly WebhookClientConfig[],
  kind: WebhookConfiguration["kind"] = "ValidatingWebhookConfiguration",
): WebhookConfiguration => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  metadata: { name, uid: `uid-of-${name}` },
  webhooks: clientConfigs.map((clientConfig, index) => ({
    name: `w${index}.example.com`,
    clientConfig,
    admissionReviewVersions: ["v1"],
  })),
});
const service = (path?: string, port?: number): WebhookClientConfig => ({
  service: {
    namespace: "ns",
    name: "svc",
    ...(path === undefined ? {} : { path }),
    ...(port === undefined ? {} : { port }),
  },
});

describe("findWebhooksByHostPort", () => {
  it("finds a Service webhook, with what its token is bound to", () => {
    const [found, ...rest] = findWebhooksByHostPort(
      [configuration("a", [service("/validate")])],
      "svc.ns.svc:443",
    );
    expect(rest).to.deep.equal([]);
    expect(found?.configuration).to.deep.equal({
      kind: "ValidatingWebhookConfiguration",
      name: "a",
      uid: "uid-of-a",
    });
    expect(found?.audience).to.equal("https://svc.ns.svc:443/validate");
  });

  it("finds every path, configuration and kind at one host and port", () => {
    const found = findWebhooksByHostPort(
      [
        configuration("a", [service("/x"), service("/y"), service("/z", 8443)]),
        configuration("b", [{ url: "https://svc.ns.svc/u" }], "MutatingWebhookConfiguration"),
        configuration("c", [{ url: "https://elsewhere.example" }]),
      ],
      "svc.ns.svc:443",
    );
    expect(found.map(({ configuration: { name }, audience }) => `${name} ${audience}`)).to.deep.equal([
      "a https://svc.ns.svc:443/x",
      "a https://svc.ns.svc:443/y",
      "b https://svc.ns.svc/u",
    ]);
  });

  it("passes over what an API server cannot call, and configurations without webhooks", () => {
    const odd = [
      configuration("a", [{}, { url: "https://a.example", ...service() }, { url: "" }, { url: "a.example" }]),
    ];
    const { webhooks: _, ...empty } = configuration("b", []);
    expect(findWebhooksByHostPort([...odd, empty], "a.example:443")).to.deep.equal([]);
  });

  it("compares hosts without case, and keeps the audience as it is written", () => {
    const [found] = findWebhooksByHostPort(
      [configuration("a", [{ url: "https://Hook.Example/Path" }])],
      "HOOK.example:443",
    );
    expect(found?.audience).to.equal("https://Hook.Example/Path");
  });
});

describe("hostPortOf", () => {
  for (const [url, hostPort] of [
    ["https://a.example", "a.example:443"],
    ["https://A.example:443", "a.example:443"],
    ["HTTPS://a.example:8443/p?q#f", "a.example:8443"],
    ["https://a.example?q", "a.example:443"],
    ["https://10.0.0.1:9443/", "10.0.0.1:9443"],
    ["https://[fd00::1]/p", "[fd00::1]:443"],
    ["https://[fd00::1]:8443", "[fd00::1]:8443"],
    ["http://a.example", undefined],
    ["a.example:443", undefined],
    ["https://user@a.example", undefined],
    ["https://", undefined],
    ["https://a.example:x", undefined],
    ["", undefined],
  ] as const)
    it(`${url || "nothing"} is at ${hostPort}`, () => expect(hostPortOf(url)).to.equal(hostPort));

  it("of a Service is what an API server writes to a credential plugin", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    fc.assert(
      fc.property(name, name, fc.integer({ min: 1, max: 65535 }), (svc, namespace, port) => {
        const clientConfig = { service: { name: svc, namespace, port, path: "/p" } };
        return webhookHostPort(clientConfig) === hostPortOf(`https://${svc}.${namespace}.svc:${port}`);
      }),
    );
  });
});
