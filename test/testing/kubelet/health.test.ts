import { expect } from "chai";
import { healthMounts } from "../../../src/testing/kubelet/health.ts";
import type { KubeletAnswer } from "../../../src/testing/kubelet/kubelet-answer.ts";

async function ask(path: string, query = "", ...failing: readonly string[]): Promise<KubeletAnswer> {
  const mount = healthMounts(() => new Set(failing)).find((each) => each.path === path);
  if (mount === undefined || !("handle" in mount)) throw new Error(`nothing is at ${path}`);
  const signal = new AbortController().signal;
  return mount.handle({ method: "GET", parameters: {}, query: new URLSearchParams(query), body: "", signal });
}

describe("the embedded kubelet's health", () => {
  for (const path of ["/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop"])
    it(`is ok at ${path}`, async () => {
      expect(await ask(path)).to.include({ status: 200, body: "ok" });
    });

  it("says what fails, and not why", async () => {
    expect(await ask("/healthz", "", "syncloop")).to.include({
      status: 500,
      body: "[+]ping ok\n[+]log ok\n[-]syncloop failed: reason withheld\n[+]device-plugin ok\nhealthz check failed\n",
    });
    expect(await ask("/healthz/syncloop", "", "syncloop")).to.include({ status: 500 });
    expect(await ask("/healthz/ping", "", "syncloop")).to.include({ status: 200 });
  });

  it("forgets what it is told to", async () => {
    expect(await ask("/healthz", "exclude=syncloop", "syncloop")).to.include({ status: 200, body: "ok" });
    expect(await ask("/healthz", "exclude=ping&exclude=syncloop&verbose", "syncloop")).to.include({
      status: 200,
      body: "[+]ping excluded: ok\n[+]log ok\n[+]syncloop excluded: ok\n[+]device-plugin ok\nhealthz check passed\n",
    });
  });
});
