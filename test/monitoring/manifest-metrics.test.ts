import { createHash } from "node:crypto";
import { expect } from "chai";
import { diagnosticsChannel, type ManifestsMessage } from "../../src/diagnostics.ts";
import { createManifestMetrics, type ManifestMetricsOptions } from "../../src/monitoring/manifest-metrics.ts";
import type { MetricSet } from "../../src/monitoring/metric-family.ts";
import { createMetricsRenderer } from "../../src/monitoring/metrics-renderer.ts";

const channel = diagnosticsChannel("countersign:manifests");
const prefix = "apiserver_manifest_admission_config_controller_";
const success: ManifestsMessage = {
  directory: "/manifests",
  plugin: "ValidatingAdmissionWebhook",
  status: "success",
  hash: "sha256:1",
};

describe("manifest metrics", () => {
  let metrics: MetricSet;
  let now: number;
  beforeEach(() => {
    now = 1_000_000;
  });
  afterEach(() => metrics.close());
  const create = (options: ManifestMetricsOptions = {}): void => {
    metrics = createManifestMetrics({ clock: { now: () => now, random: () => 0 }, ...options });
  };
  const samples = async (name: string): Promise<string[]> => {
    const { text } = await createMetricsRenderer(metrics.families)();
    return text
      .split("\n")
      .filter((line) => line.startsWith(`${prefix}${name}{`))
      .map((line) => line.slice(prefix.length + name.length));
  };

  it("counts what was read by status and plugin, and says when that was last", async () => {
    create();
    channel.publish(success);
    now += 5_000;
    channel.publish(success);
    channel.publish({ directory: "/manifests", plugin: "MutatingAdmissionWebhook", status: "failure" });
    const validating = '{status="success",plugin="ValidatingAdmissionWebhook",apiserver_id_hash=""}';
    const mutating = '{status="failure",plugin="MutatingAdmissionWebhook",apiserver_id_hash=""}';
    expect(await samples("automatic_reloads_total")).to.deep.equal([`${validating} 2`, `${mutating} 1`]);
    expect(await samples("automatic_reload_last_timestamp_seconds")).to.deep.equal([
      `${validating} 1005`,
      `${mutating} 1005`,
    ]);
  });

  it("names what is in use: the last that was good, and nothing for an empty folder", async () => {
    create();
    channel.publish(success);
    channel.publish({ ...success, hash: "sha256:2" });
    channel.publish({ directory: "/manifests", plugin: success.plugin, status: "failure" });
    expect(await samples("last_config_info")).to.deep.equal([
      '{plugin="ValidatingAdmissionWebhook",apiserver_id_hash="",hash="sha256:2"} 1',
    ]);
    channel.publish({ ...success, hash: "" });
    expect(await samples("last_config_info")).to.deep.equal([]);
  });

  it("tells API servers apart by a hash of their name", async () => {
    create({ apiServerID: "apiserver-1" });
    channel.publish(success);
    const hash = createHash("sha256").update("apiserver-1").digest("hex");
    for (const name of ["automatic_reloads_total", "last_config_info"])
      expect((await samples(name))[0]).to.include(`apiserver_id_hash="sha256:${hash}"`);
  });

  it("counts nothing more once it is closed", async () => {
    create();
    metrics.close();
    channel.publish(success);
    expect(await samples("automatic_reloads_total")).to.deep.equal([]);
  });
});
