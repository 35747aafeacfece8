import { expect } from "chai";
import {
  aggregatedGroups,
  aggregatedType,
  discoveryForm,
} from "../../../../src/server/gateway/routes/aggregated-discovery.ts";

const inOne = (version: string) => aggregatedType(version);

describe("discoveryForm", () => {
  for (const [accept, form] of [
    ["", "plain"],
    ["*/*", "plain"],
    ["application/json", "plain"],
    ["application/json, */*", "plain"],
    ["application/vnd.kubernetes.protobuf, application/json", "plain"],
    ["application/*", "plain"],
    [inOne("v2"), { aggregated: "v2" }],
    [`${inOne("v2")},${inOne("v2beta1")},application/json`, { aggregated: "v2" }],
    [`${inOne("v3")},${inOne("v2beta1")},application/json`, { aggregated: "v2beta1" }],
    [`application/json,${inOne("v2")}`, "plain"],
    ["APPLICATION/JSON", "plain"],
    [inOne("v3"), undefined],
    ["application/json;as=Table;g=meta.k8s.io;v=v1", undefined],
    ["application/json;as=APIGroupDiscoveryList;v=v2", undefined],
    ["text/html", undefined],
    ["application/vnd.kubernetes.protobuf", undefined],
  ] as const)
    it(`${accept || "nothing"}: ${JSON.stringify(form)}`, () => {
      expect(discoveryForm(accept, true)).to.deep.equal(form);
    });

  it("is never all in one where there is no such document", () => {
    expect(discoveryForm(`${inOne("v2")},application/json`, false)).to.equal("plain");
    expect(discoveryForm(inOne("v2"), false)).to.equal(undefined);
  });
});

describe("aggregatedGroups", () => {
  const list = {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: "example.dev/v1",
    resources: [
      { name: "nodes/proxy", singularName: "", namespaced: false, kind: "NodeProxyOptions", verbs: ["get"] },
      {
        name: "pods",
        singularName: "pod",
        namespaced: true,
        kind: "Pod",
        verbs: ["get"],
        shortNames: ["po"],
      },
      { name: "pods/log", singularName: "", namespaced: true, kind: "Pod", verbs: ["get"] },
    ],
  } as const;
  const of = { group: "example.dev", version: "v1" };

  it("puts subresources below their resource, also below one that is not served", () => {
    expect(aggregatedGroups([{ name: "example.dev", lists: [list] }], "v2")).to.deep.equal({
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: [
        {
          metadata: { name: "example.dev" },
          versions: [
            {
              version: "v1",
              freshness: "Current",
              resources: [
                {
                  resource: "nodes",
                  scope: "Cluster",
                  singularResource: "",
                  verbs: [],
                  subresources: [
                    {
                      subresource: "proxy",
                      responseKind: { ...of, kind: "NodeProxyOptions" },
                      verbs: ["get"],
                    },
                  ],
                },
                {
                  resource: "pods",
                  responseKind: { ...of, kind: "Pod" },
                  scope: "Namespaced",
                  singularResource: "pod",
                  verbs: ["get"],
                  shortNames: ["po"],
                  subresources: [
                    { subresource: "log", responseKind: { ...of, kind: "Pod" }, verbs: ["get"] },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it("leaves the core group without a name, as API servers do", () => {
    const { items } = aggregatedGroups(
      [{ name: "", lists: [{ ...list, groupVersion: "v1" }] }],
      "v2beta1",
    ) as {
      items: { metadata: object; versions: { version: string }[] }[];
    };
    expect(items[0]!.metadata).to.deep.equal({});
    expect(items[0]!.versions[0]!.version).to.equal("v1");
  });
});
