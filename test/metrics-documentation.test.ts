import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createAgentMetrics } from "../src/agent/agent-metrics.ts";
import type { MetricFamily } from "../src/monitoring/metric-family.ts";
import { createGatewayMetrics } from "../src/server/gateway/gateway-metrics.ts";
import { createMetrics } from "../src/server/webhooks/metrics.ts";
import { createCertificateAuthority } from "../src/testing/certificates/certificate-authority.ts";
import { type RunningProcess, startProcess } from "./rig/child-process.ts";
import { poll } from "./rig/poll.ts";
import { configurationText, createServerFolder, type ServerFolder } from "./server/webhooks/server-rig.ts";

interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly unit: string;
  readonly meaning: string;
}

/** The table below the heading of a command. */
function documentedOf(command: string): readonly DocumentedMetric[] {
  const text = readFileSync("docs/metrics.md", "utf8");
  const [, chapter = ""] = text.split(`## \`countersign ${command}\`\n`);
  const [table = ""] = chapter.split("\n## ");
  return [...table.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*?) ?\| (.+) \|$/gm)].map(
    ([, name = "", type = "", labels = "", unit = "", meaning = ""]) => ({
      ...{ name, type, unit, meaning },
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
    }),
  );
}

const families: Readonly<Record<string, () => readonly MetricFamily[]>> = {
  serve() {
    const metrics = createMetrics({
      callerLabels: () => new Map(),
      inFlight: () => 0,
      draining: () => false,
      policyMatches: () => [],
      certificateExpiresAt: () => undefined,
      authority: () => undefined,
    });
    metrics.close();
    return metrics.families;
  },
  agent() {
    const metrics = createAgentMetrics({ states: () => [], synced: () => false });
    metrics.close();
    return metrics.families;
  },
  gateway() {
    const metrics = createGatewayMetrics({
      openStreams: () => 0,
      draining: () => false,
      certificateExpiresAt: () => undefined,
      kubeletCertificateExpiresAt: () => undefined,
    });
    metrics.close();
    return metrics.families;
  },
};

describe("docs/metrics.md", function () {
  // processes that start on a busy machine
  this.timeout(60_000);
  let folder: ServerFolder;
  let child: RunningProcess | undefined;
  before(() => {
    folder = createServerFolder();
    const client = createCertificateAuthority().issue({ commonName: "gateway" });
    folder.write("client.crt", client.certificatePem);
    folder.write("client.key", client.keyPem);
  });
  after(() => folder.remove());
  afterEach(async () => {
    await child?.stop();
  });

  const configurations: Readonly<Record<string, () => string>> = {
    serve: () => folder.write("server.json", configurationText()),
    agent: () =>
      folder.write(
        "agent.json",
        JSON.stringify({
          apiVersion: "countersign.dev/v1alpha1",
          kind: "AgentConfiguration",
          serviceAccount: { namespace: "a", name: "b" },
          apiGroup: "*",
          cluster: { kubeconfigFile: "kubeconfig" },
          tokenFiles: [{ host: "svc.ns.svc:443", file: "tokens/svc" }],
          admin: { port: 0 },
        }),
      ),
    gateway: () =>
      folder.write(
        "gateway.json",
        JSON.stringify({
          apiVersion: "countersign.dev/v1alpha1",
          kind: "GatewayConfiguration",
          listen: { port: 0 },
          admin: { port: 0 },
          tls: { certFile: "tls.crt", keyFile: "tls.key" },
          authentication: { tokenReview: {} },
          kubelet: {
            clientCertificate: { certFile: "client.crt", keyFile: "client.key" },
            caFile: "tls.crt",
          },
        }),
      ),
  };
  /** `name type` of every metric that the running command serves, the process' own left out. */
  const scrape = async (command: string): Promise<string[]> => {
    const cluster = { name: "a", cluster: { server: "https://127.0.0.1:1" } };
    folder.write(
      "kubeconfig",
      JSON.stringify({
        "current-context": "a",
        contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
        clusters: [cluster],
        users: [{ name: "a", user: { token: "t" } }],
      }),
    );
    const kubeconfig = command === "gateway" ? ["--kubeconfig", join(folder.path, "kubeconfig")] : [];
    const args = [
      "src/commands/countersign.cts",
      command,
      "--config",
      configurations[command]!(),
      ...kubeconfig,
    ];
    child = startProcess({ command: process.execPath, args });
    const port = await poll("its port", () => /"adminPort":(\d+)\}$/m.exec(child!.output())?.[1]);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
      .filter(([, name = ""]) => !/^(?:process|nodejs)_/.test(name))
      .map(([, name, type]) => `${name} ${type}`);
  };

  for (const command of ["serve", "agent", "gateway"]) {
    it(`has every metric that ${command} serves, with its type, and no other`, async () => {
      const documented = documentedOf(command).map(({ name, type }) => `${name} ${type}`);
      expect(documented.sort()).to.deep.equal((await scrape(command)).sort());
    });

    it(`has the labels of ${command}'s metrics, in their order`, () => {
      const labelsOf = (list: readonly { name: string; labels: readonly string[] }[]) =>
        Object.fromEntries(list.map(({ name, labels }) => [name, labels.join()]));
      expect(labelsOf(documentedOf(command))).to.deep.equal(labelsOf(families[command]!()));
    });

    it(`says the unit of ${command}'s metrics as their names do`, () => {
      for (const { name, unit } of documentedOf(command)) {
        if (name.endsWith("_timestamp_seconds")) expect(unit, name).to.equal("epoch seconds");
        else if (name.endsWith("_seconds")) expect(unit, name).to.equal("seconds");
        else if (name.endsWith("_total")) expect(unit, name).to.not.equal("");
      }
    });
  }
});
