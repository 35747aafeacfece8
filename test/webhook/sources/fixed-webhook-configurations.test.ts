import { expect } from "chai";
import fc from "fast-check";
import type { WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { faultOf } from "../../../src/webhook/sources/configuration-faults.ts";
import { fixedWebhookConfigurations } from "../../../src/webhook/sources/fixed-webhook-configurations.ts";
import { configurationOf, namesOf } from "./webhook-configurations.ts";

const mutating = "MutatingWebhookConfiguration";
const annotated = (text: string) => ({ annotations: { "countersign.dev/authentication-source": text } });

describe("fixedWebhookConfigurations", () => {
  it("shows validating configurations before mutating ones, each by name in byte order", () => {
    const list = [
      configurationOf("m", mutating),
      ...["b", "a.1", "a", "a-1"].map((name) => configurationOf(name)),
    ];
    expect(namesOf(fixedWebhookConfigurations(list).configurations())).to.equal("a a-1 a.1 b m");
  });

  it("shows the same order whatever the order they were given in", () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 8 }), fc.integer(), (names, seed) => {
        const list = names.map((one) => configurationOf(one));
        const shuffled = list.toSorted(
          (one, other) => Math.sin(list.indexOf(one) + seed) - Math.sin(list.indexOf(other) + seed),
        );
        const shown = fixedWebhookConfigurations(list).configurations();
        expect(shown).to.deep.equal(fixedWebhookConfigurations(shuffled).configurations());
        const bytes = shown.map(({ metadata }) => Buffer.from(metadata.name!));
        expect(bytes).to.deep.equal(bytes.toSorted(Buffer.compare));
      }),
    );
  });

  it("fills in what an API server would, and leaves the program's own objects as they are", () => {
    const given = configurationOf("a");
    const [shown] = fixedWebhookConfigurations([given]).configurations();
    expect(shown?.webhooks?.[0]).to.include({ matchPolicy: "Equivalent", failurePolicy: "Fail" });
    expect(shown?.webhooks?.[0]?.clientConfig.service?.port).to.equal(443);
    expect(given).to.deep.equal(configurationOf("a"));
    expect(given).to.not.be.frozen;
    expect(shown?.webhooks?.[0]).to.be.frozen;
  });

  it("carries the annotation out", () => {
    const given = configurationOf("a", undefined, annotated('{"v.example.com":{"tokenRequest":{}}}'));
    const [shown] = fixedWebhookConfigurations([given]).configurations();
    expect(shown?.webhooks?.[0]?.clientConfig.authenticationSource).to.deep.equal({ tokenRequest: {} });
  });

  describe("of a function", () => {
    it("gives the same array while it gives the same objects, in whatever array", () => {
      const [a, b] = [configurationOf("a"), configurationOf("b")];
      let list = [a, b];
      const source = fixedWebhookConfigurations(() => [...list]);
      const before = source.configurations();
      expect(source.configurations()).to.equal(before);
      list = [a, configurationOf("b"), configurationOf("c")];
      const after = source.configurations();
      expect(namesOf(after)).to.equal("a b c");
      expect(after[0]).to.equal(before[0]);
      expect(after[1]).to.not.equal(before[1]);
      list = [a, b];
      expect(source.configurations()).to.have.ordered.members(before);
    });

    it("sees an array that the program itself changed", () => {
      const list = [configurationOf("b")];
      const source = fixedWebhookConfigurations(() => list);
      expect(namesOf(source.configurations())).to.equal("b");
      list.push(configurationOf("a"));
      expect(namesOf(source.configurations())).to.equal("a b");
    });

    it("holds a wrong annotation against that configuration's webhooks alone", () => {
      const list = [configurationOf("a", undefined, annotated("{")), configurationOf("b")];
      const [a, b] = fixedWebhookConfigurations(() => list).configurations();
      expect(faultOf(a!.webhooks![0]!)).to.include({ code: "ERR_CONFIGURATION" });
      expect(faultOf(b!.webhooks![0]!)).to.equal(undefined);
    });

    it("throws for what cannot be used, and goes on once it can", () => {
      let list = [configurationOf("")];
      const source = fixedWebhookConfigurations(() => list);
      expect(() => source.configurations()).to.throw(/name: is required/);
      list = [configurationOf("a")];
      expect(namesOf(source.configurations())).to.equal("a");
    });
  });

  const given = (fault: object): WebhookConfiguration => ({ ...configurationOf("a"), ...fault });
  const of = (webhooks: readonly unknown[]): WebhookConfiguration => given({ webhooks });
  const webhook = configurationOf("a").webhooks![0]!;
  for (const [what, list, problem] of [
    ["no name", [given({ metadata: {} })], /^configuration 0: metadata.name: is required$/],
    ["no metadata", [given({ metadata: undefined })], /^configuration 0: metadata.name: is required$/],
    ["another kind", [given({ kind: "Pod" })], /^Pod "a": kind: must be one of Validating/],
    [
      "a name that is taken",
      [given({}), given({})],
      /^ValidatingWebhookConfiguration "a": metadata.name: is the name of another one$/,
    ],
    ["webhooks that are no list", [given({ webhooks: {} })], /"a": webhooks: must be a list$/],
    ["a webhook without a name", [of([{ ...webhook, name: "" }])], /webhooks\[0\].name: is required$/],
    ["a webhook that is none", [of([null])], /webhooks\[0\].name: is required\n.*clientConfig: exactly one/],
    [
      "a webhook's name that is taken",
      [of([webhook, webhook])],
      /webhooks\[1\].name: is the name of another one$/,
    ],
    [
      "no clientConfig",
      [of([{ ...webhook, clientConfig: undefined }])],
      /webhooks\[0\].clientConfig: exactly one of url and service/,
    ],
    [
      "both addresses",
      [of([{ ...webhook, clientConfig: { ...webhook.clientConfig, url: "https://h" } }])],
      /exactly one of url and service/,
    ],
    [
      "an address that is none",
      [of([{ ...webhook, clientConfig: { url: 7 } }])],
      /clientConfig: url must be a text$/,
    ],
    [
      "a Service without a namespace",
      [of([{ ...webhook, clientConfig: { service: { name: "svc" } } }])],
      /service needs a name and a namespace$/,
    ],
    ["a wrong annotation", [configurationOf("a", undefined, annotated("{"))], /annotation .* is not JSON$/],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => fixedWebhookConfigurations(list))
        .to.throw(problem)
        .that.includes({ code: "ERR_CONFIGURATION" });
    });

  it("takes one name for both kinds, and a configuration without webhooks", () => {
    const { webhooks: _, ...without } = configurationOf("a");
    const shown = fixedWebhookConfigurations([without, configurationOf("a", mutating)]).configurations();
    expect(shown).to.have.lengthOf(2);
  });
});
