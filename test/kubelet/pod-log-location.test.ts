import { expect } from "chai";
import type { Pod } from "../../src/apis/node.ts";
import { type PodLogLocation, podLogLocation } from "../../src/kubelet/pod-log-location.ts";
import { decodePodLogOptions } from "../../src/kubelet/pod-log-options.ts";

function pod(spec: NonNullable<Pod["spec"]> | undefined): Pod {
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { namespace: "shop", name: "web" } },
    ...(spec !== undefined && { spec }),
  };
}
const named = (...names: readonly string[]) => names.map((name) => ({ name }));
const locate = (spec: NonNullable<Pod["spec"]> | undefined, query = ""): PodLogLocation =>
  podLogLocation(pod(spec), decodePodLogOptions(new URLSearchParams(query)));

const many = {
  ...{ nodeName: "n1", initContainers: named("init"), containers: named("app", "side") },
  ephemeralContainers: named("debug"),
};

describe("where a pod's log is", () => {
  it("is at its node, in its only container", () => {
    const spec = { nodeName: "n1", containers: named("app"), initContainers: named("init") };
    expect(locate(spec)).to.deep.equal({ nodeName: "n1", path: "/containerLogs/shop/web/app" });
    expect(locate(spec, "container=&tailLines=5").path).to.equal("/containerLogs/shop/web/app?tailLines=5");
  });

  it("is in the container that is named, of every kind", () => {
    for (const name of ["init", "app", "side", "debug"])
      expect(locate(many, `container=${name}&container=app&follow=1`).path).to.equal(
        `/containerLogs/shop/web/${name}?follow=true`,
      );
  });

  it("is nowhere until the pod has been scheduled", () => {
    for (const nodeName of [undefined, ""])
      expect(
        locate({ ...(nodeName !== undefined && { nodeName }), containers: named("app") }).nodeName,
      ).to.equal(undefined);
  });

  for (const [what, spec, query, message] of [
    [
      "none is named of several",
      many,
      "",
      "a container name must be specified for pod web, choose one of: [init app side debug]",
    ],
    ["none is named of none", { nodeName: "n1" }, "", "a container name must be specified for pod web"],
    [
      "none is named of init containers alone",
      { initContainers: named("init") },
      "",
      "a container name must be specified for pod web",
    ],
    ["there is no spec", undefined, "", "a container name must be specified for pod web"],
    ["the one that is named is not there", many, "container=zzz", "container zzz is not valid for pod web"],
    [
      "the name is a path",
      many,
      "container=../../../pods",
      "container ../../../pods is not valid for pod web",
    ],
    [
      "the pod is not scheduled and the name is wrong",
      { containers: named("app") },
      "container=x",
      "container x is not valid for pod web",
    ],
  ] as const)
    it(`is refused where ${what}`, () => {
      expect(() => locate(spec, query))
        .to.throw(message)
        .with.property("answer")
        .that.includes({ code: 400, reason: "BadRequest", message });
    });

  it("never leaves containerLogs, whatever an API server calls a container", () => {
    for (const name of ["..", ".", ""])
      expect(() => locate({ nodeName: "n1", containers: named(name) })).to.throw();
    expect(locate({ nodeName: "n1", containers: named("a/b?c#d%2f") }).path).to.equal(
      "/containerLogs/shop/web/a%2Fb%3Fc%23d%252f",
    );
  });
});
