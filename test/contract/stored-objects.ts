import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { createNamespace, expectFailure, object, paths, type StoredObject } from "./objects.ts";
import type { Contract } from "./target.ts";

/** What happens to an object between create and delete: kubernetes/apiserver pkg/registry/generic. */
export function describeStoredObjects(contract: Contract): void {
  const { check, admin, unique } = contract;
  let namespace: string;
  const configMaps = () => `${paths.namespaces}/${namespace}/configmaps`;
  const deployments = () => `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const deployment = (name: string, more: object = {}) => ({
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "registry.example.com/main:1" }] },
      },
      ...more,
    },
  });

  describe("stored objects", () => {
    before(async () => {
      namespace = await createNamespace(contract);
    });

    check("are given uid, resourceVersion and creationTimestamp", async () => {
      const created = object(
        await admin().post(configMaps(), {
          metadata: { name: unique("a"), uid: "mine", resourceVersion: "" },
          data: { k: "v" },
        }),
      );
      expect(created).to.include({ kind: "ConfigMap", apiVersion: "v1" });
      expect(created.metadata.uid).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(created.metadata.resourceVersion).to.match(/^[1-9][0-9]*$/);
      expect(created.metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect((await admin().get(`${configMaps()}/${created.metadata.name}`)).body).to.deep.equal(created);
    });

    check("get five random characters after generateName", async () => {
      const create = async () =>
        object(await admin().post(configMaps(), { metadata: { generateName: "made-" } })).metadata.name;
      const names = [await create(), await create()];
      for (const name of names) expect(name).to.match(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      expect(names[0]).to.not.equal(names[1]);
    });

    check("are answered but not kept on dryRun=All", async () => {
      const name = unique("dry");
      const created = object(await admin().post(`${configMaps()}?dryRun=All`, { metadata: { name } }));
      expect(created.metadata.uid).to.be.a("string");
      expect(created.metadata).to.not.have.property("resourceVersion");
      expect((await admin().get(`${configMaps()}/${name}`)).status).to.equal(404);
    });

    check("survive a delete on dryRun=All", async () => {
      const name = unique("dry");
      object(await admin().post(configMaps(), { metadata: { name } }));
      object(await admin().delete(`${configMaps()}/${name}?dryRun=All`), 200);
      expect((await admin().get(`${configMaps()}/${name}`)).status).to.equal(200);
    });

    check("are not made by a dryRun of another value", async () => {
      const answer = await admin().post(`${configMaps()}?dryRun=Some`, { metadata: { name: unique("dry") } });
      expect(answer.status, answer.text).to.equal(422);
      expect(answer.body).to.containSubset({
        reason: "Invalid",
        details: { causes: [{ field: "dryRun", reason: "FieldValueNotSupported" }] },
      });
    });

    check("are answered with their last state when a delete is done at once", async () => {
      const name = unique("deleted");
      const created = object(await admin().post(configMaps(), { metadata: { name } }));
      const answer = object<unknown>(await admin().delete(`${configMaps()}/${name}`), 200);
      expect(answer).to.deep.equal({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name, kind: "configmaps", uid: created.metadata.uid },
      });
      expect((await admin().get(`${configMaps()}/${name}`)).status).to.equal(404);
    });

    check("wait for their finalizers", async () => {
      const name = unique("held");
      const path = `${configMaps()}/${name}`;
      object(
        await admin().post(configMaps(), { metadata: { name, finalizers: ["contract.example.com/hold"] } }),
      );
      expect(object(await admin().delete(path), 200).metadata).to.have.property("deletionTimestamp");
      expect((await admin().get(path)).status).to.equal(200);
      object(
        await admin().patch(path, "application/merge-patch+json", { metadata: { finalizers: null } }),
        200,
      );
      expect((await admin().get(path)).status).to.equal(404);
    });

    check("do not change resourceVersion when an update changes nothing", async () => {
      const created = object(
        await admin().post(configMaps(), { metadata: { name: unique("same") }, data: { k: "v" } }),
      );
      const path = `${configMaps()}/${created.metadata.name}`;
      expect(object(await admin().put(path, created), 200).metadata.resourceVersion).to.equal(
        created.metadata.resourceVersion,
      );
      const changed = object(await admin().put(path, { ...created, data: { k: "w" } }), 200);
      expect(BigInt(changed.metadata.resourceVersion) > BigInt(created.metadata.resourceVersion)).to.equal(
        true,
      );
      expect(changed.metadata.uid).to.equal(created.metadata.uid);
    });

    check("take a merge patch and a JSON patch", async () => {
      const created = object(
        await admin().post(configMaps(), { metadata: { name: unique("patched") }, data: { a: "1", b: "2" } }),
      );
      const path = `${configMaps()}/${created.metadata.name}`;
      const merged = object<{ data: unknown }>(
        await admin().patch(path, "application/merge-patch+json", { data: { a: null, c: "3" } }),
        200,
      );
      expect(merged.data).to.deep.equal({ b: "2", c: "3" });
      const operations = [
        { op: "test", path: "/data/b", value: "2" },
        { op: "replace", path: "/data/c", value: "4" },
      ];
      expect(
        object<{ data: unknown }>(await admin().patch(path, "application/json-patch+json", operations), 200)
          .data,
      ).to.deep.equal({ b: "2", c: "4" });
    });

    check("count generations of their spec only", async () => {
      const name = unique("app");
      const created = object(await admin().post(deployments(), deployment(name)));
      expect(created.metadata.generation).to.equal(1);
      const labelled = object(
        await admin().patch(`${deployments()}/${name}`, "application/merge-patch+json", {
          metadata: { labels: { a: "b" } },
        }),
        200,
      );
      expect(labelled.metadata.generation).to.equal(1);
      const scaled = object(
        await admin().patch(`${deployments()}/${name}`, "application/merge-patch+json", {
          spec: { replicas: 3 },
        }),
        200,
      );
      expect(scaled.metadata.generation).to.equal(2);
    });

    check("are filtered by label and by name", async () => {
      const [one, two] = [unique("listed"), unique("listed")];
      for (const name of [one, two])
        object(await admin().post(configMaps(), { metadata: { name, labels: { pick: name } } }));
      const listed = async (query: string) =>
        object<{ items: readonly StoredObject[] }>(
          await admin().get(`${configMaps()}?${query}`),
          200,
        ).items.map(({ metadata }) => metadata.name);
      expect(await listed(`labelSelector=pick%3D${one}`)).to.deep.equal([one]);
      expect(await listed(`labelSelector=${encodeURIComponent(`pick in (${one},${two})`)}`)).to.have.members([
        one,
        two,
      ]);
      expect(await listed(`fieldSelector=metadata.name%3D${two}`)).to.deep.equal([two]);
      expect(await listed(`labelSelector=${encodeURIComponent(`pick,pick!=${one}`)}`)).to.deep.equal([two]);
    });

    check("of a namespace are labelled with its name and go with it", async () => {
      const gone = await createNamespace(contract);
      expect(object(await admin().get(`${paths.namespaces}/${gone}`), 200).metadata.labels).to.include({
        "kubernetes.io/metadata.name": gone,
      });
      const answer = object<{ status: { phase: string } }>(
        await admin().delete(`${paths.namespaces}/${gone}`),
        200,
      );
      expect(answer.status.phase).to.equal("Terminating");
      await poll("creation to be refused", async () =>
        (await admin().post(`${paths.namespaces}/${gone}/configmaps`, { metadata: { name: unique("late") } }))
          .status !== 201
          ? true
          : undefined,
      );
    });

    check("of a dry run must still be valid", async () => {
      const answer = await admin().post(`${configMaps()}?dryRun=All`, { metadata: { name: "Not A Name" } });
      expect(answer.status).to.equal(422);
    });

    check("of kind Deployment must have a selector that fits the template", async () => {
      const answer = await admin().post(
        deployments(),
        deployment(unique("app"), { selector: { matchLabels: { app: "another" } } }),
      );
      expect(answer.status, answer.text).to.equal(422);
      expect(answer.body).to.containSubset({
        reason: "Invalid",
        details: { group: "apps", kind: "Deployment" },
      });
    });

    check("may be deleted only once", async () => {
      const name = unique("once");
      object(await admin().post(configMaps(), { metadata: { name } }));
      object(await admin().delete(`${configMaps()}/${name}`), 200);
      expectFailure(await admin().delete(`${configMaps()}/${name}`), {
        code: 404,
        reason: "NotFound",
        message: `configmaps "${name}" not found`,
        details: { name, kind: "configmaps" },
      });
    });
  });
}
