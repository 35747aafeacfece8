import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { poll } from "../rig/poll.ts";
import {
  createConfiguration,
  createNamespace,
  createServiceAccount,
  grant,
  object,
  paths,
  requestToken,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";

interface SecretObject extends StoredObject {
  readonly type: string;
  readonly data?: Readonly<Record<string, string>>;
}

interface Configuration extends StoredObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

const text = (value: string): string => Buffer.from(value).toString("base64");
const bundle = text(createCertificateAuthority().certificatePem);
const jsonPatch = "application/json-patch+json";

/** What a server counts on that keeps a certificate in a Secret and its CA in webhook configurations. */
export function describeCertificateKeeping(contract: Contract): void {
  const { check, admin, unique } = contract;
  let namespace: string;
  const secrets = () => `${paths.namespaces}/${namespace}/secrets`;
  const create = async (more: object = {}): Promise<SecretObject> =>
    object<SecretObject>(await admin().post(secrets(), { metadata: { name: unique("kept") }, ...more }));
  const put = (secret: SecretObject, more: object) =>
    admin().put(`${secrets()}/${secret.metadata.name}`, { ...secret, ...more });
  const refusalOf = (body: unknown) => expect(body).to.containSubset({ reason: "Invalid", code: 422 });

  describe("a Secret", () => {
    before(async () => {
      namespace = await createNamespace(contract);
    });

    check("without data is of type Opaque and takes data later", async () => {
      const empty = await create();
      expect(empty.type).to.equal("Opaque");
      expect(empty).to.not.have.property("data");
      const data = { "ca.crt": text("one"), "next-ca.key": "", "countersign.json": text("{}") };
      expect(object<SecretObject>(await put(empty, { data }), 200).data).to.deep.equal(data);
    });

    check("of type kubernetes.io/tls has certificate and key, which may be empty", async () => {
      const type = "kubernetes.io/tls";
      const refused = await admin().post(secrets(), { metadata: { name: unique("kept") }, type });
      refusalOf(refused.body);
      expect(refused.body).to.containSubset({
        details: {
          causes: [
            { field: "data[tls.crt]", reason: "FieldValueRequired", message: "Required value" },
            { field: "data[tls.key]", reason: "FieldValueRequired", message: "Required value" },
          ],
        },
      });
      const data = { "tls.crt": "", "tls.key": "" };
      expect((await create({ type, data })).data).to.deep.equal(data);
    });

    check("stays of its type", async () => {
      const refused = await put(await create(), { type: "example.com/other" });
      refusalOf(refused.body);
      expect(refused.body).to.containSubset({
        details: {
          causes: [{ field: "type", message: 'Invalid value: "example.com/other": field is immutable' }],
        },
      });
    });

    check("that is immutable keeps its data and stays immutable", async () => {
      const secret = await create({ immutable: true, data: { a: text("1") } });
      for (const [change, field] of [
        [{ data: { a: text("2") } }, "data"],
        [{ immutable: false }, "immutable"],
      ] as const) {
        const refused = await put(secret, change);
        refusalOf(refused.body);
        expect(refused.body).to.containSubset({
          details: { causes: [{ field, message: "Forbidden: field is immutable when `immutable` is set" }] },
        });
      }
    });

    check("takes no key that could be no file's name", async () => {
      for (const key of ["a b", "..", "a/b"]) {
        const data = { [key]: "" };
        const refused = await admin().post(secrets(), { metadata: { name: unique("kept") }, data });
        refusalOf(refused.body);
        expect(refused.body).to.containSubset({ details: { causes: [{ field: `data[${key}]` }] } });
      }
    });

    check("is made by the first of many, and changed by the first who read it", async () => {
      const name = unique("raced");
      const made = await Promise.all(
        [1, 2, 3, 4].map((by) =>
          admin().post(secrets(), { metadata: { name }, data: { by: text(`${by}`) } }),
        ),
      );
      expect(made.map(({ status }) => status).toSorted()).to.deep.equal([201, 409, 409, 409]);
      const read = object<SecretObject>(await admin().get(`${secrets()}/${name}`), 200);
      const changed = await Promise.all([5, 6, 7, 8].map((by) => put(read, { data: { by: text(`${by}`) } })));
      expect(changed.map(({ status }) => status).toSorted()).to.deep.equal([200, 409, 409, 409]);
    });

    check("that was made anew is not changed by who read the one before", async () => {
      const before = await create();
      const path = `${secrets()}/${before.metadata.name}`;
      object(await admin().delete(path), 200);
      expect((await put(before, { data: { a: "" } })).status).to.equal(404);
      object(await admin().post(secrets(), { metadata: { name: before.metadata.name } }));
      expect((await put(before, { data: { a: "" } })).status).to.equal(409);
    });

    check("is read, listed, watched and updated by a grant that names it, and nothing else is", async () => {
      const account = await createServiceAccount(contract, namespace);
      const secret = await create();
      const { name } = secret.metadata;
      const rule = { apiGroups: [""], resources: ["secrets"], resourceNames: [name] };
      const rules = [{ ...rule, verbs: ["get", "list", "watch", "update"] }];
      await grant(contract, account, rules, { resource: "secrets", verb: "get", name, namespace });
      const issued = object<{ status: { token: string } }>(await requestToken(contract, account, {}));
      const client = admin().as(issued.status.token);
      const selected = `${secrets()}?fieldSelector=metadata.name%3D${name}`;
      try {
        object(await client.get(`${secrets()}/${name}`), 200);
        const { items } = object<{ items: readonly StoredObject[] }>(await client.get(selected), 200);
        expect(items.map(({ metadata }) => metadata.name)).to.deep.equal([name]);
        const watch = await client.watch(
          `${selected}&watch=true&resourceVersion=${secret.metadata.resourceVersion}`,
        );
        try {
          expect(watch.status).to.equal(200);
          object(await client.put(`${secrets()}/${name}`, { ...secret, data: { a: text("1") } }), 200);
          await create();
          object(await admin().delete(`${secrets()}/${name}`), 200);
          const events = await poll("both events", () =>
            watch.events.length >= 2 ? watch.events : undefined,
          );
          expect(events.map(({ type }) => type)).to.deep.equal(["MODIFIED", "DELETED"]);
        } finally {
          watch.close();
        }
        for (const refused of [
          await client.get(secrets()),
          await client.get(`${secrets()}/other`),
          await client.post(secrets(), { metadata: { name } }),
          await client.patch(`${secrets()}/${name}`, "application/merge-patch+json", {}),
        ])
          expect(refused.status).to.equal(403);
      } finally {
        client.close();
      }
    });
  });

  describe("a caBundle", () => {
    const service = { name: "countersign", namespace: "countersign-system", path: "/", port: 443 };
    const caBundleAt = (index: number) => ({
      op: "add",
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: bundle,
    });
    const versioned = (value: string) => ({ op: "replace", path: "/metadata/resourceVersion", value });

    check("is added by a JSON patch to one webhook of several, and nothing else changes", async () => {
      const created = await createConfiguration(contract, "validating", [
        { clientConfig: { service } },
        { clientConfig: { service } },
      ]);
      const path = `${paths.validating}/${created.metadata.name}`;
      const patch = [versioned(created.metadata.resourceVersion), caBundleAt(1)];
      const patched = object<Configuration>(
        await admin().patch(`${path}?fieldManager=countersign`, jsonPatch, patch),
        200,
      );
      const [one, two] = patched.webhooks;
      expect(one).to.deep.equal((created as Configuration).webhooks[0]);
      expect(two).to.deep.equal({
        ...(created as Configuration).webhooks[1],
        clientConfig: { service, caBundle: bundle },
      });
      const pem = Buffer.from(two!.clientConfig.caBundle!, "base64").toString();
      expect(new X509Certificate(pem).ca).to.equal(true);
    });

    check("is not added to a configuration that has changed since it was read", async () => {
      const created = await createConfiguration(contract, "mutating", [{ clientConfig: { service } }]);
      const path = `${paths.mutating}/${created.metadata.name}`;
      object(
        await admin().patch(path, "application/merge-patch+json", { metadata: { labels: { a: "b" } } }),
        200,
      );
      const patch = [versioned(created.metadata.resourceVersion), caBundleAt(0)];
      const refused = await admin().patch(path, jsonPatch, patch);
      expect(refused.status, refused.text).to.equal(409);
      expect(refused.body).to.containSubset({ reason: "Conflict" });
    });
  });

  describe("an answer", () => {
    check("is dated, whatever it says", async () => {
      const nobody = admin().as();
      try {
        for (const answer of [
          await admin().get(`${paths.namespaces}/default`),
          await admin().get(`${paths.namespaces}/nothing`),
          await nobody.get(`${paths.namespaces}/default`),
        ])
          expect(Date.parse(answer.headers.date ?? ""), `${answer.status}`).to.be.closeTo(Date.now(), 60_000);
      } finally {
        nobody.close();
      }
    });
  });
}
