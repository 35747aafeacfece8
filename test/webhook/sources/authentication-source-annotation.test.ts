import { expect } from "chai";
import type { WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { type ConfigurationMessage, diagnosticsChannel } from "../../../src/diagnostics.ts";
import {
  withAuthenticationSources,
  withAuthenticationSourcesOrFault,
} from "../../../src/webhook/sources/authentication-source-annotation.ts";
import { faultOf } from "../../../src/webhook/sources/configuration-faults.ts";

const configuration = (
  annotation?: string,
  names = ["a.example.com", "b.example.com"],
): WebhookConfiguration => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: {
    name: "policies",
    ...(annotation === undefined
      ? {}
      : { annotations: { "countersign.dev/authentication-source": annotation } }),
  },
  webhooks: names.map((name) => ({
    name,
    clientConfig: { url: `https://${name}/v` },
    admissionReviewVersions: ["v1"],
  })),
});

const sourcesOf = ({ webhooks = [] }: WebhookConfiguration): unknown[] =>
  webhooks.map(({ clientConfig }) => clientConfig.authenticationSource);

describe("withAuthenticationSources", () => {
  it("gives a configuration without the annotation back as it is", () => {
    const plain = configuration();
    expect(withAuthenticationSources(plain)).to.equal(plain);
    const others = { ...plain, metadata: { name: "x", annotations: { "example.com/y": "{" } } };
    expect(withAuthenticationSources(others)).to.equal(others);
  });

  it("sets the field on the webhooks that are named, and on no other", () => {
    const named = configuration('{"b.example.com":{"tokenRequest":{}}}');
    const before = structuredClone(named);
    expect(sourcesOf(withAuthenticationSources(named))).to.deep.equal([undefined, { tokenRequest: {} }]);
    expect(named, "what came in is left as it was").to.deep.equal(before);
  });

  it("keeps everything else, and objects that it does not change", () => {
    const named = configuration('{"b.example.com":{"tokenRequest":{}}}');
    const { webhooks, ...rest } = withAuthenticationSources(named);
    expect(rest).to.deep.equal({ apiVersion: named.apiVersion, kind: named.kind, metadata: named.metadata });
    expect(webhooks?.[0]).to.equal(named.webhooks?.[0]);
    expect(webhooks?.[1]?.clientConfig.url).to.equal("https://b.example.com/v");
  });

  it("says the same as the field where both are there", () => {
    const once = withAuthenticationSources(configuration('{"a.example.com":{"tokenRequest":{}}}'));
    expect(sourcesOf(withAuthenticationSources(once))).to.deep.equal(sourcesOf(once));
  });

  it("asks for nothing by an empty object", () => {
    expect(sourcesOf(withAuthenticationSources(configuration("{}")))).to.deep.equal([undefined, undefined]);
  });

  const source = '{"tokenRequest":{}}';
  for (const [annotation, problem] of [
    ["", /is not JSON/],
    ["{a.example.com: {tokenRequest: {}}}", /is not JSON/],
    [`{"a.example.com":${source}}}`, /is not JSON/],
    ["null", /is not a JSON object/],
    ['["a.example.com"]', /is not a JSON object/],
    [`{"a.example.com":${source},"a.example.com":${source}}`, /holds a member twice/],
    ['{"a.example.com":{"tokenRequest":{},"tokenRequest":{}}}', /holds a member twice/],
    [`{"A.example.com":${source}}`, /no webhook "A.example.com" \(did you mean a.example.com\?\)/],
    [`{"policies":${source}}`, /no webhook "policies"$/],
    [`{"constructor":${source}}`, /no webhook "constructor"$/],
    [`{"__proto__":${source}}`, /no webhook "__proto__"$/],
    ['{"a.example.com":{}}', /"a.example.com" has no source: write {"a.example.com": {"tokenRequest": {}}}/],
    ['{"a.example.com":true}', /the source of "a.example.com" is not a JSON object/],
    ['{"a.example.com":{"tokenFile":"/t"}}', /"a.example.com" has the unknown source "tokenFile"/],
    ['{"a.example.com":{"tokenRequest":{},"tokenFile":{}}}', /unknown source "tokenFile"/],
    ['{"a.example.com":{"tokenRequest":true}}', /tokenRequest of "a.example.com" is not {}/],
    ['{"a.example.com":{"tokenRequest":{"audience":"x"}}}', /tokenRequest of "a.example.com" is not {}/],
  ] as const)
    it(`refuses ${annotation || "an empty text"}, naming configuration and annotation`, () => {
      expect(() => withAuthenticationSources(configuration(annotation)))
        .to.throw(problem)
        .that.includes({ code: "ERR_CONFIGURATION" })
        .and.has.property("message")
        .that.match(
          /^ValidatingWebhookConfiguration "policies", annotation countersign.dev\/authentication-source/,
        );
    });

  it("refuses every name in a configuration without webhooks", () => {
    const empty = { ...configuration(`{"a.example.com":${source}}`), webhooks: [] };
    expect(() => withAuthenticationSources(empty)).to.throw(/no webhook "a.example.com"/);
  });

  it("is held against every webhook of the configuration where a source goes on, and told once", () => {
    const messages: ConfigurationMessage[] = [];
    const listen = (message: unknown): void => void messages.push(message as ConfigurationMessage);
    const channel = diagnosticsChannel("countersign:configuration");
    channel.subscribe(listen);
    const faulty = withAuthenticationSourcesOrFault(configuration("{"));
    channel.unsubscribe(listen);
    const faults = (faulty.webhooks ?? []).map(faultOf);
    expect(faults).to.have.lengthOf(2);
    for (const fault of faults) expect(fault).to.include({ code: "ERR_CONFIGURATION" });
    const { detail, ...rest } = messages[0]!;
    expect(rest).to.deep.equal({
      kind: "ValidatingWebhookConfiguration",
      name: "policies",
      code: "ERR_CONFIGURATION",
    });
    expect(detail).to.equal(faults[0]?.message);
    expect(messages).to.have.lengthOf(1);
    expect((withAuthenticationSourcesOrFault(configuration("{}")).webhooks ?? []).map(faultOf)).to.deep.equal(
      [undefined, undefined],
    );
  });
});
