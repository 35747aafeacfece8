import { expect } from "chai";
import type { ApiObject, JsonObject } from "../../../src/testing/objects/api-object.ts";
import { builtinKinds } from "../../../src/testing/objects/builtin-kinds.ts";
import { createResourceRegistry } from "../../../src/testing/objects/resource-kind.ts";
import { formatAge, tableOf } from "../../../src/testing/representations/table.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe("ages", () => {
  // k8s.io/apimachinery pkg/util/duration/duration_test.go, the rows below eight years
  const rows: readonly (readonly [durationMs: number, text: string])[] = [
    [-1, "0s"],
    [0, "0s"],
    [second, "1s"],
    [70 * second, "70s"],
    [119 * second, "119s"],
    [2 * minute, "2m"],
    [2 * minute + 30 * second, "2m30s"],
    [9 * minute + 59 * second, "9m59s"],
    [10 * minute, "10m"],
    [179 * minute, "179m"],
    [3 * hour, "3h"],
    [3 * hour + 5 * minute, "3h5m"],
    [7 * hour + 59 * minute, "7h59m"],
    [8 * hour + 59 * minute, "8h"],
    [47 * hour, "47h"],
    [2 * day, "2d"],
    [2 * day + 3 * hour, "2d3h"],
    [7 * day + 23 * hour, "7d23h"],
    [8 * day + 23 * hour, "8d"],
    [400 * day, "400d"],
    [Number.NaN, "<unknown>"],
  ];
  for (const [durationMs, text] of rows)
    it(`of ${durationMs} ms are ${text}`, () => {
      expect(formatAge(durationMs)).to.equal(text);
    });
});

describe("tables", () => {
  const registry = createResourceRegistry(builtinKinds);
  const now = Date.UTC(2026, 0, 1);
  const creationTimestamp = "2025-12-31T23:59:30Z";
  const rowOf = (group: string, resource: string, more: JsonObject): unknown => {
    const kind = registry.find(group, "v1", resource)!;
    const object: ApiObject = {
      apiVersion: "v1",
      kind: kind.kind,
      metadata: { name: "x", creationTimestamp },
      ...more,
    };
    const options = { metadata: {}, includeObject: "None", now, withColumns: true } as const;
    const { rows, columnDefinitions } = tableOf(kind, [object], options) as unknown as {
      rows: [{ cells: unknown[]; object: unknown }];
      columnDefinitions: unknown[];
    };
    expect(columnDefinitions).to.have.length(rows[0].cells.length);
    expect(rows[0].object).to.equal(null);
    return rows[0].cells;
  };

  it("show what kubectl shows of each kind", () => {
    const template = {
      spec: {
        containers: [
          { name: "a", image: "b:1" },
          { name: "c", image: "d:2" },
        ],
      },
    };
    const spec = { replicas: 2, selector: { matchLabels: { app: "x" } }, template };
    expect(rowOf("apps", "deployments", { spec, status: { readyReplicas: 1 } })).to.deep.equal([
      "x",
      "1/2",
      0,
      0,
      "30s",
      "a,c",
      "b:1,d:2",
      "app=x",
    ]);
    expect(rowOf("", "configmaps", { data: { a: "" }, binaryData: { b: "" } })).to.deep.equal([
      "x",
      2,
      "30s",
    ]);
    expect(rowOf("", "serviceaccounts", {})).to.deep.equal(["x", "30s"]);
    expect(rowOf("", "secrets", { type: "Opaque", data: { a: "" } })).to.deep.equal([
      "x",
      "Opaque",
      1,
      "30s",
    ]);
    const service = {
      type: "ExternalName",
      externalName: "localhost",
      ports: [{ port: 443, protocol: "TCP" }],
    };
    const shown = ["x", "ExternalName", "<none>", "localhost", "443/TCP", "30s"];
    expect(rowOf("", "services", { spec: service })).to.deep.equal(shown);
    const configuration = { webhooks: [{}, {}] };
    const group = "admissionregistration.k8s.io";
    expect(rowOf(group, "validatingwebhookconfigurations", configuration)).to.deep.equal(["x", 2, "30s"]);
  });

  it("show whom a binding binds", () => {
    const subjects = [
      { kind: "User", name: "jane" },
      { kind: "Group", name: "dev" },
      { kind: "ServiceAccount", name: "sa", namespace: "ns" },
    ];
    const roleRef = { kind: "ClusterRole", name: "r" };
    expect(rowOf("rbac.authorization.k8s.io", "clusterrolebindings", { subjects, roleRef })).to.deep.equal([
      "x",
      "ClusterRole/r",
      "30s",
      "jane",
      "dev",
      "ns/sa",
    ]);
    expect(rowOf("rbac.authorization.k8s.io", "clusterroles", {})).to.deep.equal(["x", creationTimestamp]);
  });

  it("carry as much of the object as is asked for", () => {
    const kind = registry.find("", "v1", "configmaps")!;
    const object: ApiObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "x" },
      data: { a: "b" },
    };
    const carried = (includeObject: "None" | "Metadata" | "Object"): unknown =>
      (
        tableOf(kind, [object], { metadata: {}, includeObject, now, withColumns: false }).rows as [
          { object: unknown },
        ]
      )[0].object;
    expect(carried("Object")).to.deep.equal(object);
    expect(carried("Metadata")).to.deep.equal({
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: { name: "x" },
    });
    expect(carried("None")).to.equal(null);
  });
});
