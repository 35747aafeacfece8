import { expect } from "chai";
import { faultOf } from "../../../src/webhook/sources/configuration-faults.ts";
import { listWebhookConfigurations } from "../../../src/webhook/sources/list-webhook-configurations.ts";
import { rejectionOf } from "../../rejection.ts";
import { configurationOf, namesOf } from "./webhook-configurations.ts";

const clientOf = (lists: Readonly<Record<string, readonly unknown[]>>) => ({
  server: "https://kube.example",
  request: async <T>({ path }: { path: string }) => ({
    status: 200,
    body: { metadata: { resourceVersion: "1" }, items: lists[path.split("/").at(-1)!] } as T,
  }),
});
/** As it stands in a list, which says the type of its items itself. */
const itemOf = (...args: Parameters<typeof configurationOf>): object => {
  const { apiVersion: _, kind: __, ...item } = configurationOf(...args);
  return item;
};

describe("listWebhookConfigurations", () => {
  it("gives validating configurations before mutating ones, with their type, frozen", async () => {
    const client = clientOf({
      validatingwebhookconfigurations: [itemOf("b")],
      mutatingwebhookconfigurations: [itemOf("a")],
    });
    const found = await listWebhookConfigurations(client);
    expect(namesOf(found)).to.equal("b a");
    expect(found).to.deep.equal([configurationOf("b"), configurationOf("a", "MutatingWebhookConfiguration")]);
    expect(found[0]?.webhooks?.[0]?.rules).to.be.frozen;
  });

  it("carries the annotation out, and holds a wrong one against that configuration's webhooks alone", async () => {
    const annotated = (name: string, text: string): object =>
      itemOf(name, undefined, { annotations: { "countersign.dev/authentication-source": text } });
    const [good, bad] = await listWebhookConfigurations(
      clientOf({
        validatingwebhookconfigurations: [
          annotated("a", '{"v.example.com":{"tokenRequest":{}}}'),
          annotated("b", "no JSON"),
        ],
      }),
    );
    expect(good?.webhooks?.[0]?.clientConfig.authenticationSource).to.deep.equal({ tokenRequest: {} });
    expect(faultOf(good!.webhooks![0]!)).to.equal(undefined);
    expect(bad?.webhooks?.[0]?.clientConfig).to.not.have.property("authenticationSource");
    expect(faultOf(bad!.webhooks![0]!)).to.include({ code: "ERR_CONFIGURATION" });
  });

  it("takes webhooks that are null for none, as Go writes them", async () => {
    const client = clientOf({
      validatingwebhookconfigurations: [{ metadata: { name: "a" }, webhooks: null }],
    });
    expect(await listWebhookConfigurations(client)).to.have.lengthOf(1);
  });

  for (const [what, item] of [
    ["webhooks that are no list", { metadata: { name: "a" }, webhooks: {} }],
    ["a webhook that is none", { metadata: { name: "a" }, webhooks: [7] }],
    ["a webhook without a clientConfig", { metadata: { name: "a" }, webhooks: [{ name: "w" }] }],
    ["a clientConfig without an address", { metadata: { name: "a" }, webhooks: [{ clientConfig: {} }] }],
    ["a URL that is no text", { metadata: { name: "a" }, webhooks: [{ clientConfig: { url: 7 } }] }],
  ] as const)
    it(`refuses ${what}`, async () => {
      const error = await rejectionOf(
        listWebhookConfigurations(clientOf({ validatingwebhookconfigurations: [item] })),
      );
      expect(error).to.include({ code: "ERR_TRANSPORT" });
      expect(error.message).to.match(/does not hold a ValidatingWebhookConfiguration/);
    });
});
