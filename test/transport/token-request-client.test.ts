import { expect } from "chai";
import { tokenRequestFor } from "../../src/credentials/token-request.ts";
import { createRestClient } from "../../src/transport/rest-client.ts";
import { createTokenRequestClient } from "../../src/transport/token-request-client.ts";
import { answerJSON, readBody, startTLSServer } from "../tls-server.ts";

describe("token request client", () => {
  it("posts the request as it stands, attestations included, and gives any answer back", async () => {
    const seen: unknown[] = [];
    const server = await startTLSServer(async (request, response) => {
      seen.push(request.method, request.url, JSON.parse(await readBody(request)));
      answerJSON(response, 403, { kind: "Status" });
    });
    const rest = createRestClient({ server: server.url, ca: server.ca });
    const request = tokenRequestFor({
      mode: "attested",
      configuration: { kind: "MutatingWebhookConfiguration", name: "c", uid: "u" },
      audience: "https://h/v",
      apiGroup: "apps",
    });
    const answer = await createTokenRequestClient(rest).createToken(
      { namespace: "ns", name: "a/b" },
      request,
    );
    rest.close();
    await server.close();
    expect(answer).to.deep.include({ status: 403, body: { kind: "Status" } });
    expect(seen).to.deep.equal(["POST", "/api/v1/namespaces/ns/serviceaccounts/a%2Fb/token", request]);
  });
});
