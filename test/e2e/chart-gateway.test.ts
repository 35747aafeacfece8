import { expect } from "chai";
import type { GatewayConfiguration } from "../../src/configuration/gateway-configuration.ts";
import { parseGatewayConfiguration } from "../../src/configuration/load-gateway-configuration.ts";
import { accessGrants } from "../../src/inspection/access-grants.ts";
import { decodeLintInputs } from "../../src/inspection/lint/decode-lint-inputs.ts";
import { lint } from "../../src/inspection/lint/lint.ts";
import { parseLintDocuments } from "../../src/inspection/lint/lint-document.ts";
import { cases } from "../charts/cases.ts";
import {
  isOf,
  notes,
  one,
  parseManifests,
  type RenderedObject,
  release,
  renderText,
} from "../charts/helm.ts";
import { describeWith } from "./requirements.ts";

const sourceOf = (file: string) => ({ file, directory: "/etc/countersign" });
const isOfGateway = (object: RenderedObject): boolean => isOf(object, "gateway");

function gatewayConfigurationOf(
  objects: readonly RenderedObject[],
  name = "countersign-gateway",
): GatewayConfiguration {
  const text = one(objects, "ConfigMap", name).data["gateway.yaml"];
  return parseGatewayConfiguration(text, sourceOf("gateway.yaml"));
}

await describeWith(["helm"], "the chart's gateway", () => {
  const texts = new Map<string, string>();
  const objectsOf = (name: string): readonly RenderedObject[] => parseManifests(texts.get(name)!);
  before(async () => {
    for (const [name, values] of Object.entries(cases)) texts.set(name, await renderText(values));
  });
  const gateways = ["gateway", "gateway-alone", "everything"] as const;
  const podOf = (name: string) =>
    one(objectsOf(name), "Deployment", "countersign-gateway").spec.template.spec;

  it("is not there unless it is asked for", () => {
    for (const name of ["defaults", "agent", "agent-alone"])
      expect(objectsOf(name).filter(isOfGateway)).to.deep.equal([]);
  });

  it("is installed without a server too", () => {
    const components = objectsOf("gateway-alone").map(
      ({ metadata }) => metadata.labels?.["app.kubernetes.io/component"],
    );
    expect([...new Set(components)].toSorted()).to.deep.equal(["gateway", "monitoring"]);
  });

  it("has the defaults that the configuration has, but for what differs in a cluster", () => {
    const { authentication, ...rendered } = gatewayConfigurationOf(objectsOf("gateway"));
    const { listen, admin, tls, kubelet } = rendered;
    const files = {
      certFile: kubelet.clientCertificate.certFile,
      keyFile: kubelet.clientCertificate.keyFile,
    };
    const least = {
      ...{ apiVersion: "countersign.dev/v1alpha1", kind: "GatewayConfiguration" },
      tls: { certFile: tls.certFile, keyFile: tls.keyFile },
      authentication: { clientCAFromConfigMap: true, tokenReview: {} },
      kubelet: {
        ...{ clientCertificate: files, caFile: kubelet.caFile },
        addressTypes: ["InternalIP", "ExternalIP", "Hostname"],
      },
    };
    const defaults = parseGatewayConfiguration(JSON.stringify(least), sourceOf("least.yaml"));
    expect({ ...rendered, authentication }).to.deep.equal(defaults);
    expect([listen.port, admin.port]).to.deep.equal([8443, 8080]);
  });

  it("is told every value of authentication, authorization, kubelet and selfSubjectReviews", () => {
    const given = cases["gateway-alone"]!.gateway as Record<string, Record<string, unknown>>;
    const { authentication, authorization, kubelet, selfSubjectReviews } = gatewayConfigurationOf(
      objectsOf("gateway-alone"),
    );
    const { clientCA: _, requestHeader, tokenReview, ...callers } = given.authentication!;
    expect(authentication).to.deep.include({ ...callers, clientCAFile: "/client-ca/ca.crt" });
    const { ca: __, ...headers } = requestHeader as Record<string, unknown>;
    expect(authentication.requestHeader).to.deep.equal({ caFile: "/request-header-ca/ca.crt", ...headers });
    expect(authentication.tokenReview).to.deep.include({
      audiences: (tokenReview as { audiences: unknown }).audiences,
    });
    expect(authentication.tokenReview?.cacheTTL.ms).to.equal(30_000);
    const { authorizedTTL, unauthorizedTTL, ...decided } = authorization;
    expect([authorizedTTL.ms, unauthorizedTTL.ms]).to.deep.equal([60_000, 10_000]);
    for (const [field, value] of Object.entries(decided))
      if (field !== "mode") expect(value, field).to.deep.equal(given.authorization![field]);
    const { timeout, clientCertificate: ___, caFile: ____, ...reached } = kubelet;
    expect(timeout.ms).to.equal(5000);
    for (const [field, value] of Object.entries(reached))
      expect(value, field).to.deep.equal(given.kubelet![field]);
    expect(selfSubjectReviews).to.deep.equal({
      selfSubjectReview: true,
      selfSubjectAttributesReview: false,
    });
  });

  for (const name of gateways)
    it(`has every file mounted that its configuration names, and no other (${name})`, () => {
      const configuration = gatewayConfigurationOf(objectsOf(name));
      const named = [...JSON.stringify(configuration).matchAll(/File":"([^"]+)"/g)].map(([, file]) => file!);
      expect(named.length).to.be.greaterThan(4);
      const { volumes, containers } = podOf(name);
      const { volumeMounts } = containers[0];
      const of = (volume: string) => volumes.find(({ name: one }: { name: string }) => one === volume);
      const files = volumeMounts.flatMap((mount: { name: string; mountPath: string }) => {
        const { configMap, secret } = of(mount.name);
        if (!/^(tls|kubelet-client|.*-ca)$/.test(mount.name)) return [];
        const items = (configMap ?? secret).items?.map(({ path }: { path: string }) => path);
        return (items ?? ["tls.crt", "tls.key"]).map((file: string) => `${mount.mountPath}/${file}`);
      });
      expect(files.toSorted()).to.deep.equal([...new Set(named)].toSorted());
    });

  it("leaves lint nothing to find in what it is by default", () => {
    const text = one(objectsOf("gateway"), "ConfigMap", "countersign-gateway").data["gateway.yaml"];
    const { inputs, findings } = decodeLintInputs(parseLintDocuments(text, "gateway.yaml"));
    expect(inputs.gateways).to.have.length(1);
    expect([...findings, ...lint(inputs)]).to.deep.equal([]);
  });

  it("is granted what countersign rbac --for gateway prints", () => {
    const to = { kind: "ServiceAccount", namespace: release.namespace, name: "countersign-gateway" } as const;
    const printed = accessGrants({ purpose: "gateway", to });
    const rulesOf = (objects: readonly { readonly kind: string }[]) =>
      objects.find(({ kind }) => kind === "ClusterRole");
    const rendered = objectsOf("gateway").filter(isOfGateway);
    expect(rulesOf(rendered)).to.have.deep.property("rules", (rulesOf(printed) as RenderedObject).rules);
    const readers = [...rendered, ...printed].filter(({ kind }) => kind === "RoleBinding");
    expect(readers.map((object) => (object as RenderedObject).roleRef.name)).to.deep.equal(
      Array(2).fill("extension-apiserver-authentication-reader"),
    );
  });

  it("takes kubelets' CA from the cluster's, unless another is named", () => {
    const caOf = (name: string) =>
      podOf(name).volumes.find(({ name: volume }: { name: string }) => volume === "kubelet-ca");
    const items = [{ key: "ca.crt", path: "ca.crt" }];
    expect(caOf("gateway").configMap).to.deep.equal({ name: "kube-root-ca.crt", items });
    expect(caOf("gateway-alone").configMap.name).to.equal("kubelet-ca");
    expect(caOf("everything").secret).to.deep.equal({ secretName: "kubelet-ca", items });
  });

  it("has a ServiceAccount that no kubelet would let in", () => {
    for (const name of gateways)
      for (const { rules } of objectsOf(name)
        .filter(isOfGateway)
        .filter((o) => o.kind === "ClusterRole"))
        for (const { resources } of rules) expect(resources.join()).to.not.match(/nodes\//);
  });

  it("reads the API server's CAs only where it is told to, in kube-system", () => {
    const readers = (name: string) =>
      objectsOf(name).filter(({ roleRef }) => roleRef?.name === "extension-apiserver-authentication-reader");
    expect(readers("gateway").map(({ metadata }) => metadata.namespace)).to.deep.equal(["kube-system"]);
    expect(readers("everything")[0]!.subjects[0]).to.deep.include({
      ...{ name: "gateway", namespace: release.namespace },
    });
    expect(readers("gateway-alone")).to.deep.equal([]);
  });

  it("is granted nothing where rbac.create, its own or the release's, is false", async () => {
    const off = [{ rbac: { create: false } }, { gateway: { rbac: { create: false } } }];
    for (const more of off) {
      const gateway = { ...(cases.gateway!.gateway as object), ...more.gateway };
      const objects = parseManifests(await renderText({ ...more, gateway }));
      const kinds = objects.filter(isOfGateway).map(({ kind }) => kind);
      expect(kinds).to.include("ServiceAccount");
      expect(kinds.filter((kind) => /Role/.test(kind))).to.deep.equal([]);
    }
  });

  it("asks the API server for no more than it is told to ask", async () => {
    const gateway = cases.gateway!.gateway as object;
    const authentication = { tokenReview: { enabled: false } };
    const few = { ...gateway, authentication, authorization: { mode: "AlwaysAllow" } };
    const objects = parseManifests(await renderText({ gateway: few }));
    const { rules } = one(objects, "ClusterRole", "countersign-system:countersign-gateway");
    expect(rules.map(({ resources }: { resources: string[] }) => resources.join())).to.deep.equal([
      ...["pods", "nodes"],
    ]);
    expect(gatewayConfigurationOf(objects).authentication).to.not.have.property("tokenReview");
  });

  it("has names that are short enough, however long the release's is", async () => {
    const values = { ...cases.everything, extraObjects: [], fullnameOverride: "a".repeat(52) };
    for (const { kind, metadata } of parseManifests(await renderText(values)).filter(isOfGateway))
      if (!metadata.name.includes(":"))
        expect(metadata.name.length, `${kind} ${metadata.name}`).to.be.below(64);
  });

  it("reaches DNS, the API server and kubelets where its network is limited", () => {
    const { egress } = one(objectsOf("gateway-alone"), "NetworkPolicy", "countersign-gateway").spec;
    expect(
      egress.map(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port)),
    ).to.deep.equal([
      ...[
        [53, 53],
        [443, 6443],
        [10_250, 10_251],
      ],
    ]);
    expect(egress[2].to).to.deep.equal([
      ...[{ ipBlock: { cidr: "10.0.0.0/8" } }, { ipBlock: { cidr: "fd00::/8" } }],
    ]);
  });

  it("has NOTES that say what a tenant's kubeconfig has, and nothing of webhooks where there are none", async () => {
    const text = await notes(cases["gateway-alone"]!);
    expect(text).to.not.match(/^Mode|Next steps|token presentation|rotated/m);
    expect(text)
      .to.include("--server=https://kubelets.example.com:6443")
      .and.include("get secret countersign-gateway-serving")
      .and.match(/Served to whoever may create them, at nodes' paths only \(\S+\): exec\. kubectl exec/)
      .and.include("kubectl exec,\n  attach, port-forward and cp are not served: use the API server.");
    expect(text).to.match(
      /all nodes' metrics[\s\S]*clusterrole node-metrics --verb=get --resource=nodes\/metrics$/m,
    );
    const both = await notes(cases.gateway!);
    expect(both)
      .to.match(/^Mode: observe\./m)
      .and.include("https://countersign-gateway.countersign-system.svc:443");
  });
});
