import { expect } from "chai";
import { selfSubjectReviewKinds } from "../../src/authentication/self-subject-review.ts";
import { CountersignError } from "../../src/errors.ts";
import type { RestRequest, RestResponse } from "../../src/transport/rest-client.ts";
import { processSelfReview, reviewSelf } from "../../src/transport/self-subject-review.ts";

const group = "authentication.k8s.io";
const [v1] = selfSubjectReviewKinds;
const status = (code: number, message: string): object => ({
  kind: "Status",
  apiVersion: "v1",
  code,
  message,
});
const review = {
  kind: "SelfSubjectReview",
  apiVersion: `${group}/v1`,
  status: { userInfo: { username: "jane" } },
};

describe("reviewSelf", () => {
  const asked: string[] = [];
  /** A server that serves these paths and answers the rest with the status. */
  const client = (served: readonly string[], otherwise: RestResponse<unknown>) => ({
    async send({ path, body }: RestRequest): Promise<RestResponse<unknown>> {
      asked.push(`${path} ${(body as { kind: string }).kind} ${(body as { apiVersion: string }).apiVersion}`);
      return served.includes(path) ? { status: 201, body: review, headers: {} } : otherwise;
    },
  });
  const notFound = { status: 404, body: status(404, "the server could not find the requested resource") };
  const all = [
    `/apis/${group}/v1/selfsubjectreviews SelfSubjectReview ${group}/v1`,
    `/apis/${group}/v1beta1/selfsubjectreviews SelfSubjectReview ${group}/v1beta1`,
    `/apis/${group}/v1alpha1/selfsubjectreviews SelfSubjectReview ${group}/v1alpha1`,
    `/apis/${group}/v1alpha1/selfsubjectattributesreview SelfSubjectAttributesReview ${group}/v1alpha1`,
  ];
  beforeEach(() => asked.splice(0));

  for (const [index, line] of all.entries())
    it(`stops at ${line.split(" ")[0]} where that is the first there is`, async () => {
      const paths = all.slice(index).map((each) => each.split(" ")[0]!);
      expect((await reviewSelf(client(paths, notFound))).review).to.equal(review);
      expect(asked).to.deep.equal(all.slice(0, index + 1));
    });

  it("says that none is enabled after asking all, whatever a 404 looks like", async () => {
    for (const answer of [notFound, { status: 404, body: "404 page not found\n" }]) {
      asked.splice(0);
      const error = await reviewSelf(client([], answer)).catch((thrown: unknown) => thrown);
      expect(error).to.include({
        code: "ERR_API_STATUS",
        message: "the selfsubjectreviews API is not enabled in the cluster",
      });
      expect(asked).to.deep.equal(all);
    }
  });

  it("asks no further after any other refusal", async () => {
    for (const code of [400, 401, 403, 415, 500]) {
      asked.splice(0);
      const error = await reviewSelf(client([], { status: code, body: "" })).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(CountersignError);
      expect(asked).to.deep.equal(all.slice(0, 1));
    }
  });
});

describe("processSelfReview", () => {
  const failure = (answer: RestResponse<unknown>): { code: string; message: string } => {
    try {
      processSelfReview(answer, v1!);
    } catch (error) {
      const { code, message } = error as CountersignError;
      return { code, message };
    }
    throw new Error("it was taken for a review");
  };

  it("tells who knew the caller, where the server does", () => {
    const headers = { "countersign-authenticated-by": "clientCertificate" };
    expect(processSelfReview({ status: 201, body: review, headers }, v1!)).to.deep.equal({
      review,
      authenticatedBy: "clientCertificate",
    });
    for (const silent of [undefined, {}, { "countersign-authenticated-by": ["a", "b"] }])
      expect(
        processSelfReview({ status: 201, body: review, headers: silent as undefined }, v1!).authenticatedBy,
      ).to.equal(undefined);
  });

  it("takes 200 and an empty review, as kubectl does", () => {
    expect(processSelfReview({ status: 200, body: {} }, v1!).review).to.deep.equal({});
  });

  const rows: Readonly<Record<string, readonly [code: number, body: unknown, message: string]>> = {
    "403": [
      403,
      status(403, "selfsubjectreviews is forbidden"),
      "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it",
    ],
    "401 as a Status": [
      401,
      status(401, "Unauthorized"),
      "You must be logged in to the server (Unauthorized)",
    ],
    "401 as text": [
      401,
      "Unauthorized\n",
      "You must be logged in to the server (the server has asked for the client to provide credentials (post selfsubjectreviews.authentication.k8s.io))",
    ],
    "415": [
      415,
      status(415, "the body of the request was in an unknown format"),
      "create selfsubjectreviews.authentication.k8s.io: the body of the request was in an unknown format (415)",
    ],
  };
  for (const [what, [code, body, message]] of Object.entries(rows))
    it(`says ${what} in kubectl's words`, () => {
      expect(failure({ status: code, body })).to.deep.equal({ code: "ERR_API_STATUS", message });
    });

  it("does not take text for a review", () => {
    for (const body of ["<html>", null, [review]])
      expect(failure({ status: 200, body })).to.include({ code: "ERR_TRANSPORT" });
  });
});
