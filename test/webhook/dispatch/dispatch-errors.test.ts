import { expect } from "chai";
import { CountersignError } from "../../../src/errors.ts";
import { denialOf, dispatchStatus } from "../../../src/webhook/dispatch/dispatch-errors.ts";

describe("what an API server answers when dispatching threw", () => {
  it("is a webhook's own denial, under its name", () => {
    expect(
      dispatchStatus(denialOf("a.example.com", { message: "no", code: 422, reason: "Invalid" })),
    ).to.include({
      message: 'admission webhook "a.example.com" denied the request: no',
      reason: "Invalid",
      code: 422,
    });
  });

  it("forbids everything while the configurations have not been read", () => {
    const error = new CountersignError("ERR_WEBHOOKS_NOT_SYNCED", "not yet ready to handle request: …");
    expect(dispatchStatus(error)).to.include({
      kind: "Status",
      status: "Failure",
      message: "not yet ready to handle request: …",
      reason: "Forbidden",
      code: 403,
    });
  });

  it("is an internal error that names what failed", () => {
    const error = new CountersignError("ERR_WEBHOOK_CALL", 'failed calling webhook "a": away');
    expect(dispatchStatus(error)).to.deep.include({
      message: 'Internal error occurred: failed calling webhook "a": away',
      reason: "InternalError",
      details: { causes: [{ message: 'failed calling webhook "a": away' }] },
      code: 500,
    });
  });

  it("says nothing of a fault of ours", () => {
    const { code, message } = dispatchStatus(new TypeError("x is not a function"));
    expect([code, message]).to.deep.equal([500, "Internal error occurred: an internal error"]);
  });
});
