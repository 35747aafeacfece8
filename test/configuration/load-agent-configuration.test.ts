import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  loadAgentConfiguration,
  parseAgentConfiguration,
} from "../../src/configuration/load-agent-configuration.ts";

const source = { file: "agent.yaml", directory: "/etc/countersign" };
const whole = `apiVersion: countersign.dev/v1alpha1
kind: AgentConfiguration
serviceAccount: {namespace: kube-system, name: webhook-caller}
apiGroup: "*"                           # or the one group of an aggregated API server
mode: attested                          # attested | audience
socket: /run/countersign/agent.sock
tokenFiles:
  - {host: "countersign.countersign-system.svc:443", file: /run/countersign/tokens/countersign}
`;
const bare = `apiVersion: countersign.dev/v1alpha1
kind: AgentConfiguration
serviceAccount: {namespace: kube-system, name: webhook-caller}
`;
const parse = (text: string) => parseAgentConfiguration(text, source);
const fault = (text: string): string => {
  try {
    parse(bare + text);
  } catch (error) {
    expect(error).to.include({ code: "ERR_CONFIGURATION" });
    return (error as Error).message;
  }
  return "";
};

describe("loadAgentConfiguration", () => {
  it("understands the whole example of the interface", () => {
    expect(parse(whole)).to.deep.equal({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "AgentConfiguration",
      serviceAccount: { namespace: "kube-system", name: "webhook-caller" },
      apiGroup: "*",
      mode: "attested",
      socket: "/run/countersign/agent.sock",
      tokenFiles: [
        { host: "countersign.countersign-system.svc:443", file: "/run/countersign/tokens/countersign" },
      ],
      admin: { host: "127.0.0.1", port: 8081 },
      log: { level: "info" },
    });
  });

  it("sees every path from the file", () => {
    const configuration = parse(`${bare}apiGroup: apps
socket: agent.sock
tokenFiles: [{host: "h:443", file: tokens/h}]
cluster: {kubeconfigFile: caller.conf}
clientCertificate: {certFile: c.crt, keyFile: c.key}
`);
    expect(configuration.socket).to.equal("/etc/countersign/agent.sock");
    expect(configuration.tokenFiles[0]?.file).to.equal("/etc/countersign/tokens/h");
    expect(configuration.cluster?.kubeconfigFile).to.equal("/etc/countersign/caller.conf");
    expect(configuration.clientCertificate?.keyFile).to.equal("/etc/countersign/c.key");
  });

  const socket = "socket: s\n";
  for (const [what, text, message] of [
    ["nobody to give tokens to", 'apiGroup: "*"\n', "needs at least one of socket and tokenFiles"],
    ["no group in mode attested", socket, 'apiGroup is required in mode attested: one API group, or "*"'],
    [
      "a group in mode audience",
      `${socket}mode: audience\napiGroup: apps\n`,
      "apiGroup: goes with mode: attested",
    ],
    [
      "audiences in mode attested",
      `${socket}apiGroup: apps\naudiences: [a]\n`,
      "audiences: goes with mode: audience",
    ],
    [
      "a certificate that nobody is handed",
      'apiGroup: "*"\ntokenFiles: [{host: "h:443", file: f}]\nclientCertificate: {certFile: c, keyFile: k}\n',
      "clientCertificate: needs socket",
    ],
    [
      "a host twice, whatever its case",
      'apiGroup: "*"\ntokenFiles: [{host: "h:443", file: f}, {host: "H:443", file: g}]\n',
      "tokenFiles[1].host: has another token file already",
    ],
    [
      "a file twice",
      'apiGroup: "*"\ntokenFiles: [{host: "h:443", file: f}, {host: "g:443", file: f}]\n',
      "tokenFiles[1].file: is the file of another host already",
    ],
    [
      "a host without its port",
      'apiGroup: "*"\ntokenFiles: [{host: h.ns.svc, file: f}]\n',
      "tokenFiles[0].host: must be host:port",
    ],
    [
      "a URL for a host",
      'apiGroup: "*"\ntokenFiles: [{host: "https://h:443", file: f}]\n',
      "tokenFiles[0].host: must be host:port",
    ],
    [
      "a port that is none",
      'apiGroup: "*"\ntokenFiles: [{host: "h:70000", file: f}]\n',
      "tokenFiles[0].host: must be host:port",
    ],
    [
      "a field it does not know",
      `${socket}apiGruop: apps\n`,
      "apiGruop: unknown field (did you mean apiGroup?)",
    ],
  ] as const)
    it(`refuses ${what}`, () => expect(fault(text)).to.include(message));

  it("takes an IPv6 host, as kubeconfig users are named", () => {
    expect(fault('apiGroup: "*"\ntokenFiles: [{host: "[::1]:443", file: f}]\n')).to.equal("");
  });

  it("reads from disk", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-agent-configuration-"));
    try {
      writeFileSync(join(folder, "agent.yaml"), `${bare}apiGroup: "*"\nsocket: s\n`);
      expect((await loadAgentConfiguration(join(folder, "agent.yaml"))).socket).to.equal(join(folder, "s"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
