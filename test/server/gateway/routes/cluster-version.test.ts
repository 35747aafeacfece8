import { expect } from "chai";
import { CountersignError } from "../../../../src/errors.ts";
import { createClusterVersion } from "../../../../src/server/gateway/routes/cluster-version.ts";
import type { RestClient } from "../../../../src/transport/rest-client.ts";
import { rejectionOf } from "../../../rejection.ts";

const { signal } = new AbortController();

describe("createClusterVersion", () => {
  let now: number;
  let asks: number;
  let answer: () => unknown;
  let version: ReturnType<typeof createClusterVersion>;
  beforeEach(() => {
    [now, asks, answer] = [0, 0, () => ({ minor: "37" })];
    const request = (async () => {
      asks++;
      return { status: 200, body: answer() };
    }) as RestClient["request"];
    const stream = () => Promise.reject(new Error("not of this test"));
    version = createClusterVersion({ request, stream }, { now: () => now, random: () => 0 });
  });

  it("asks once in ten seconds, however many ask for it", async () => {
    await Promise.all([version.version({ signal }), version.version({ signal })]);
    now = 9_999;
    expect(await version.version({ signal })).to.deep.equal({ minor: "37" });
    expect(asks).to.equal(1);
    now = 10_000;
    await version.version({ signal });
    expect(asks).to.equal(2);
  });

  it("remembers no failure", async () => {
    answer = () => {
      throw new CountersignError("ERR_TRANSPORT", "gone");
    };
    expect((await rejectionOf(version.version({ signal }))).code).to.equal("ERR_TRANSPORT");
    answer = () => ({ minor: "38" });
    expect(await version.version({ signal })).to.deep.equal({ minor: "38" });
  });
});
