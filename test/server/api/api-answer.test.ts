import { expect } from "chai";
import { AnswerStatusError } from "../../../src/apis/answer-status.ts";
import { CountersignError } from "../../../src/errors.ts";
import { failureAnswer, jsonAnswer, refusalAnswer } from "../../../src/server/api/api-answer.ts";

const status = (code: number, reason?: string) =>
  new AnswerStatusError("ERR_INTERNAL", {
    code,
    message: "its own words",
    ...(reason !== undefined && { reason }),
  });

describe("API answers", () => {
  it("are JSON that ends with its line", () => {
    expect(jsonAnswer(201, { a: 1 })).to.deep.equal({
      status: 201,
      contentType: "application/json",
      body: '{"a":1}\n',
    });
  });

  it("forbid in a way that no browser takes for markup", () => {
    expect(refusalAnswer(status(403), "/").headers).to.deep.equal({ "X-Content-Type-Options": "nosniff" });
    expect(refusalAnswer(status(401), "/").headers).to.equal(undefined);
  });

  for (const [error, where, code, type, body] of [
    [
      status(404, "NotFound"),
      "refused",
      404,
      "application/json",
      '"message":"its own words","reason":"NotFound"',
    ],
    [status(500), "refused", 500, "application/json", '"message":"its own words","code":500'],
    [
      new CountersignError("ERR_REQUEST_PATH", "two ways"),
      "refused",
      400,
      "application/json",
      '"message":"two ways"',
    ],
    [
      new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "gone"),
      "refused",
      500,
      "text/plain; charset=utf-8",
      ": gone\n",
    ],
    [
      new TypeError("x is not a function"),
      "refused",
      500,
      "text/plain; charset=utf-8",
      ": see the server's log\n",
    ],
    [status(500), "failed", 500, "application/json", '"message":"its own words","code":500'],
    [
      new CountersignError("ERR_REQUEST_INVALID", "wrong"),
      "failed",
      400,
      "application/json",
      '"message":"wrong"',
    ],
    [
      new CountersignError("ERR_KUBELET_UNREACHABLE", "node n"),
      "failed",
      500,
      "application/json",
      '"message":"Internal error occurred: node n","reason":"InternalError"',
    ],
    [
      new CountersignError("ERR_TRANSPORT", "no way"),
      "failed",
      503,
      "application/json",
      '"reason":"ServiceUnavailable"',
    ],
    [
      new TypeError("x is not a function"),
      "failed",
      500,
      "application/json",
      '"message":"Internal error occurred: see the server\'s log"',
    ],
  ] as const)
    it(`${where}: ${error.name} ${"code" in error ? error.code : ""} is ${code} ${type}`, () => {
      const answer = where === "refused" ? refusalAnswer(error, "/x") : failureAnswer(error);
      expect([answer.status, answer.contentType]).to.deep.equal([code, type]);
      expect(answer.body).to.contain(body).and.not.contain("not a function");
    });

  it("repeat a request's URL harmlessly", () => {
    const { body } = refusalAnswer(new Error("x"), '/a?"<script>&');
    expect(body).to.equal('Internal Server Error: "/a?\\"&lt;script&gt;&amp;": see the server\'s log\n');
  });
});
