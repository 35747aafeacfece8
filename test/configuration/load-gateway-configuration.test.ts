import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  loadGatewayConfiguration,
  parseGatewayConfiguration,
} from "../../src/configuration/load-gateway-configuration.ts";

const source = { file: "gateway.yaml", directory: "/etc/countersign" };

interface Parts {
  readonly authentication?: string;
  readonly kubelet?: string;
  readonly top?: string;
}

const certificate = "clientCertificate: {certFile: kubelet.crt, keyFile: kubelet.key}";

function file({ authentication = "clientCAFile: ca.crt", kubelet = "", top = "" }: Parts = {}): string {
  return `apiVersion: countersign.dev/v1alpha1
kind: GatewayConfiguration
tls: {certFile: tls.crt, keyFile: tls.key}
authentication: {${authentication}}
kubelet: {${certificate}, caFile: kubelet-ca.crt${kubelet === "" ? "" : `, ${kubelet}`}}
${top}`;
}

const parse = (text: string) => parseGatewayConfiguration(text, source);
const fault = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    expect(error).to.include({ code: "ERR_CONFIGURATION" });
    return (error as Error).message;
  }
  return "";
};

describe("loadGatewayConfiguration", () => {
  it("fills in the defaults: nobody anonymous, nothing interactive, every kubelet's name verified", () => {
    expect(parse(file())).to.deep.equal({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "GatewayConfiguration",
      listen: { host: "::", port: 8443 },
      admin: { host: "::", port: 8080 },
      tls: {
        certFile: "/etc/countersign/tls.crt",
        keyFile: "/etc/countersign/tls.key",
        minVersion: "TLSv1.2",
      },
      authentication: {
        clientCAFile: "/etc/countersign/ca.crt",
        clientCAFromConfigMap: false,
        anonymous: false,
        impersonation: true,
      },
      authorization: {
        mode: "Webhook",
        authorizedTTL: { ms: 300_000 },
        unauthorizedTTL: { ms: 30_000 },
        alwaysAllowPaths: ["/healthz", "/readyz", "/livez"],
        alwaysAllowGroups: ["system:masters"],
        kubelet: { mode: "fineGrained" },
        insecureBackend: "allow",
      },
      kubelet: {
        clientCertificate: {
          certFile: "/etc/countersign/kubelet.crt",
          keyFile: "/etc/countersign/kubelet.key",
        },
        caFile: "/etc/countersign/kubelet-ca.crt",
        nodeNames: "verify",
        addressTypes: ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"],
        addressRanges: [],
        ports: [10_250],
        interactive: [],
        timeout: { ms: 30_000 },
      },
      selfSubjectReviews: { selfSubjectReview: true, selfSubjectAttributesReview: true },
      drain: { delay: { ms: 10_000 }, timeout: { ms: 15_000 } },
      log: { level: "info" },
    });
  });

  it("understands the example of the interface", () => {
    const text = `apiVersion: countersign.dev/v1alpha1
kind: GatewayConfiguration
listen: {host: "::", port: 8443}
tls: {certFile: tls.crt, keyFile: tls.key}
authentication: {clientCAFile: ca.crt, requestHeader: {fromConfigMap: true}, tokenReview: {audiences: []}, anonymous: false}
authorization: {mode: Webhook, kubelet: {mode: fineGrained}}   # fineGrained (as shipped) | coarse (nodes/proxy only) | analog (the seed's three rules)
kubelet: {clientCertificate: {certFile: kubelet.crt, keyFile: kubelet.key}, caFile: kubelet-ca.crt, nodeNames: verify}
`;
    expect(parse(text).authentication).to.deep.include({
      requestHeader: { fromConfigMap: true },
      tokenReview: {
        audiences: [],
        implicitAudiences: [],
        cacheTTL: { ms: 120_000 },
        timeout: { ms: 10_000 },
      },
    });
  });

  for (const [what, parts] of Object.entries({
    "the cluster's own client CA": { authentication: "clientCAFromConfigMap: true" },
    "the cluster's own front proxy": { authentication: "requestHeader: {fromConfigMap: true}" },
    "a front proxy of a CA": {
      authentication: "requestHeader: {caFile: f.crt, allowedNames: [front], usernameHeaders: [X-User]}",
    },
    "one CA for users and front proxy, told apart by name": {
      authentication: "clientCAFile: ca.crt, requestHeader: {caFile: ca.crt, allowedNames: [front]}",
    },
    "tokens alone": { authentication: "tokenReview: {audiences: [a, b], implicitAudiences: [b]}" },
    "anonymous alone": { authentication: "anonymous: true" },
    "anonymous at a path": {
      authentication: "anonymous: {enabled: true, conditions: [{path: /healthz}]}",
    },
    "address ranges of both kinds": { kubelet: "addressRanges: [10.0.0.0/8, 'fd00::/8', 10.1.2.3/32]" },
    "a prefix that is open": { top: "authorization: {alwaysAllowPaths: [/healthz*, /]}" },
    "answers that are never kept": {
      authentication: "tokenReview: {cacheTTL: 0s}",
      top: "authorization: {authorizedTTL: 0s, unauthorizedTTL: 0s}",
    },
    "everything of everybody, and no unverified log": {
      top: "authorization: {mode: AlwaysAllow, insecureBackend: deny}",
    },
    "no open path and no group": { top: "authorization: {alwaysAllowPaths: [], alwaysAllowGroups: []}" },
  } satisfies Record<string, Parts>))
    it(`takes ${what}`, () => expect(fault(file(parts))).to.equal(""));

  const needed = "is required: a client certificate is the only credential that kubelets are ever shown";

  for (const [what, text, message] of [
    [
      "no client certificate for kubelets, and says how to get one",
      file().replace(`${certificate}, `, ""),
      `gateway.yaml:5:10: kubelet.clientCertificate: ${needed}. Have one signed by a CertificateSigningRequest`,
    ],
    [
      "nothing said of kubelets",
      file().replace(/^kubelet:.*$/m, ""),
      "kubelet: is required: clientCertificate and caFile in it are",
    ],
    [
      "no CA for kubelets",
      file().replace(", caFile: kubelet-ca.crt", ""),
      "5:10: kubelet.caFile: is required",
    ],
    ["nobody whom it could know", file({ authentication: "" }), "authentication: authenticates nobody"],
    [
      "nobody whom it could know, in more words",
      file({ authentication: "anonymous: {enabled: false}" }),
      "authentication: authenticates nobody",
    ],
    [
      "two client CAs",
      file({ authentication: "clientCAFile: a, clientCAFromConfigMap: true" }),
      "authentication.clientCAFromConfigMap: has no use beside clientCAFile",
    ],
    [
      "a front proxy of nothing",
      file({ authentication: "requestHeader: {}" }),
      "4:33: authentication.requestHeader: must have fromConfigMap: true, or caFile",
    ],
    [
      "a front proxy twice",
      file({ authentication: "requestHeader: {fromConfigMap: true, caFile: a, allowedNames: [b]}" }),
      "authentication.requestHeader.caFile: is in the ConfigMap",
    ],
    [
      "a CA by which every user is the front proxy",
      file({ authentication: "clientCAFile: a, requestHeader: {caFile: a}" }),
      "authentication.requestHeader.allowedNames: is needed where caFile is clientCAFile too",
    ],
    [
      "a front proxy without a header for names",
      file({ authentication: "requestHeader: {caFile: a, usernameHeaders: []}" }),
      "authentication.requestHeader.usernameHeaders: must not be empty",
    ],
    [
      "an implicit audience that is never asked for",
      file({ authentication: "tokenReview: {audiences: [a], implicitAudiences: [a, b]}" }),
      "authentication.tokenReview.implicitAudiences[1]: is not among audiences",
    ],
    [
      "conditions of what is off",
      file({ authentication: "clientCAFile: a, anonymous: {enabled: false, conditions: [{path: /a}]}" }),
      "authentication.anonymous.enabled: should be set to true when conditions are defined",
    ],
    [
      "conditions that do not say whether it is on",
      file({ authentication: "clientCAFile: a, anonymous: {conditions: [{path: /a}]}" }),
      "4:46: authentication.anonymous.enabled: is required",
    ],
    [
      "a condition that is no path",
      file({ authentication: "anonymous: {enabled: true, conditions: [{path: healthz}]}" }),
      "authentication.anonymous.conditions[0].path: must be a path alone",
    ],
    [
      "a word for anonymous",
      file({ authentication: "clientCAFile: a, anonymous: sometimes" }),
      "4:46: authentication.anonymous: must be a boolean or a map of fields, not a string",
    ],
    [
      "an unknown field where two types may stand",
      file({ authentication: "anonymous: {enabled: true, condition: []}" }),
      "authentication.anonymous.condition: unknown field (did you mean conditions?)",
    ],
    [
      "a mode of its own",
      file({ top: "authorization: {mode: webhook}" }),
      'authorization.mode: must be one of Webhook, AlwaysAllow, not "webhook" (did you mean Webhook?)',
    ],
    [
      "a kubelet mode of its own",
      file({ top: "authorization: {kubelet: {mode: fine}}" }),
      "authorization.kubelet.mode: must be one of fineGrained, coarse, analog",
    ],
    [
      "a star inside an open path",
      file({ top: "authorization: {alwaysAllowPaths: [/a*/b]}" }),
      "authorization.alwaysAllowPaths[0]: may have * at its end alone",
    ],
    [
      "an open path that is none",
      file({ top: "authorization: {alwaysAllowPaths: ['*']}" }),
      'authorization.alwaysAllowPaths[0]: must begin with "/"',
    ],
    ...["10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "10.0.0.0/", "node/8"].map(
      (range) =>
        [
          `the address range ${range}`,
          file({ kubelet: `addressRanges: ["${range}"]` }),
          "5:117: kubelet.addressRanges[0]: must be a CIDR",
        ] as const,
    ),
    ["a port there is not", file({ kubelet: "ports: [0]" }), "kubelet.ports[0]: must be at least 1"],
    ["no port at all", file({ kubelet: "ports: []" }), "kubelet.ports: must not be empty"],
    [
      "something interactive that kubelets do not have",
      file({ kubelet: "interactive: [portforward]" }),
      "kubelet.interactive[0]: must be one of exec, attach, portForward, run",
    ],
    [
      "an address type that nodes do not have",
      file({ kubelet: "addressTypes: [InternalIp]" }),
      "(did you mean InternalIP?)",
    ],
    [
      "two listeners on one port",
      file({ top: "admin: {port: 8443}" }),
      "admin.port: must differ from listen.port: 8443 serves callers",
    ],
    [
      "no time at all for kubelets",
      file({ kubelet: "timeout: 0s" }),
      "5:110: kubelet.timeout: must be at least 1ms",
    ],
    [
      "no time at all for the API server",
      file({ authentication: "tokenReview: {timeout: 0s}" }),
      "4:41: authentication.tokenReview.timeout: must be at least 1ms",
    ],
    [
      "more time for kubelets than a timer has",
      file({ kubelet: "timeout: 600h" }),
      "kubelet.timeout: must be at most 24h",
    ],
    [
      "a permission that nobody is asked for",
      file({ top: "authorization: {mode: AlwaysAllow, insecureBackend: authorize}" }),
      "6:53: authorization.insecureBackend: authorize asks nobody with mode AlwaysAllow: use deny, or mode Webhook",
    ],
    [
      "a time in more digits than are read",
      file({ top: `authorization: {authorizedTTL: ${"1".repeat(64)}s}` }),
      "authorization.authorizedTTL: must be at most 64 characters long",
    ],
    [
      "a field it does not know",
      file({ top: "authorisation: {}" }),
      "authorisation: unknown field (did you mean authorization?)",
    ],
  ] as const)
    it(`refuses ${what}`, () => expect(fault(text)).to.include(message));

  it("reads from disk, and sees every path from the file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-gateway-configuration-"));
    try {
      const path = join(folder, "gateway.yaml");
      writeFileSync(path, file({ authentication: "clientCAFile: a, requestHeader: {caFile: sub/b}" }));
      const { authentication, kubelet } = await loadGatewayConfiguration(path);
      expect(authentication.requestHeader?.caFile).to.equal(join(folder, "sub/b"));
      expect(kubelet.caFile).to.equal(join(folder, "kubelet-ca.crt"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
