import { expect } from "chai";
import {
  createNamespace,
  createServiceAccount,
  expectFailure,
  type IssuedToken,
  object,
  paths,
  requestToken,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const nodes = "/api/v1/nodes";
const mergePatch = "application/merge-patch+json";

interface Node extends StoredObject {
  readonly spec: { readonly taints?: readonly object[]; readonly unschedulable?: boolean };
  readonly status: Readonly<Record<string, unknown>>;
}

interface Pod extends StoredObject {
  readonly spec: { readonly nodeName: string };
  readonly status: Readonly<Record<string, unknown>>;
}

const nothingKnown = {
  machineID: "",
  systemUUID: "",
  bootID: "",
  kernelVersion: "",
  osImage: "",
  containerRuntimeVersion: "",
  kubeletVersion: "",
  kubeProxyVersion: "",
  operatingSystem: "",
  architecture: "",
};
const addresses = [
  { type: "InternalIP", address: "192.0.2.7" },
  { type: "Hostname", address: "seven" },
];
const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** Nodes, and pods that run on one: kubernetes/kubernetes pkg/registry/core/node. */
export function describeNodes(contract: Contract): void {
  const { check, admin, unique } = contract;
  const create = async (more: object = {}) => {
    const { metadata, ...rest } = { metadata: {}, ...more };
    const body = { kind: "Node", apiVersion: "v1", metadata: { name: unique("node"), ...metadata }, ...rest };
    return object<Node>(await admin().post(nodes, body));
  };
  const pathOf = ({ metadata }: Node) => `${nodes}/${metadata.name}`;

  describe("nodes", () => {
    check("are not to be used before somebody says that they are ready", async () => {
      const { spec, status } = await create();
      expect(spec).to.deep.equal({ taints: [notReady] });
      expect(status).to.deep.equal({
        daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
        nodeInfo: nothingKnown,
      });
    });

    check("keep the status they are created with, and taints beside the one they get", async () => {
      const own = { key: "example.com/own", effect: "NoExecute" };
      const { spec, status } = await create({
        spec: { taints: [own, notReady] },
        status: { addresses, nodeInfo: { kubeletVersion: "v1.37.0" } },
      });
      expect(spec.taints).to.deep.equal([own, notReady]);
      expect(status).to.deep.include({ addresses, nodeInfo: { ...nothingKnown, kubeletVersion: "v1.37.0" } });
    });

    check("say where their kubelet listens through their status", async () => {
      const node = await create();
      const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } };
      const patched = object<Node>(
        await admin().patch(`${pathOf(node)}/status`, mergePatch, { status, spec: { unschedulable: true } }),
        200,
      );
      expect(patched.status).to.deep.include({ ...status, nodeInfo: nothingKnown });
      expect(patched.spec).to.deep.equal(node.spec);
      expect((await admin().get(pathOf(node))).body).to.deep.equal(patched);
      expect((await admin().get(`${pathOf(node)}/status`)).body).to.deep.equal(patched);
    });

    check("lose no status when the rest of them is written", async () => {
      const node = await create({ status: { addresses } });
      const change = {
        metadata: { labels: { a: "b" } },
        spec: { unschedulable: true },
        status: { addresses: [] },
      };
      const patched = object<Node>(await admin().patch(pathOf(node), mergePatch, change), 200);
      expect(patched.status).to.deep.equal(node.status);
      expect(patched.spec.unschedulable).to.equal(true);
      expect(patched.metadata.labels).to.deep.equal({ a: "b" });
    });

    check("have names that DNS knows, each one once", async () => {
      const { metadata } = await create();
      expectFailure(await admin().post(nodes, { metadata: { name: metadata.name } }), {
        code: 409,
        reason: "AlreadyExists",
        message: `nodes "${metadata.name}" already exists`,
        details: { name: metadata.name, kind: "nodes" },
      });
      const invalid = await admin().post(nodes, { metadata: { name: "Not_a_name" } });
      expect(invalid.status, invalid.text).to.equal(422);
      expect(invalid.text).to.contain("a lowercase RFC 1123 subdomain must consist of");
    });

    check("are in no namespace", async () => {
      const { metadata } = await create();
      expect((await admin().get(`${paths.namespaces}/default/nodes/${metadata.name}`)).status).to.equal(404);
      const { items } = object<{ items: readonly Node[] }>(await admin().get(nodes), 200);
      expect(items.map((node) => node.metadata.name)).to.include(metadata.name);
    });

    check("are deleted with a Status that names them", async () => {
      const node = await create();
      const { name, uid } = node.metadata;
      expect(object<unknown>(await admin().delete(pathOf(node)), 200)).to.deep.equal({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name, kind: "nodes", uid },
      });
      expectFailure(await admin().get(pathOf(node)), {
        code: 404,
        reason: "NotFound",
        message: `nodes "${name}" not found`,
        details: { name, kind: "nodes" },
      });
    });

    check("are hidden from who has no grant", async () => {
      const node = await create();
      const account = await createServiceAccount(contract);
      const { status } = object<IssuedToken>(await requestToken(contract, account, {}));
      const message = `nodes "${node.metadata.name}" is forbidden: User "${account.username}" cannot get resource "nodes" in API group "" at the cluster scope`;
      expectFailure(await admin().as(status.token).get(pathOf(node)), {
        code: 403,
        reason: "Forbidden",
        message,
        details: { name: node.metadata.name, kind: "nodes" },
      });
    });

    check("are told of by discovery, with what is below them", async () => {
      const { resources } = object<{ resources: readonly { name: string }[] }>(
        await admin().get("/api/v1"),
        200,
      );
      const found = (name: string) => resources.find((resource) => resource.name === name);
      expect(found("nodes")).to.deep.include({
        singularName: "node",
        namespaced: false,
        kind: "Node",
        verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        shortNames: ["no"],
      });
      expect(found("nodes/status")).to.deep.include({
        namespaced: false,
        kind: "Node",
        verbs: ["get", "patch", "update"],
      });
    });

    check("are shown as kubectl prints them", async () => {
      const node = await create({
        metadata: {
          labels: { "node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge", other: "x" },
        },
        spec: { unschedulable: true },
        status: {
          addresses,
          conditions: [{ type: "Ready", status: "True" }],
          nodeInfo: { kubeletVersion: "v1.37.0", kernelVersion: "6.18", architecture: "amd64" },
        },
      });
      const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
      const table = object<{
        columnDefinitions: readonly { name: string; priority: number }[];
        rows: readonly { cells: readonly unknown[] }[];
      }>(await admin().get(pathOf(node), { accept }), 200);
      const shown = table.columnDefinitions.map(({ name, priority }, at) => [
        name,
        priority,
        table.rows[0]!.cells[at],
      ]);
      expect(shown.filter(([name]) => name !== "Age")).to.deep.equal([
        ["Name", 0, node.metadata.name],
        ["Status", 0, "Ready,SchedulingDisabled"],
        ["Roles", 0, "edge,worker"],
        ["Version", 0, "v1.37.0"],
        ["Internal-IP", 1, "192.0.2.7"],
        ["External-IP", 1, "<none>"],
        ["OS-Image", 1, "<unknown>"],
        ["Kernel-Version", 1, "6.18 (amd64)"],
        ["Container-Runtime", 1, "<unknown>"],
      ]);
    });
  });

  describe("pods on a node", () => {
    check("are selected by fields that they have", async () => {
      for (const [path, message] of [
        ["/api/v1/pods", "field label not supported: spec.unheardOf"],
        [nodes, "field label not supported: spec.unheardOf"],
      ]) {
        const answer = await admin().get(`${path}?fieldSelector=spec.unheardOf%3Dx`);
        expectFailure(answer, { code: 400, reason: "BadRequest", message: message! });
      }
    });

    check("are found by it, and keep what their kubelet says of them", async () => {
      const namespace = await createNamespace(contract);
      // a namespace's ServiceAccount is a controller's to make, and here there may be none
      await admin().post(`${paths.namespaces}/${namespace}/serviceaccounts`, {
        metadata: { name: "default" },
      });
      const nodeName = unique("node");
      const name = unique("pod");
      const containers = [{ name: "app", image: "registry.example.com/app:1" }];
      const pods = `${paths.namespaces}/${namespace}/pods`;
      const created = object<Pod>(
        await admin().post(pods, { metadata: { name }, spec: { nodeName, containers } }),
      );
      expect(created.spec.nodeName).to.equal(nodeName);
      const containerStatuses = [
        {
          name: "app",
          state: { running: {} },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: "app",
          imageID: "",
        },
      ];
      const status = { phase: "Running", hostIP: "192.0.2.7" };
      await admin().patch(`${pods}/${name}/status`, mergePatch, { status: { ...status, containerStatuses } });
      const { items } = object<{ items: readonly Pod[] }>(
        await admin().get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`),
        200,
      );
      expect(items.map((pod) => pod.metadata.name)).to.deep.equal([name]);
      expect(items[0]?.spec.nodeName).to.equal(nodeName);
      expect(items[0]?.status).to.include(status).and.to.have.property("containerStatuses");
      object(await admin().delete(`${pods}/${name}?gracePeriodSeconds=0`), 200);
      expect((await admin().get(`${pods}/${name}`)).status).to.equal(404);
    });
  });
}
