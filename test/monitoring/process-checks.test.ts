import { expect } from "chai";
import { reportHealth } from "../../src/monitoring/health.ts";
import { livenessChecks, shutdownCheck } from "../../src/monitoring/process-checks.ts";

describe("the checks of every process", () => {
  const noQuery = new URLSearchParams();

  it("are well as long as the process answers", async () => {
    expect(await reportHealth("livez", livenessChecks, noQuery)).to.include({ healthy: true, text: "ok" });
  });

  it("tell that it ends from the moment at which it does, and why in the log alone", async () => {
    let isEnding = false;
    const checks = [shutdownCheck("gateway", () => isEnding)];
    expect((await reportHealth("readyz", checks, noQuery)).healthy).to.equal(true);
    isEnding = true;
    const { healthy, text, failures } = await reportHealth("readyz", checks, noQuery);
    expect(healthy).to.equal(false);
    expect(text).to.contain("[-]shutdown failed").and.not.contain("shutting down");
    expect([...failures]).to.deep.equal([["shutdown", "the gateway is shutting down"]]);
  });
});
