import { expect } from "chai";
import { parseGatewayConfiguration } from "../../src/configuration/load-gateway-configuration.ts";
import { template, type Values } from "../charts/helm.ts";
import { describeWith } from "./requirements.ts";

const fineGateway = {
  enabled: true,
  clientCertificate: { existingSecret: "kubelet-client" },
  tls: { existingSecret: { name: "serving" } },
};

/** `{a: {b: value}}` of `a.b`. */
function nested(path: string, value: unknown): Record<string, unknown> {
  return path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Values;
}

const certificate = { certFile: "a", keyFile: "b" };

/** What the program says of the same field of its file, nothing where it takes it. */
function faultOf(path: string, value: unknown): string {
  const [part = ""] = path.split(".");
  const given: Record<string, object> = {
    authentication: { clientCAFile: "ca.crt" },
    kubelet: { clientCertificate: certificate, caFile: "ca.crt" },
  };
  const fields = { ...given[part], ...(nested(path, value)[part] as object) };
  const file = { apiVersion: "countersign.dev/v1alpha1", kind: "GatewayConfiguration", tls: certificate };
  try {
    const text = JSON.stringify({ ...file, ...given, [part]: fields });
    parseGatewayConfiguration(text, { file: "gateway.yaml", directory: "/" });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

/** Fields of a gateway's file, by the names of the chart's values. */
const refusedByGateways: Readonly<Record<string, readonly unknown[]>> = {
  "authentication.tokenReview.cacheTTL": ["", "soon"],
  "authentication.tokenReview.timeout": ["", "0s", "0"],
  "authentication.anonymous": [{ enabled: true, conditions: [{ path: "/a?b" }] }],
  "authorization.authorizedTTL": [""],
  "authorization.unauthorizedTTL": [""],
  "authorization.alwaysAllowPaths": [["a"], ["/a*b"], ["*"], ["/a**"]],
  "kubelet.addressRanges": [
    ...["10.0.0.0/99", "999.1.1.1/8", "10.0.0/8", "10.0.0.0/"].map((range) => [range]),
    ...["fd00::/129", "fd00::1::/8", "1:2:3/8", "fd00::", "12345::/8"].map((range) => [range]),
  ],
  "kubelet.timeout": ["", "0s", "0.0h"],
  "tracing.endpoint": ["http://", "http://user@otel:4318", "http://otel:4318?a=b", "otel:4318"],
};

const taken: Readonly<Record<string, readonly unknown[]>> = {
  "authentication.tokenReview.cacheTTL": ["0s"],
  "authorization.authorizedTTL": ["0"],
  "authorization.alwaysAllowPaths": [["/", "/a*", "/*"]],
  "kubelet.addressRanges": [["10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "::/0", "::ffff:10.0.0.0/104"]],
  "kubelet.timeout": ["1ms", "0s5ms"],
  "tracing.endpoint": ["http://otel:4318", "https://[::1]:4318/traces"],
};

const refusedByServers: Readonly<Record<string, string>> = {
  "server.limits.bodyTimeout": "",
  "server.limits.deadline": "0s",
  "server.limits.deadlineMargin": "",
  "authentication.webhookTokens.maxLifetime": "0s",
  "tls.selfSigned.renewBefore": "0s",
};

const refused = async (values: Values, place: string): Promise<void> => {
  const { code, stderr } = await template(values);
  expect({ code, stderr }).to.deep.include({ code: 1 });
  expect(stderr)
    .to.match(/don't meet the specifications of the schema/)
    .and.include(place);
};

await describeWith(["helm"], "values of the chart that a pod would end by", () => {
  for (const [path, values] of Object.entries(refusedByGateways))
    for (const value of values)
      it(`are refused before there is a pod: gateway.${path} ${JSON.stringify(value)}`, async () => {
        expect(faultOf(path, value)).to.include(path);
        const gateway = { ...fineGateway, ...nested(path, value) };
        await refused({ gateway }, `/gateway/${path.replaceAll(".", "/")}`);
      });

  for (const [path, values] of Object.entries(taken))
    for (const value of values)
      it(`are no others: gateway.${path} ${JSON.stringify(value)}`, async () => {
        expect(faultOf(path, value)).to.equal("");
        const { code, stderr } = await template({ gateway: { ...fineGateway, ...nested(path, value) } });
        expect(code, stderr).to.equal(0);
      });

  for (const [path, value] of Object.entries(refusedByServers))
    it(`are refused for webhook servers, too: ${path} ${JSON.stringify(value)}`, () =>
      refused(nested(path, value), `/${path.replaceAll(".", "/")}`));

  it("are not those that stand empty for a default of the program's", async () => {
    const webhookTokens = { maxLifetime: "" };
    const { code, stderr } = await template({
      ...{ server: { leeway: "" }, authentication: { webhookTokens } },
      tls: { selfSigned: { caValidity: "", certificateValidity: "", renewBefore: "" } },
    });
    expect(code, stderr).to.equal(0);
  });
});
