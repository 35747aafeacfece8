import { expect } from "chai";
import fc from "fast-check";
import { decodeProtobufEnvelope } from "../../../src/apis/protobuf-envelope.ts";
import { ProtobufFault } from "../../../src/apis/protobuf-fields.ts";
import { decodeProtobufObject } from "../../../src/testing/representations/protobuf-object.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

const decodeProtobuf = (body: Buffer) => decodeProtobufObject(decodeProtobufEnvelope(body));
const rbacGroup = "rbac.authorization.k8s.io";

// what kubectl 1.37.0 sent, and what the same commands print with `-o json --dry-run=client`, empty members apart
const sent: Readonly<Record<string, readonly [body: string, object: object]>> = {
  "create token sa --audience=a --audience=b --duration=10m --bound-object-kind=Pod …": [
    "azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBI0ChAKABIAGgAiACoAMgA4AEIAEhoKAWEKAWIaDwoDUG9kEgJ2MRoBcCIBdSDYBBoECgASABoAIgA=",
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: ["a", "b"],
        boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid: "u" },
        expirationSeconds: 600,
      },
      status: {},
    },
  ],
  "auth whoami": [
    "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
      metadata: {},
      status: { userInfo: {} },
    },
  ],
  "create configmap cm --from-literal=a=b --from-literal=empty=": [
    "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEicKEgoCY20SABoAIgAqADIAOABCABIGCgFhEgFiEgkKBWVtcHR5EgAaACIA",
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cm" }, data: { a: "b", empty: "" } },
  ],
  "create clusterrolebinding rb --clusterrole=r --serviceaccount=ns:sa --user=jane": [
    "azhzAAoyChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEhJDbHVzdGVyUm9sZUJpbmRpbmcSiAEKEgoCcmISABoAIgAqADIAOABCABIpCgRVc2VyEhlyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvGgRqYW5lIgASGgoOU2VydmljZUFjY291bnQSABoCc2EiAm5zGisKGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8SC0NsdXN0ZXJSb2xlGgFyGgAiAA==",
    {
      apiVersion: `${rbacGroup}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "rb" },
      subjects: [
        { kind: "User", apiGroup: rbacGroup, name: "jane" },
        { kind: "ServiceAccount", name: "sa", namespace: "ns" },
      ],
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: "r" },
    },
  ],
  "create secret generic s --from-literal=a=b": [
    "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=",
    { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "Yg==" } },
  ],
  "create deployment d --image=nginx --replicas=3 --port=80": [
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErABChsKAWQSABoAIgAqADIAOABCAFoICgNhcHASAWQSggEIAxIKCggKA2FwcBIBZBpqChoKABIAGgAiACoAMgA4AEIAWggKA2FwcBIBZBJMEi4KBW5naW54EgVuZ2lueCoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA",
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d", labels: { app: "d" } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: "d" } },
        template: {
          metadata: { labels: { app: "d" } },
          spec: {
            containers: [{ name: "nginx", image: "nginx", ports: [{ containerPort: 80 }], resources: {} }],
          },
        },
        strategy: {},
      },
      status: {},
    },
  ],
};

describe("protobuf bodies", () => {
  for (const [command, [body, object]] of Object.entries(sent))
    it(`of kubectl ${command} are read`, () => {
      expect(decodeProtobuf(Buffer.from(body, "base64"))).to.deep.equal(object);
    });

  const codeOf = (body: Buffer): number => {
    try {
      decodeProtobuf(body);
      return 0;
    } catch (error) {
      if (error instanceof StatusError) return error.status.code;
      // whoever decodes a body answers it with 400
      if (error instanceof ProtobufFault) return 400;
      throw error;
    }
  };
  const whoami = Buffer.from(sent["auth whoami"]![0], "base64");

  it("without the magic number are a bad request", () => {
    expect(codeOf(Buffer.from("{}"))).to.equal(400);
    expect(codeOf(Buffer.alloc(0))).to.equal(400);
  });

  it("of a kind that is not served are an unsupported media type", () => {
    const other = Buffer.from(
      whoami.toString("latin1").replace("SelfSubjectReview", "SelfSubjectRecipe"),
      "latin1",
    );
    expect(codeOf(other)).to.equal(415);
  });

  it("with a field that is not known are refused, not cut", () => {
    // field 15 of the object, a string of one letter, in place of its last three bytes of metadata
    const kind = Buffer.from("0a0f0a0276311209436f6e6669674d6170", "hex");
    const raw = Buffer.from("12037a0161", "hex");
    expect(codeOf(Buffer.concat([Buffer.from("k8s\0", "latin1"), kind, raw]))).to.equal(400);
  });

  it("that are cut anywhere are refused or read, never a fault of ours", () => {
    for (const [body] of Object.values(sent)) {
      const whole = Buffer.from(body, "base64");
      for (let length = 0; length < whole.length; length += 1)
        expect(codeOf(whole.subarray(0, length))).to.be.oneOf([0, 400, 415]);
    }
  });

  it("with any byte changed are refused or read, never a fault of ours", () => {
    const bodies = Object.values(sent).map(([body]) => Buffer.from(body, "base64"));
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (body, at, octet) => {
          const changed = Buffer.from(body);
          changed[at % body.length] = octet;
          expect(codeOf(changed)).to.be.oneOf([0, 400, 415]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
