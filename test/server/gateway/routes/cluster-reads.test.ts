import { expect } from "chai";
import type { AnswerStatusError } from "../../../../src/apis/answer-status.ts";
import { CountersignError } from "../../../../src/errors.ts";
import { askCluster } from "../../../../src/server/gateway/routes/cluster-reads.ts";
import { apiStatusError } from "../../../../src/transport/api-status.ts";
import { rejectionOf } from "../../../rejection.ts";

const answered = (code: number) =>
  rejectionOf(
    askCluster(async () => {
      throw apiStatusError("GET https://api/x", code, {
        kind: "Status",
        code,
        reason: "OfTheCluster",
        message: "its words",
        details: { name: "web" },
      });
    }),
  );

describe("askCluster", () => {
  for (const code of [400, 404, 410, 422, 429])
    it(`${code} is the caller's, in the cluster's words`, async () => {
      const error = await answered(code);
      expect((error as AnswerStatusError).answer).to.deep.include({
        code,
        reason: "OfTheCluster",
        message: "its words",
        details: { name: "web" },
      });
    });

  for (const code of [301, 401, 403, 500, 503])
    it(`${code} is the gateway's: 500`, async () => {
      const error = await answered(code);
      expect((error as AnswerStatusError).answer).to.deep.include({ code: 500, reason: "InternalError" });
      expect(error.message).to.contain(`the API server refuses the gateway (${code}): its words`);
    });

  it("passes on what is no answer", async () => {
    const gone = new CountersignError("ERR_TRANSPORT", "gone");
    expect(await rejectionOf(askCluster(() => Promise.reject(gone)))).to.equal(gone);
  });
});
