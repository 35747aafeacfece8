import { expect } from "chai";
import { type HealthCheck, reportHealth } from "../../src/monitoring/health.ts";

const ping: HealthCheck = { name: "ping", check: () => undefined };
const late: HealthCheck = { name: "late", check: () => Promise.resolve() };
const broken: HealthCheck = {
  name: "keys",
  check: () => {
    throw new Error("issuer cluster: no keys");
  },
};
const report = (checks: readonly HealthCheck[], query = "") =>
  reportHealth("readyz", checks, new URLSearchParams(query));

describe("reportHealth", () => {
  it("says ok and no more where all is well", async () => {
    expect((await report([ping, late])).text).to.equal("ok");
  });

  it("lists every check with ?verbose, as an API server does", async () => {
    expect((await report([ping, late], "verbose")).text).to.equal(
      "[+]ping ok\n[+]late ok\nreadyz check passed\n",
    );
  });

  it("lists every check where one fails, and keeps the reason for the log", async () => {
    const { healthy, text, failures } = await report([ping, broken]);
    expect(healthy).to.equal(false);
    expect(text).to.equal("[+]ping ok\n[-]keys failed: reason withheld\nreadyz check failed\n");
    expect([...failures]).to.deep.equal([["keys", "issuer cluster: no keys"]]);
  });

  it("counts a check that rejects as one that throws", async () => {
    const rejecting = { name: "keys", check: () => Promise.reject(new Error("no")) };
    expect((await report([rejecting])).healthy).to.equal(false);
  });

  it("leaves out what ?exclude= names, as often as it comes", async () => {
    const { healthy, text } = await report([ping, broken, late], "verbose=true&exclude=keys&exclude=late");
    expect(healthy).to.equal(true);
    expect(text).to.equal("[+]ping ok\n[+]keys excluded: ok\n[+]late excluded: ok\nreadyz check passed\n");
  });

  it("warns of an exclusion that matches nothing", async () => {
    const { text } = await report([ping], "verbose&exclude=b&exclude=a");
    expect(text).to.contain('warn: some health checks cannot be excluded: no matches for "a","b"\n');
  });
});
