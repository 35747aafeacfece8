import { expect } from "chai";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { type Kubelet, startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import type { KubeletOptions } from "../../../src/testing/kubelet/kubelet-options.ts";
import { ask, type Credentials } from "../../contract/kubelet/kubelet-request.ts";
import { administratorOf } from "./kubelet-connection.ts";

describe("what the embedded kubelet was told of a caller", () => {
  let controlPlane: ControlPlane;
  let kubelet: Kubelet;
  let now: number;
  before(async () => {
    controlPlane = await startControlPlane();
  });
  after(() => controlPlane.stop());
  beforeEach(() => {
    now = Date.now();
  });
  afterEach(() => kubelet.stop());

  const start = async (options: KubeletOptions): Promise<void> => {
    const clock = { now: () => now, random: () => 0.5 };
    kubelet = await startKubelet({ controlPlane, clock, ...options });
  };
  const rows: readonly {
    readonly what: string;
    readonly defaultMs: number;
    readonly options?: KubeletOptions;
    readonly configured: KubeletOptions;
    readonly who: () => Credentials;
    readonly status: number;
  }[] = [
    {
      what: "whose a token is",
      defaultMs: 120_000,
      options: { authorization: { mode: "AlwaysAllow" } },
      configured: { authentication: { cacheTTLMs: 1_000 }, authorization: { mode: "AlwaysAllow" } },
      who: () => ({ token: controlPlane.adminToken }),
      status: 200,
    },
    {
      what: "that somebody may",
      defaultMs: 300_000,
      configured: { authorization: { authorizedTTLMs: 1_000 } },
      who: () => ({ certificate: administratorOf(kubelet) }),
      status: 200,
    },
    {
      what: "that somebody may not",
      defaultMs: 30_000,
      configured: { authorization: { unauthorizedTTLMs: 1_000 } },
      who: () => ({ certificate: controlPlane.certificateAuthority.issue({ commonName: "somebody" }) }),
      status: 403,
    },
  ];
  for (const { what, defaultMs, options = {}, configured, who, status } of rows)
    for (const [by, given, ttlMs] of [
      ["as a KubeletConfiguration has it where it says nothing", options, defaultMs],
      ["as it is told", configured, 1_000],
    ] as const)
      it(`${what}: counts for ${ttlMs / 1000} s, ${by}`, async () => {
        await start(given);
        const credentials = who();
        const caPem = kubelet.certificateAuthority.certificatePem;
        const { calls } = controlPlane.statistics();
        for (const [afterMs, asked] of [
          [0, 1],
          [ttlMs - 1, 1],
          [1, 2],
        ] as const) {
          now += afterMs;
          expect(await ask({ url: kubelet.url, caPem }, "/metrics", credentials)).to.include({ status });
          expect(controlPlane.statistics().calls - calls).to.equal(asked);
        }
      });
});
