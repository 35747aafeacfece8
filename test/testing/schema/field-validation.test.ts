import { expect } from "chai";
import fc from "fast-check";
import type { ApiObject } from "../../../src/testing/objects/api-object.ts";
import {
  conformObject,
  FieldTypeError,
  reportUnknownFields,
} from "../../../src/testing/schema/field-validation.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

const deployment = (spec: unknown, metadata: unknown = { name: "x" }): ApiObject =>
  ({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec }) as ApiObject;
const configMap = (more: object): ApiObject =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, ...more }) as ApiObject;
const thrownBy = (act: () => unknown): string => {
  try {
    act();
    return "";
  } catch (error) {
    if (error instanceof StatusError) return `${error.status.code} ${error.message}`;
    if (error instanceof FieldTypeError) return error.message;
    throw error;
  }
};

describe("reading an object into its kind", () => {
  it("drops what the kind does not have, and says where it stood", () => {
    const { object, unknownFields } = conformObject(
      deployment(
        { template: { spec: { containers: [{ name: "a" }, { name: "b", imagee: "1" }], x: 2 } } },
        { name: "x", bogus: 1 },
      ),
    );
    expect(unknownFields).to.deep.equal([
      "metadata.bogus",
      "spec.template.spec.containers[1].imagee",
      "spec.template.spec.x",
    ]);
    expect(object.metadata).to.deep.equal({ name: "x" });
    expect(object.spec).to.deep.equal({ template: { spec: { containers: [{ name: "a" }, { name: "b" }] } } });
  });

  it("takes null for absent", () => {
    expect(conformObject(configMap({ data: null })).object).to.not.have.property("data");
  });

  it("knows the members of inlined types among those around them", () => {
    const volumes = [{ name: "v", configMap: { name: "c", optional: true } }];
    const spec = { template: { spec: { containers: [], volumes } } };
    expect(conformObject(deployment(spec))).to.deep.equal({ object: deployment(spec), unknownFields: [] });
  });

  it("keeps KEP-2510's authenticationSource, which kube-apiserver does not", () => {
    const webhooks = [
      { name: "a", clientConfig: { url: "https://a", authenticationSource: { tokenRequest: {} } } },
    ];
    const object = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      webhooks,
    };
    expect(conformObject({ ...object, metadata: { name: "x" } }).unknownFields).to.deep.equal([]);
  });

  it("leaves a kind of somebody's own as it is, but for its metadata", () => {
    const thing = {
      apiVersion: "evil.io/v1",
      kind: "Thing",
      metadata: { name: "x", bogus: 1 },
      spec: { any: [1] },
    };
    const { object, unknownFields } = conformObject(thing);
    expect(unknownFields).to.deep.equal(["metadata.bogus"]);
    expect(object).to.deep.equal({ ...thing, metadata: { name: "x" } });
  });

  // the messages of kube-apiserver 1.37.0 for the same bodies
  const rows: readonly (readonly [object: ApiObject, message: string])[] = [
    [deployment({ replicas: "2" }), "string into Go struct field DeploymentSpec.spec.replicas of type int32"],
    [
      deployment({ replicas: 1.5 }),
      "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      deployment({}, { labels: { a: 1 } }),
      "number into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [deployment("s"), "string into Go struct field Deployment.spec of type v1.DeploymentSpec"],
    [
      deployment({ template: { spec: { containers: [{ name: 7 }] } } }),
      "number into Go struct field Container.spec.template.spec.containers.name of type string",
    ],
    [
      deployment({ template: { spec: { containers: { a: 1 } } } }),
      "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
    ],
    [deployment({ paused: "yes" }), "string into Go struct field DeploymentSpec.spec.paused of type bool"],
    [
      deployment({ replicas: 2 ** 31 }),
      "number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
  ];
  for (const [object, message] of rows)
    it(`refuses ${message}`, () => {
      expect(thrownBy(() => conformObject(object))).to.equal(`json: cannot unmarshal ${message}`);
    });

  it("takes integers of 64 bits where the kind has them", () => {
    const spec = { template: { spec: { containers: [], terminationGracePeriodSeconds: 9007199254740993n } } };
    expect(conformObject(deployment(spec)).object.spec).to.deep.equal(spec);
  });

  it("reads or refuses whatever JSON there is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (spec, metadata) => {
        thrownBy(() => conformObject(deployment(spec, metadata)));
      }),
    );
  });
});

describe("unknown fields", () => {
  const kind = { version: "v1", kind: "ConfigMap" };
  const report = (mode: string | null): readonly [string, readonly string[]] => {
    const warnings: string[] = [];
    const warn = (message: string): number => warnings.push(message);
    return [thrownBy(() => reportUnknownFields(["a", "b[0].c"], mode, kind, warn)), warnings];
  };
  const warnings = ['unknown field "a"', 'unknown field "b[0].c"'];

  it("are refused under Strict", () => {
    expect(report("Strict")).to.deep.equal([
      `400 ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${warnings.join(", ")}`,
      [],
    ]);
  });

  it("are warned of under Warn and by default, and passed over under Ignore", () => {
    expect(report("Warn")).to.deep.equal(["", warnings]);
    expect(report(null)).to.deep.equal(["", warnings]);
    expect(report("Ignore")).to.deep.equal(["", []]);
  });
});
