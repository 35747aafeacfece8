import { expect } from "chai";
import type { AnswerStatusError } from "../../../../src/apis/answer-status.ts";
import { requestInfo } from "../../../../src/authorization/request-attributes.ts";
import type { APIContext } from "../../../../src/server/api/api-state.ts";
import { refusePodConnections } from "../../../../src/server/gateway/routes/pod-connections.ts";
import { rejectionOf } from "../../../rejection.ts";

describe("connections into pods", () => {
  const pass = async (url: string, method = "POST"): Promise<string> => {
    const context = { state: { info: requestInfo({ method, url }) } } as APIContext;
    await refusePodConnections(context, async () => undefined);
    return "passed";
  };

  for (const subresource of ["exec", "attach", "portforward"])
    it(`are 404 at pods/${subresource}, whatever the method, and say where to go`, async () => {
      for (const method of ["GET", "POST", "DELETE"]) {
        const url = `/api/v1/namespaces/default/pods/web/${subresource}?command=sh`;
        const { code, answer } = (await rejectionOf(pass(url, method))) as AnswerStatusError;
        expect(code).to.equal("ERR_NOT_SERVED");
        expect(answer).to.deep.include({
          code: 404,
          reason: "NotFound",
          message: `pods/${subresource} is not served by this gateway: use the API server`,
        });
      }
    });

  it("are nothing else: other requests go on", async () => {
    for (const url of [
      "/api/v1/namespaces/default/pods/web/log",
      "/api/v1/namespaces/default/pods/exec",
      "/api/v1/nodes/n1/proxy/exec/a/b/c",
      "/apis/example.com/v1/namespaces/default/pods/web/exec",
      "/exec",
    ])
      expect(await pass(url)).to.equal("passed");
  });
});
