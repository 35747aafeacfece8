import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import Koa from "koa";
import type { SelfSubjectReview } from "../../../src/apis/authentication.ts";
import type { APIResourceList } from "../../../src/apis/discovery.ts";
import type { Status } from "../../../src/apis/meta.ts";
import type { Caller } from "../../../src/authentication/authenticator.ts";
import { requestInfo } from "../../../src/authorization/request-attributes.ts";
import type { APIState } from "../../../src/server/api/api-state.ts";
import {
  createSelfSubjectReviews,
  type SelfSubjectReviewsOptions,
  selfSubjectReviewDiscovery,
} from "../../../src/server/api/self-subject-reviews.ts";

const group = "authentication.k8s.io";
const path = `/apis/${group}/v1/selfsubjectreviews`;
const seedPath = `/apis/${group}/v1alpha1/selfsubjectattributesreview`;
const json = { "Content-Type": "application/json" };
const caller: Caller = {
  method: "requestHeader",
  user: { username: "front-proxy's user" },
};
const user = { username: "jane", groups: ["dev", "system:authenticated"], extra: { scopes: ["a"] } };
const whoami = Buffer.from(
  "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
  "base64",
);

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: SelfSubjectReview & Status;
}

describe("createSelfSubjectReviews", () => {
  let server: Server | undefined;
  let elsewhere: string[];

  /** Behind it stands what answers every other path. */
  const serve = async (options: SelfSubjectReviewsOptions = {}): Promise<void> => {
    const application = new Koa<APIState>();
    application.use(async (context, next) => {
      const { signal } = new AbortController();
      Object.assign(context.state, { caller, user, info: requestInfo(context.req), signal });
      await next();
    });
    const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6), random: () => 0 };
    application.use(createSelfSubjectReviews({ clock, ...options }));
    application.use((context) => {
      elsewhere.push(context.path);
      context.status = 404;
      context.body = { kind: "Status", code: 404 };
    });
    const listening = createServer((received, response) => void application.callback()(received, response));
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  };
  const send = (
    method: string,
    to: string,
    headers: Readonly<Record<string, string>> = json,
    body: string | Buffer = "",
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port } = server!.address() as AddressInfo;
      request({ port, method, path: to, headers, agent: false })
        .once("error", reject)
        .once("response", (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
          response.once("end", () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: JSON.parse(text) }),
          );
        })
        .end(body);
    });

  beforeEach(() => {
    elsewhere = [];
  });
  afterEach(
    () =>
      new Promise<void>((resolve) => {
        if (server === undefined) return resolve();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );

  it("answers as whom the request is made, and tells who knew the caller", async () => {
    await serve();
    const { status, headers, body } = await send("POST", path, json, "{}");
    expect([status, headers["content-type"]]).to.deep.equal([201, "application/json"]);
    expect(headers["countersign-authenticated-by"]).to.equal("requestHeader");
    expect(body).to.deep.equal({
      kind: "SelfSubjectReview",
      apiVersion: `${group}/v1`,
      metadata: { creationTimestamp: "2026-01-02T03:04:05Z" },
      status: { userInfo: user },
    });
  });

  it("answers every version at its path, the seed's with the flat members", async () => {
    await serve();
    for (const version of ["v1", "v1beta1", "v1alpha1"]) {
      const { status, body } = await send("POST", `/apis/${group}/${version}/selfsubjectreviews`, json, "{}");
      expect([status, body.kind, body.apiVersion]).to.deep.equal([
        201,
        "SelfSubjectReview",
        `${group}/${version}`,
      ]);
    }
    const { body } = await send("POST", seedPath, json, "{}");
    const { username: name, ...others } = user;
    expect(body).to.include({ kind: "SelfSubjectAttributesReview", apiVersion: `${group}/v1alpha1` });
    expect(body.status).to.deep.equal({ userInfo: user, name, ...others });
    expect(elsewhere).to.deep.equal([]);
  });

  it("answers protobuf in JSON, also where only protobuf is asked for", async () => {
    await serve();
    for (const Accept of [
      "application/vnd.kubernetes.protobuf,application/json",
      "application/vnd.kubernetes.protobuf",
      "application/json, */*",
    ]) {
      const headers = { "Content-Type": "application/vnd.kubernetes.protobuf", Accept };
      const answer = await send("POST", path, headers, whoami);
      expect([answer.status, answer.headers["content-type"]], Accept).to.deep.equal([
        201,
        "application/json",
      ]);
      expect(answer.body.status?.userInfo?.username).to.equal("jane");
    }
  });

  it("takes nothing from the request: not a status, not a name", async () => {
    await serve();
    const forged = {
      metadata: { name: "x", uid: "y", labels: { a: "b" } },
      status: { userInfo: { username: "admin", groups: ["system:masters"], uid: "0" } },
    };
    const { body } = await send("POST", path, json, JSON.stringify(forged));
    expect(body.status).to.deep.equal({ userInfo: user });
    expect(body.metadata).to.deep.equal({ creationTimestamp: "2026-01-02T03:04:05Z" });
  });

  const refused: Readonly<
    Record<
      string,
      readonly [headers: Record<string, string>, body: string | Buffer, code: number, reason: string]
    >
  > = {
    "another kind": [json, '{"kind":"TokenReview"}', 400, "BadRequest"],
    "an empty body": [json, "", 400, "BadRequest"],
    "protobuf that is none": [
      { "Content-Type": "application/vnd.kubernetes.protobuf" },
      "{}",
      400,
      "BadRequest",
    ],
    "a media type that nobody reads": [{ "Content-Type": "text/plain" }, "{}", 415, "UnsupportedMediaType"],
    "who reads no JSON": [{ ...json, Accept: "text/html, image/png" }, "{}", 406, "NotAcceptable"],
    "who wants a table": [
      { ...json, Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
      "{}",
      406,
      "NotAcceptable",
    ],
    "a body that is too large": [json, Buffer.alloc(100_000, " "), 413, "RequestEntityTooLarge"],
  };
  for (const [what, [headers, sent, code, reason]] of Object.entries(refused))
    it(`answers ${what} with a Status ${code}, and tells nothing of the caller`, async () => {
      await serve();
      const answer = await send("POST", path, headers, sent);
      expect(answer.status).to.equal(code);
      expect(answer.body).to.include({ kind: "Status", apiVersion: "v1", status: "Failure", reason, code });
      expect(answer.headers).to.not.have.property("countersign-authenticated-by");
      expect(JSON.stringify(answer.body)).to.not.contain("jane");
    });

  it("goes on answering others when a client goes away in the middle of its question", async () => {
    await serve();
    const { port } = server!.address() as AddressInfo;
    for (const ending of ["destroy", "half"] as const) {
      const leaving = request({ port, method: "POST", path, headers: { ...json, "Content-Length": 100 } });
      const gone = new Promise((resolve) => leaving.once("close", resolve));
      leaving.on("error", () => undefined);
      leaving.write("{", () => (ending === "destroy" ? leaving.destroy() : leaving.socket?.end()));
      await gone;
      expect((await send("POST", path, json, "{}")).status).to.equal(201);
    }
  });

  for (const method of ["GET", "PUT", "PATCH", "DELETE"])
    it(`answers ${method} with 405, as upstream does`, async () => {
      await serve();
      const { status, body } = await send(method, path);
      expect([status, body.reason, body.message]).to.deep.equal([
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
      ]);
    });

  for (const other of [
    `${path}/name`,
    `/apis/${group}/v1/namespaces/default/selfsubjectreviews`,
    `/apis/${group}/v2/selfsubjectreviews`,
    `/apis/${group}/v1/selfsubjectattributesreview`,
    "/apis/other.example/v1/selfsubjectreviews",
    "/api/v1/selfsubjectreviews",
    "/selfsubjectreviews",
    `/apis/${group}/v1/SelfSubjectReviews`,
  ])
    it(`leaves ${other} to the next`, async () => {
      await serve();
      expect((await send("POST", other, json, "{}")).status).to.equal(404);
      expect(elsewhere).to.deep.equal([other]);
    });

  it("leaves what is switched off to the next, whose 404 says that it is not enabled", async () => {
    await serve({ selfSubjectReview: false });
    expect((await send("POST", path, json, "{}")).status).to.equal(404);
    expect((await send("POST", seedPath, json, "{}")).status).to.equal(201);
  });

  it("can switch off the seed's alone, and single versions", async () => {
    await serve({ selfSubjectReview: ["v1"], selfSubjectAttributesReview: false });
    expect((await send("POST", path, json, "{}")).status).to.equal(201);
    expect((await send("POST", path.replace("v1/", "v1beta1/"), json, "{}")).status).to.equal(404);
    expect((await send("POST", seedPath, json, "{}")).status).to.equal(404);
  });
});

describe("selfSubjectReviewDiscovery", () => {
  const resource = (kind: string, name: string): object => ({
    name,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ["create"],
  });
  const review = resource("SelfSubjectReview", "selfsubjectreviews");
  const seed = resource("SelfSubjectAttributesReview", "selfsubjectattributesreview");
  const list = (version: string, ...resources: object[]): unknown => ({
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/${version}`,
    resources,
  });

  it("names the group, its versions newest first, and what each holds", () => {
    const found = selfSubjectReviewDiscovery()!;
    expect(found.group).to.deep.equal({
      kind: "APIGroup",
      apiVersion: "v1",
      name: group,
      versions: ["v1", "v1beta1", "v1alpha1"].map((version) => ({
        groupVersion: `${group}/${version}`,
        version,
      })),
      preferredVersion: { groupVersion: `${group}/v1`, version: "v1" },
    });
    expect(found.resourceLists).to.deep.equal([
      list("v1", review),
      list("v1beta1", review),
      list("v1alpha1", review, seed),
    ]);
  });

  it("has no version in which nothing is switched on", () => {
    const names = (lists: readonly APIResourceList[]): string[] =>
      lists.map(({ groupVersion }) => groupVersion);
    const seedOnly = selfSubjectReviewDiscovery({ selfSubjectReview: false })!;
    expect(names(seedOnly.resourceLists)).to.deep.equal([`${group}/v1alpha1`]);
    expect(seedOnly.group.preferredVersion.version).to.equal("v1alpha1");
    const v1Only = selfSubjectReviewDiscovery({
      selfSubjectReview: ["v1"],
      selfSubjectAttributesReview: false,
    })!;
    expect(v1Only.resourceLists).to.deep.equal([list("v1", review)]);
  });

  it("is nothing where everything is switched off", () => {
    expect(
      selfSubjectReviewDiscovery({ selfSubjectReview: false, selfSubjectAttributesReview: false }),
    ).to.equal(undefined);
  });
});
