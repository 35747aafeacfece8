import { expect } from "chai";
import type { AdmissionRequestEnvelope } from "../../src/apis/admission.ts";
import {
  type AttestedCaller,
  assertReviewGroups,
  type ReviewGroupOptions,
} from "../../src/authorization/attested-api-group.ts";
import { CountersignError } from "../../src/errors.ts";

interface Row {
  readonly resource: string;
  readonly kind?: string;
  readonly more?: Partial<AdmissionRequestEnvelope>;
  /** apiVersions of the slots; the kind's own by default, `null` for an empty slot. */
  readonly object?: string | null;
  readonly oldObject?: string;
  readonly attests?: string;
}

const gvr = (text: string) => {
  const [group, resource] = text.includes("/") ? text.split("/") : ["", text];
  return { group: group!, version: "v1", resource: resource! };
};
const gvk = (text: string) => {
  const { group, resource } = gvr(text);
  return { group, version: "v1", kind: resource };
};
const slot = (apiVersion: string) => ({ typeMeta: () => ({ apiVersion }) });

function judge(row: Row, caller?: AttestedCaller, options?: ReviewGroupOptions): string {
  const resource = gvr(row.resource);
  const kind = gvk(row.kind ?? row.resource);
  const request: AdmissionRequestEnvelope = {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind,
    resource,
    operation: "CREATE",
    userInfo: { username: "somebody" },
    ...row.more,
  };
  const own = kind.group === "" ? "v1" : `${kind.group}/v1`;
  const object = row.object === null ? undefined : slot(row.object ?? own);
  const oldObject = row.oldObject === undefined ? undefined : slot(row.oldObject);
  try {
    const attested =
      row.attests === undefined ? caller : { method: "webhookToken", attestedAPIGroup: row.attests };
    assertReviewGroups({ request, object, oldObject }, attested, options);
    return "passes";
  } catch (error) {
    if (error instanceof CountersignError) return error.code;
    throw error;
  }
}

describe("assertReviewGroups", () => {
  it("refuses the attack: a server attested for evil.io shows a policy an apps Deployment", () => {
    const attack: readonly (readonly [string, Row, string])[] = [
      ["as what it is", { resource: "apps/deployments" }, "ERR_GROUP_NOT_ATTESTED"],
      [
        "as a kind behind its own resource",
        { resource: "evil.io/things", kind: "apps/Deployment" },
        "ERR_GROUP_INCONSISTENT",
      ],
      [
        "as the object of its own kind",
        { resource: "evil.io/things", object: "apps/v1" },
        "ERR_GROUP_INCONSISTENT",
      ],
      [
        "as the old object of its own kind",
        { resource: "evil.io/things", oldObject: "apps/v1" },
        "ERR_GROUP_INCONSISTENT",
      ],
      [
        "behind a subresource it invents",
        { resource: "evil.io/things", kind: "apps/Deployment", more: { subResource: "deployment" } },
        "ERR_GROUP_INCONSISTENT",
      ],
      [
        "behind a subresource of another pair",
        { resource: "evil.io/things", kind: "apps/Deployment", more: { subResource: "scale" } },
        "ERR_GROUP_INCONSISTENT",
      ],
      [
        "as a connection",
        {
          resource: "evil.io/things",
          kind: "apps/Deployment",
          more: { subResource: "connect", operation: "CONNECT" },
        },
        "ERR_GROUP_INCONSISTENT",
      ],
      [
        "as what was asked for",
        {
          resource: "evil.io/things",
          more: { requestResource: gvr("apps/deployments"), requestKind: gvk("apps/Deployment") },
        },
        "ERR_GROUP_NOT_ATTESTED",
      ],
      [
        "as the kind that was asked for",
        {
          resource: "evil.io/things",
          more: { requestResource: gvr("evil.io/things"), requestKind: gvk("apps/Deployment") },
        },
        "ERR_GROUP_INCONSISTENT",
      ],
    ];
    for (const [name, row, code] of attack)
      expect(judge({ ...row, attests: "evil.io" }), name).to.equal(code);
  });

  const passing: Readonly<Record<string, Row>> = {
    "a Deployment": { resource: "apps/deployments", kind: "apps/Deployment", attests: "apps" },
    "a Pod, of the core group": { resource: "pods", kind: "Pod", attests: "*" },
    "deployments/scale": {
      resource: "apps/deployments",
      kind: "autoscaling/Scale",
      more: { subResource: "scale", operation: "UPDATE" },
      oldObject: "autoscaling/v1",
      attests: "apps",
    },
    "a custom resource's scale": {
      resource: "example.com/widgets",
      kind: "autoscaling/Scale",
      more: { subResource: "scale" },
      attests: "example.com",
    },
    "pods/eviction": {
      resource: "pods",
      kind: "policy/Eviction",
      more: { subResource: "eviction" },
      attests: "*",
    },
    "serviceaccounts/token": {
      resource: "serviceaccounts",
      kind: "authentication.k8s.io/TokenRequest",
      more: { subResource: "token" },
      attests: "*",
    },
    "pods/exec": {
      resource: "pods",
      kind: "PodExecOptions",
      more: { subResource: "exec", operation: "CONNECT" },
      attests: "*",
    },
    "CONNECT to an aggregated resource with core options": {
      resource: "subresources.example.com/machines",
      kind: "PodExecOptions",
      more: { subResource: "console", operation: "CONNECT" },
      attests: "subresources.example.com",
    },
    "pods/status": { resource: "pods", kind: "Pod", more: { subResource: "status" }, attests: "*" },
    "a DELETE, which has an old object only": {
      resource: "apps/deployments",
      more: { operation: "DELETE" },
      object: null,
      oldObject: "apps/v1",
      attests: "apps",
    },
    "a DELETE of a collection, which has none": {
      resource: "apps/deployments",
      more: { operation: "DELETE" },
      object: null,
      attests: "apps",
    },
    "a converted request of the attested group": {
      resource: "apps/deployments",
      more: { requestResource: gvr("apps/deployments"), requestKind: gvk("apps/Deployment") },
      attests: "apps",
    },
    "a converted scale": {
      resource: "apps/deployments",
      kind: "autoscaling/Scale",
      more: {
        subResource: "scale",
        requestResource: gvr("apps/deployments"),
        requestKind: gvk("autoscaling/Scale"),
        requestSubResource: "scale",
      },
      attests: "apps",
    },
    "a request converted from another group, from a caller for all groups": {
      resource: "apps/deployments",
      more: { requestResource: gvr("extensions/deployments"), requestKind: gvk("extensions/Deployment") },
      attests: "*",
    },
    "another version of the kind's group": {
      resource: "apps/deployments",
      object: "apps/v1beta1",
      attests: "apps",
    },
  };
  for (const [name, row] of Object.entries(passing))
    it(`lets ${name} pass`, () => expect(judge(row)).to.equal("passes"));

  const inconsistent: Readonly<Record<string, Row>> = {
    "a kind of another group": { resource: "apps/deployments", kind: "batch/Job" },
    "a core kind behind a resource of a group": { resource: "apps/deployments", kind: "Pod" },
    "a core kind behind a resource, for CONNECT without subresource": {
      resource: "apps/deployments",
      kind: "Pod",
      more: { operation: "CONNECT" },
    },
    "a core kind behind a subresource that is not connected to": {
      resource: "apps/deployments",
      kind: "Pod",
      more: { subResource: "exec" },
    },
    "a Scale without the subresource": { resource: "apps/deployments", kind: "autoscaling/Scale" },
    "a Scale with an empty subresource": {
      resource: "apps/deployments",
      kind: "autoscaling/Scale",
      more: { subResource: "" },
    },
    "an Eviction behind scale": { resource: "pods", kind: "policy/Eviction", more: { subResource: "scale" } },
    "a kind behind a subresource named like a prototype's": {
      resource: "pods",
      kind: "apps/Deployment",
      more: { subResource: "constructor" },
    },
    "an object of another group": { resource: "apps/deployments", object: "batch/v1" },
    "a core object": { resource: "apps/deployments", object: "v1" },
    "an object of a group for a core kind": { resource: "pods", object: "apps/v1" },
    "an old object of another group": { resource: "apps/deployments", oldObject: "batch/v1" },
    "an object that says no version": { resource: "pods", object: "" },
    "an object that says half a version": { resource: "pods", object: "/v1" },
    "an object that says too much": { resource: "apps/deployments", object: "apps/v1/x" },
    "an object of the resource's group behind a scale": {
      resource: "apps/deployments",
      kind: "autoscaling/Scale",
      more: { subResource: "scale" },
      object: "apps/v1",
    },
    "a requested kind of another group than the requested resource": {
      resource: "apps/deployments",
      more: { requestResource: gvr("apps/deployments"), requestKind: gvk("batch/Job") },
    },
  };
  for (const [name, row] of Object.entries(inconsistent))
    for (const attests of ["*", gvr(row.resource).group || undefined])
      it(`refuses ${name}, whoever shows it (${attests ?? "nothing attested"})`, () =>
        expect(judge({ ...row, ...(attests !== undefined && { attests }) })).to.equal(
          "ERR_GROUP_INCONSISTENT",
        ));

  it("refuses an object that says nothing of itself", () => {
    const request = {
      uid: "u",
      kind: gvk("Pod"),
      resource: gvr("pods"),
      operation: "CREATE",
      userInfo: { username: "u" },
    } as const;
    expect(() => assertReviewGroups({ request, object: { typeMeta: () => ({}) } }, undefined))
      .to.throw(/request.object.apiVersion "nothing" does not fit request.kind.group ""/)
      .with.property("code", "ERR_GROUP_INCONSISTENT");
  });

  describe("of a caller who attests one group", () => {
    const rows: Readonly<Record<string, readonly [Row, AttestedCaller]>> = {
      "another group's review": [
        { resource: "batch/jobs" },
        { method: "webhookToken", attestedAPIGroup: "apps" },
      ],
      "the core group's review": [{ resource: "pods" }, { method: "webhookToken", attestedAPIGroup: "apps" }],
      "a group that begins alike": [
        { resource: "apps.example/x" },
        { method: "webhookToken", attestedAPIGroup: "apps" },
      ],
      "another group's review, reviewed by TokenReview": [
        { resource: "batch/jobs" },
        { method: "tokenReview", attestedAPIGroup: "apps" },
      ],
      "what another group was asked for": [
        { resource: "apps/deployments", more: { requestResource: gvr("extensions/deployments") } },
        { method: "webhookToken", attestedAPIGroup: "apps" },
      ],
      "anything, where a bound token attests nothing": [
        { resource: "apps/deployments" },
        { method: "webhookToken" },
      ],
    };
    for (const [name, [row, caller]] of Object.entries(rows))
      it(`refuses ${name}`, () => expect(judge(row, caller)).to.equal("ERR_GROUP_NOT_ATTESTED"));
  });

  it("asks no attestation of plain tokens and certificates, and consistency of everybody", () => {
    for (const method of ["serviceAccountToken", "clientCertificate", "tokenReview"]) {
      expect(judge({ resource: "apps/deployments" }, { method })).to.equal("passes");
      expect(judge({ resource: "apps/deployments", kind: "Pod" }, { method })).to.equal(
        "ERR_GROUP_INCONSISTENT",
      );
    }
    expect(judge({ resource: "apps/deployments", kind: "Pod" })).to.equal("ERR_GROUP_INCONSISTENT");
  });

  it("takes more pairs from the configuration, for their subresource only", () => {
    const options = { subresourceGroups: { promote: ["ops.example.com", "autoscaling"] } };
    const row = (subResource: string, kind: string): Row => ({
      resource: "example.com/widgets",
      kind,
      more: { subResource },
    });
    expect(judge(row("promote", "ops.example.com/Promotion"), undefined, options)).to.equal("passes");
    expect(judge(row("scale", "autoscaling/Scale"), undefined, options)).to.equal("passes");
    expect(judge(row("demote", "ops.example.com/Promotion"), undefined, options)).to.equal(
      "ERR_GROUP_INCONSISTENT",
    );
    expect(judge(row("promote", "apps/Deployment"), undefined, options)).to.equal("ERR_GROUP_INCONSISTENT");
    expect(judge(row("toString", "apps/Deployment"), undefined, options)).to.equal("ERR_GROUP_INCONSISTENT");
  });

  it("names the fields, and does not repeat what is no group", () => {
    const row = { resource: "apps/deployments", object: "\u001b[2Jevil/v1" };
    const request = {
      uid: "u",
      kind: gvk(row.resource),
      resource: gvr(row.resource),
      operation: "CREATE",
    } as const;
    expect(() =>
      assertReviewGroups(
        { request: { ...request, userInfo: { username: "u" } }, object: slot(row.object) },
        undefined,
      ),
    ).to.throw('request.object.apiVersion (not a group) does not fit request.kind.group "apps"');
  });
});
