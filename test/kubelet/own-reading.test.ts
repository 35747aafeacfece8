import { expect } from "chai";
import { AnswerStatusError } from "../../src/apis/answer-status.ts";
import type { Pod } from "../../src/apis/node.ts";
import { createPodReader } from "../../src/kubelet/pod-reader.ts";
import { rejectionOf } from "../rejection.ts";
import { notFound, type SmallAPIServer, startSmallAPIServer } from "./api-server.ts";

const path = "/api/v1/namespaces/shop/pods/web";
const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "shop", name: "web" },
  spec: { nodeName: "n1" },
};

describe("what the gateway reads as itself", () => {
  let api: SmallAPIServer;
  beforeEach(async () => {
    api = await startSmallAPIServer();
  });
  afterEach(() => api.close());
  const read = (name = "web") => createPodReader({ client: api.client }).pod("shop", name);

  it("is the object, read anew every time", async () => {
    api.objects.set(path, pod);
    expect(await read()).to.deep.equal(pod);
    await read();
    expect(api.paths).to.deep.equal([path, path]);
  });

  it("is missing in the API server's words", async () => {
    const error = await rejectionOf(read());
    expect(error).to.be.instanceOf(AnswerStatusError).and.to.include({ code: "ERR_NOT_SERVED" });
    expect((error as AnswerStatusError).answer).to.deep.equal(notFound("pods", "web"));
  });

  for (const [what, status, body, words] of [
    [
      "that the gateway may not",
      403,
      {
        kind: "Status",
        code: 403,
        reason: "Forbidden",
        message: 'pods "web" is forbidden: User "gateway" …',
      },
      "is forbidden",
    ],
    [
      "that it does not know the gateway",
      401,
      { kind: "Status", code: 401, reason: "Unauthorized", message: "Unauthorized" },
      "Unauthorized",
    ],
    [
      "that it is broken",
      500,
      { kind: "Status", code: 500, reason: "InternalError", message: "etcd" },
      "etcd",
    ],
    ["with another object", 200, { ...pod, metadata: { namespace: "shop", name: "db" } }, "not this object"],
    ["with nothing", 200, null, "not this object"],
    ["with a redirect", 302, {}, "302"],
  ] as const)
    it(`is a failure of the gateway's own where the API server answers ${what}`, async () => {
      api.failure = { status, body };
      const error = await rejectionOf(read());
      const { answer } = error as AnswerStatusError;
      expect(answer).to.include({ code: 500, reason: "InternalError" });
      expect(answer.message)
        .to.contain('Internal error occurred: this server could not read pods "web": ')
        .and.contain(words);
      expect(error.cause).to.be.instanceOf(Error);
    });

  it("is a failure where there is no API server", async () => {
    api.client.close();
    const { client } = api;
    await api.close();
    const error = await rejectionOf(createPodReader({ client }).pod("shop", "web"));
    api = await startSmallAPIServer();
    expect(error.code).to.equal("ERR_TRANSPORT");
    expect((error as AnswerStatusError).answer.code).to.equal(500);
  });

  it("is a path of the names' own, or nothing", async () => {
    await rejectionOf(read("a/../../b?c"));
    expect(api.paths).to.deep.equal(["/api/v1/namespaces/shop/pods/a%2F..%2F..%2Fb%3Fc"]);
    for (const name of ["..", ".", ""])
      expect((await rejectionOf(read(name))).code).to.equal("ERR_TRANSPORT");
    expect(api.paths).to.have.length(1);
  });

  it("ends with whoever asked", async () => {
    const signal = AbortSignal.abort(new Error("gone"));
    const outcome = createPodReader({ client: api.client }).pod("shop", "web", { signal });
    expect(
      await outcome.then(
        () => "",
        (error: Error) => error.message,
      ),
    ).to.equal("gone");
  });
});
