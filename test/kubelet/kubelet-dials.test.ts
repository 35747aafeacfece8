import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { nodeAt } from "./kubelet-server.ts";

describe("the kubelet client's lookups", () => {
  const fixture = useKubelet();
  const named = (address: string) => nodeAt(fixture.kubelet.port, { address, type: "Hostname" });
  const silent = () => fixture.asked({ node: named("silent.example") });

  it("are one for all who wait for a silent name server, which keeps nobody else waiting", async () => {
    const asked: string[] = [];
    const resolve = (host: string) => {
      asked.push(host);
      return new Promise<readonly string[]>((answer) => {
        if (host === "n1.example") answer(["127.0.0.1"]);
      });
    };
    const client = fixture.open({ resolve });
    const controller = new AbortController();
    const waiting = Array.from({ length: 40 }, () =>
      client.exchange({ ...silent(), signal: controller.signal }).catch((error: Error) => error.message),
    );
    expect(await fixture.read(client, { node: named("n1.example") })).to.equal("ok");
    controller.abort(new Error("gone"));
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(["gone"]));
    const { signal } = new AbortController();
    const later = client.exchange({ ...silent(), signal }).catch(() => undefined);
    fixture.closeClients();
    await later;
    expect(asked).to.deep.equal(["silent.example", "n1.example"]);
  });

  it("outlive whoever began them", async () => {
    let answer: ((addresses: readonly string[]) => void) | undefined;
    const resolve = () =>
      new Promise<readonly string[]>((found) => {
        answer = found;
      });
    const client = fixture.open({ resolve });
    const controller = new AbortController();
    const node = named("n1.example");
    const first = client.exchange(fixture.asked({ node, signal: controller.signal }));
    const second = fixture.read(client, { node });
    controller.abort();
    await first.catch(() => undefined);
    await poll("the question", () => answer);
    answer?.(["127.0.0.1"]);
    expect(await second).to.equal("ok");
  });

  it("that failed are not made again for 5 s of the clock that is given", async () => {
    let now = Date.now();
    let asked = 0;
    const resolve = async () => {
      asked++;
      throw Object.assign(new Error("silent"), { code: "EAI_AGAIN" });
    };
    const client = fixture.open({ resolve, clock: { ...systemClock, now: () => now } });
    for (let count = 0; count < 40; count++)
      expect((await rejectionOf(client.exchange(silent()))).message).to.contain(
        "dial tcp: lookup silent.example: server misbehaving",
      );
    expect(asked).to.equal(1);
    now += 5_000;
    await rejectionOf(client.exchange(silent()));
    expect(asked).to.equal(2);
  });
});
