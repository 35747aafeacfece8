import { expect } from "chai";
import { createAgentMetrics } from "../../src/agent/agent-metrics.ts";
import { type AgentRig, startAgentRig } from "./agent-rig.ts";

describe("an agent's metrics", () => {
  let rig: AgentRig;
  beforeEach(async () => {
    rig = await startAgentRig();
  });
  afterEach(() => rig.close());
  const prefix = "apiserver_webhook_authentication_token_";

  it("hold KEP-6060's three: a look-up for each question, a request for each token that was not held", async () => {
    await rig.create("a", {});
    const agent = await rig.start();
    const lookups = async (result: string): Promise<number> => {
      const start = `${prefix}create_calls_total{result="${result}"} `;
      const lines = await agent.metric(`${prefix}create_calls_total`);
      return Number(lines.find((line) => line.startsWith(start))?.slice(start.length) ?? 0);
    };
    const { token } = await rig.token();
    const [misses, hits] = [await lookups("miss"), await lookups("hit")];
    expect(misses).to.be.above(0);
    for (let count = 0; count < 3; count++) expect((await rig.plugin()).token).to.equal(token);
    expect([await lookups("miss"), await lookups("hit")]).to.deep.equal([misses, hits + 3]);
    expect(await agent.metric(`${prefix}request_total`)).to.deep.equal([
      `${prefix}request_total{result="success"} 1`,
    ]);
    expect(await agent.metric(`${prefix}request_duration_seconds_count`)).to.deep.equal([
      `${prefix}request_duration_seconds_count{result="success"} 1`,
    ]);
  });

  it("count no look-up of a token where no webhook is", async () => {
    const agent = await rig.start();
    expect((await rig.plugin()).err).to.include("ERR_WEBHOOK_NOT_FOUND");
    expect(await agent.metric(`${prefix}create_calls_total`)).to.deep.equal([]);
  });

  it("count a request that failed", async () => {
    await rig.create("a", {});
    await rig.admin.request({
      method: "DELETE",
      path: "/api/v1/namespaces/kube-system/serviceaccounts/caller",
    });
    const agent = await rig.start();
    expect((await rig.plugin()).err).to.match(/ERR_TOKEN_REQUEST/);
    const counted = (await agent.metric(`${prefix}request_total`)).join();
    expect(counted).to.match(/^\w+\{result="failure"\} [1-9]\d*$/);
  });

  it("hold nothing that an agent does not do: no call of a webhook, no static manifests", async () => {
    const metrics = createAgentMetrics({ states: () => [], synced: () => false });
    try {
      const { text } = await metrics.render();
      expect(text).to.not.include("apiserver_admission").and.to.not.include("apiserver_manifest");
      expect(text).to.include("# TYPE apiserver_webhook_authentication_token_create_calls_total counter");
    } finally {
      metrics.close();
    }
  });
});
