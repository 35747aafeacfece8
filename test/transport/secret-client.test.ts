import { expect } from "chai";
import { Secret } from "../../src/secret.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import { apiStatusOf } from "../../src/transport/api-status.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import {
  createSecretClient,
  type SecretClient,
  type StoredSecret,
} from "../../src/transport/secret-client.ts";
import { rejectionOf } from "../rejection.ts";

describe("secret client", () => {
  let controlPlane: ControlPlane;
  let client: RestClient;
  let secrets: SecretClient;
  let count = 0;
  let name = "";
  before(async () => {
    controlPlane = await startControlPlane();
    const { url, caPem } = controlPlane;
    const token = new Secret(controlPlane.adminToken);
    const source = { token: async () => ({ token, requestedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER }) };
    client = createRestClient({ server: url, ca: caPem, token: source });
  });
  beforeEach(() => {
    name = `kept-${++count}`;
    secrets = createSecretClient({ client, namespace: "default", name });
  });
  after(async () => {
    client.close();
    await controlPlane.stop();
  });
  const stored = async (): Promise<StoredSecret> => {
    const { secret } = await secrets.read();
    if (secret === undefined) throw new Error("there is none");
    return secret;
  };
  const path = () => `/api/v1/namespaces/default/secrets/${name}`;

  it("reads nothing where there is none, and what the API server's clock says all the same", async () => {
    const { secret, date } = await secrets.read();
    expect(secret).to.equal(undefined);
    expect(date).to.be.closeTo(controlPlane.clock.now(), 60_000);
  });

  it("creates what can be read again, once", async () => {
    expect(await secrets.create({ a: "text with ünicode", empty: "" })).to.equal(true);
    expect(await secrets.create({ a: "other" })).to.equal(false);
    expect((await stored()).texts).to.deep.equal({ a: "text with ünicode", empty: "" });
    const { body } = await client.request<{ type: string }>({ path: path() });
    expect(body.type).to.equal("Opaque");
  });

  it("reads one without data, as a chart makes it", async () => {
    await client.request({ path: "/api/v1/namespaces/default/secrets", body: { metadata: { name } } });
    expect((await stored()).texts).to.deep.equal({});
  });

  it("replaces its own keys, and leaves others and all metadata", async () => {
    const binary = Buffer.from([0xff, 0xfe, 0]).toString("base64");
    await client.request({
      path: "/api/v1/namespaces/default/secrets",
      body: { metadata: { name, labels: { of: "chart" } }, data: { mine: "", dropped: "", theirs: binary } },
    });
    expect(await secrets.replace(await stored(), { mine: "1" }, ["mine", "dropped"])).to.equal(true);
    const { body } = await client.request({ path: path() });
    expect(body).to.deep.include({ data: { mine: Buffer.from("1").toString("base64"), theirs: binary } });
    expect(body).to.containSubset({ metadata: { labels: { of: "chart" } } });
  });

  it("replaces nothing that has changed, was made anew or is gone since it was read", async () => {
    await secrets.create({ a: "1" });
    const first = await stored();
    expect(await secrets.replace(first, { a: "2" }, ["a"])).to.equal(true);
    expect(await secrets.replace(first, { a: "3" }, ["a"])).to.equal(false);
    const second = await stored();
    await client.request({ method: "DELETE", path: path() });
    expect(await secrets.replace(second, { a: "4" }, ["a"])).to.equal(false);
    await secrets.create({ a: "5" });
    expect(await secrets.replace(second, { a: "6" }, ["a"])).to.equal(false);
    expect((await stored()).texts).to.deep.equal({ a: "5" });
  });

  it("throws what else the API server says", async () => {
    const nobody = createRestClient({ server: controlPlane.url, ca: controlPlane.caPem });
    const refused = createSecretClient({ client: nobody, namespace: "default", name });
    for (const attempt of [refused.read(), refused.create({})])
      expect(apiStatusOf(await rejectionOf(attempt))?.code).to.equal(403);
    nobody.close();
  });
});
