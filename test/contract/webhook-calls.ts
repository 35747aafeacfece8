import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import {
  createServiceAccount,
  grant,
  type IssuedToken,
  object,
  paths,
  requestToken,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";
import { onlyCall, useWebhook } from "./webhook-fixture.ts";

/** What a webhook is sent: kubernetes/apiserver pkg/admission/plugin/webhook and pkg/util/webhook/client.go. */
export function describeWebhookCalls(contract: Contract): void {
  const { check, admin, unique } = contract;

  describe("a webhook is called", () => {
    const { hook, create, configMaps, namespace, server } = useWebhook(contract);
    const review = async (
      operation: string,
      run: (path: string) => Promise<unknown>,
      data: object = { k: "v" },
    ) => {
      const hooked = await hook();
      const stored = object(await create(hooked, { data }));
      await untilCached(stored);
      const before = hooked.calls().length;
      await run(`${configMaps()}/${stored.metadata.name}`);
      const calls = hooked.calls().slice(before);
      expect(calls.map((call) => call.review.request.operation)).to.deep.equal([operation]);
      return { stored, request: calls[0]!.review.request };
    };
    /**
     * Updates begin from the watch cache; where it lags behind storage an API server reviews them a second time
     * (kubernetes/apiserver pkg/storage/etcd3/store.go, GuaranteedUpdate). So the cache is waited for.
     */
    const untilCached = async ({ metadata }: StoredObject): Promise<void> => {
      const path = `${configMaps()}/${metadata.name}?resourceVersion=0`;
      await poll("the watch cache", async () => {
        const cached = (await admin().get(path)).body as Partial<StoredObject> | undefined;
        return cached?.metadata?.resourceVersion === metadata.resourceVersion ? true : undefined;
      });
    };

    check("by POST to its path with the timeout in whole seconds, over HTTP/1.1", async () => {
      const hooked = await hook();
      await create(hooked);
      const { method, url, httpVersion } = onlyCall(hooked);
      expect({ method, url, httpVersion }).to.deep.equal({
        method: "POST",
        url: `${hooked.path}?timeout=10s`,
        httpVersion: "1.1",
      });
    });

    check("with its own timeoutSeconds", async () => {
      const hooked = await hook({ webhook: { timeoutSeconds: 3 } });
      await create(hooked);
      expect(onlyCall(hooked).url).to.equal(`${hooked.path}?timeout=3s`);
    });

    check("with these headers and no credential", async () => {
      const hooked = await hook();
      await create(hooked);
      const { headers } = onlyCall(hooked);
      expect(headers).to.include({
        accept: "application/json, */*",
        "content-type": "application/json",
        "user-agent": "kube-apiserver-admission",
        host: `localhost:${server().port}`,
      });
      expect(headers).to.not.have.any.keys("authorization", "cookie", "x-remote-user");
    });

    check("by Service with the Service's name and port as Host", async () => {
      const hooked = await hook({ by: "service" });
      await create(hooked);
      const { headers, url } = onlyCall(hooked);
      expect([headers.host, url]).to.deep.equal([
        `capturing-webhook.${namespace()}.svc:${server().port}`,
        `${hooked.path}?timeout=10s`,
      ]);
    });

    for (const by of ["url", "service"] as const)
      check(`by ${by} without the trailing slash of its path`, async () => {
        const hooked = await hook({ by, pathSuffix: "/" });
        await create(hooked);
        expect(onlyCall(hooked).url).to.equal(`${hooked.path}?timeout=10s`);
      });

    check("with a review of exactly this shape on CREATE", async () => {
      const hooked = await hook();
      const name = unique("exact");
      const stored = object(
        await admin().post(configMaps(), { metadata: { name, labels: hooked.labels }, data: { k: "v" } }),
      );
      const { kind, apiVersion, request } = onlyCall(hooked).review;
      expect({ kind, apiVersion }).to.deep.equal({
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
      });
      const {
        uid,
        object: sent,
        options,
        userInfo,
        ...rest
      } = request as { uid: string; object: object; options: object; userInfo: object };
      expect(uid).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(rest).to.deep.equal({
        kind: { group: "", version: "v1", kind: "ConfigMap" },
        resource: { group: "", version: "v1", resource: "configmaps" },
        requestKind: { group: "", version: "v1", kind: "ConfigMap" },
        requestResource: { group: "", version: "v1", resource: "configmaps" },
        name,
        namespace: namespace(),
        operation: "CREATE",
        oldObject: null,
        dryRun: false,
      });
      expect(userInfo).to.containSubset({
        username: "admin",
        groups: ["system:masters", "system:authenticated"],
      });
      expect(options).to.containSubset({ kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" });
      expect(sent).to.containSubset({
        kind: "ConfigMap",
        apiVersion: "v1",
        metadata: { name, namespace: namespace(), uid: stored.metadata.uid },
        data: { k: "v" },
      });
      expect(sent).to.not.have.nested.property("metadata.resourceVersion");
    });

    check("with another uid each time", async () => {
      const hooked = await hook();
      await create(hooked);
      await create(hooked);
      const [one, two] = hooked.calls().map((call) => call.review.request.uid);
      expect(one).to.not.equal(two);
    });

    check("with both objects and UpdateOptions on a PATCH", async () => {
      const { stored, request } = await review("UPDATE", async (path) =>
        admin().patch(path, "application/merge-patch+json", { data: { k: "w" } }),
      );
      expect(request.oldObject).to.containSubset({
        metadata: { uid: stored.metadata.uid, resourceVersion: stored.metadata.resourceVersion },
        data: { k: "v" },
      });
      expect(request.object).to.containSubset({
        kind: "ConfigMap",
        metadata: { uid: stored.metadata.uid },
        data: { k: "w" },
      });
      expect(request.options).to.containSubset({ kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" });
    });

    check("with UpdateOptions on PUT", async () => {
      const hooked = await hook();
      const stored = object(await create(hooked));
      object(
        await admin().put(`${configMaps()}/${stored.metadata.name}`, { ...stored, data: { k: "w" } }),
        200,
      );
      expect(hooked.calls().at(-1)!.review.request.options).to.containSubset({ kind: "UpdateOptions" });
    });

    check("with the old object only on DELETE", async () => {
      const { stored, request } = await review("DELETE", async (path) => admin().delete(path));
      expect(request).to.include({ object: null, name: stored.metadata.name });
      expect(request.oldObject).to.containSubset({
        kind: "ConfigMap",
        metadata: { uid: stored.metadata.uid },
        data: { k: "v" },
      });
      expect(request.options).to.containSubset({ kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" });
    });

    check("with dryRun true on a dry run", async () => {
      const hooked = await hook();
      await create(hooked, {}, "?dryRun=All");
      const { request } = onlyCall(hooked).review;
      expect(request.dryRun).to.equal(true);
      expect(request.options).to.containSubset({ dryRun: ["All"] });
    });

    check("without a name when the name is generated", async () => {
      const hooked = await hook();
      object(
        await admin().post(configMaps(), { metadata: { generateName: "made-", labels: hooked.labels } }),
      );
      const { request } = onlyCall(hooked).review;
      const { metadata } = request.object as { metadata: { name?: string; generateName: string } };
      expect(metadata.generateName).to.equal("made-");
      expect(request.name ?? "").to.equal(metadata.name ?? "");
    });

    check("in the first of its review versions that the API server knows", async () => {
      const hooked = await hook({ webhook: { admissionReviewVersions: ["v2", "v1beta1", "v1"] } });
      await create(hooked);
      expect(onlyCall(hooked).review.apiVersion).to.equal("admission.k8s.io/v1beta1");
    });

    check("with the user who asks, as authenticated", async () => {
      const hooked = await hook();
      const account = await createServiceAccount(contract, namespace());
      await grant(contract, account, [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create"] }], {
        verb: "create",
        group: "",
        resource: "configmaps",
        namespace: namespace(),
      });
      const { status } = object<IssuedToken>(await requestToken(contract, account, {}));
      const client = admin().as(status.token);
      object(await client.post(configMaps(), { metadata: { name: unique("mine"), labels: hooked.labels } }));
      client.close();
      expect(onlyCall(hooked).review.request.userInfo).to.containSubset({
        username: account.username,
        uid: account.uid,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace()}`, "system:authenticated"],
      });
    });

    check("only for the operations of its rules", async () => {
      const hooked = await hook({
        webhook: {
          rules: [
            { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
          ],
        },
      });
      const { metadata } = object(await create(hooked));
      object(
        await admin().patch(`${configMaps()}/${metadata.name}`, "application/merge-patch+json", {
          data: { k: "w" },
        }),
        200,
      );
      object(await admin().delete(`${configMaps()}/${metadata.name}`), 200);
      expect(onlyCall(hooked).review.request.operation).to.equal("CREATE");
    });

    check("only for objects that its objectSelector matches, before or after", async () => {
      const hooked = await hook();
      let stored = object(await create({ labels: { other: "yes" } }));
      const relabel = async (labels: object): Promise<void> => {
        await untilCached(stored);
        const path = `${configMaps()}/${stored.metadata.name}`;
        stored = object(
          await admin().patch(path, "application/merge-patch+json", { metadata: { labels } }),
          200,
        );
      };
      expect(hooked.calls()).to.have.length(0);
      await relabel(hooked.labels);
      await relabel(Object.fromEntries(Object.keys(hooked.labels).map((key) => [key, null])));
      expect(hooked.calls()).to.have.length(2);
      await relabel({ other: "no" });
      expect(hooked.calls()).to.have.length(2);
    });

    check("only in namespaces that its namespaceSelector matches", async () => {
      const hooked = await hook({
        webhook: { namespaceSelector: { matchLabels: { "contract.example.com/hooked": "true" } } },
      });
      object(
        await admin().post(`${paths.namespaces}/default/configmaps`, {
          metadata: { name: unique("elsewhere"), labels: hooked.labels },
        }),
      );
      expect(hooked.calls()).to.have.length(0);
      object(await create(hooked));
      expect(hooked.calls()).to.have.length(1);
    });

    check("never for webhook configurations", async () => {
      const all = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }];
      const hooked = await hook({ webhook: { rules: all } });
      const name = unique("unseen");
      object(
        await admin().post(paths.validating, { metadata: { name, labels: hooked.labels }, webhooks: [] }),
      );
      object(await admin().delete(`${paths.validating}/${name}`), 200);
      expect(hooked.calls()).to.have.length(0);
      object(await create(hooked));
      expect(hooked.calls()).to.have.length(1);
    });

    check("for serviceaccounts/token when its rules name it", async () => {
      const account = await createServiceAccount(contract, namespace());
      const hooked = await hook({
        webhook: {
          objectSelector: {},
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace() } },
          rules: [
            {
              apiGroups: [""],
              apiVersions: ["v1"],
              operations: ["CREATE"],
              resources: ["serviceaccounts/token"],
            },
            { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
          ],
        },
      });
      object(await requestToken(contract, account, { audiences: ["x"] }));
      expect(onlyCall(hooked).review.request).to.containSubset({
        kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
        resource: { group: "", version: "v1", resource: "serviceaccounts" },
        subResource: "token",
        name: account.name,
        namespace: namespace(),
      });
    });

    check("no more once its configuration is deleted", async () => {
      const hooked = await hook();
      object(await admin().delete(`${paths.validating}/${hooked.configuration.metadata.name}`), 200);
      await poll("the webhook to be left alone", async () => {
        const before = hooked.calls().length;
        object(await create(hooked, {}, "?dryRun=All"));
        return hooked.calls().length === before ? true : undefined;
      });
    });
  });
}
