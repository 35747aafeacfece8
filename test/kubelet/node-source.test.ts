import { expect } from "chai";
import type { AnswerStatusError } from "../../src/apis/answer-status.ts";
import { createNodeSource } from "../../src/kubelet/node-source.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { notFound, type SmallAPIServer, startSmallAPIServer } from "./api-server.ts";
import { nodeAt } from "./kubelet-server.ts";

describe("the source of nodes", () => {
  let api: SmallAPIServer;
  let now = 0;
  const clock = { now: () => now, random: () => 0 };
  beforeEach(async () => {
    now = 1_000_000;
    api = await startSmallAPIServer();
    for (const name of ["n1", "n2"]) api.objects.set(`/api/v1/nodes/${name}`, nodeAt(10250, { name }));
  });
  afterEach(() => api.close());
  const source = (ttlMs?: number) => createNodeSource({ client: api.client, ttlMs, clock });

  it("reads a node once in ten seconds", async () => {
    const nodes = source();
    expect(await nodes.node("n1")).to.deep.equal(nodeAt(10250));
    now += 9_999;
    await nodes.node("n1");
    expect(api.paths).to.deep.equal(["/api/v1/nodes/n1"]);
    now += 1;
    await nodes.node("n1");
    expect(api.paths).to.have.length(2);
  });

  it("counts from when it asked, however long the answer took", async () => {
    const nodes = source(1_000);
    let open = (): void => undefined;
    api.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const asked = nodes.node("n1");
    await poll("the request", () => api.paths.length === 1 || undefined);
    now += 1_000;
    open();
    await asked;
    await nodes.node("n1");
    expect(api.paths).to.have.length(2);
  });

  it("keeps nodes apart", async () => {
    const nodes = source();
    expect((await nodes.node("n2")).metadata.name).to.equal("n2");
    expect((await nodes.node("n1")).metadata.name).to.equal("n1");
  });

  it("asks once for all who ask at the same time, and one that gives up is alone with it", async () => {
    const nodes = source();
    let open = (): void => undefined;
    api.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const controller = new AbortController();
    const impatient = nodes.node("n1", { signal: controller.signal });
    const others = Promise.all(Array.from({ length: 20 }, () => nodes.node("n1")));
    controller.abort(new Error("gone"));
    expect(
      await impatient.then(
        () => "",
        (error: Error) => error.message,
      ),
    ).to.equal("gone");
    open();
    expect(await others).to.have.length(20);
    expect(api.paths).to.have.length(1);
  });

  it("does not remember what was not there", async () => {
    const nodes = source();
    const { answer } = (await rejectionOf(nodes.node("n3"))) as AnswerStatusError;
    expect(answer).to.deep.equal(notFound("nodes", "n3"));
    api.objects.set("/api/v1/nodes/n3", nodeAt(10250, { name: "n3" }));
    expect((await nodes.node("n3")).metadata.name).to.equal("n3");
  });

  it("takes no other node for the one it asked for", async () => {
    api.objects.set("/api/v1/nodes/n1", nodeAt(10250, { name: "n2" }));
    const { answer } = (await rejectionOf(source().node("n1"))) as AnswerStatusError;
    expect(answer.code).to.equal(500);
  });
});
