import { expect } from "chai";
import { AnswerStatusError, answerStatus } from "../../../src/apis/answer-status.ts";
import type { AccessAttributes } from "../../../src/authorization/authorizer.ts";
import type { KubeletRequest } from "../../../src/authorization/kubelet-authorizer.ts";
import { requestInfo } from "../../../src/authorization/request-attributes.ts";
import { diagnosticsChannel } from "../../../src/diagnostics.ts";
import { CountersignError } from "../../../src/errors.ts";
import {
  createGatewayAuthorizer,
  type InsecureBackend,
} from "../../../src/server/gateway/gateway-authorizer.ts";
import { rejectionOf } from "../../rejection.ts";

const { signal } = new AbortController();
const log = "/api/v1/namespaces/a/pods/b/log";
const status = answerStatus({ code: 403, reason: "Forbidden", message: "of the kubelet authorizer" });

describe("createGatewayAuthorizer", () => {
  let asked: AccessAttributes[] = [];
  let askedKubelet: KubeletRequest[] = [];
  let allows: (attributes: AccessAttributes) => boolean = () => true;
  let kubeletAllows = true;
  beforeEach(() => {
    [asked, askedKubelet, allows, kubeletAllows] = [[], [], () => true, true];
  });
  const authorize = (
    url: string,
    { method = "GET", user = "jane", insecureBackend = "allow" as InsecureBackend } = {},
  ): Promise<string | undefined> =>
    createGatewayAuthorizer({
      insecureBackend,
      authorizer: {
        authorize(attributes) {
          asked.push(attributes);
          return { decision: allows(attributes) ? "allow" : "noOpinion", reason: "" };
        },
      },
      kubeletAuthorizer: {
        async authorize(_user, request) {
          askedKubelet.push(request);
          return kubeletAllows
            ? { decision: "allow", subresource: "log" }
            : { decision: "refuse", candidates: ["pods"], status };
        },
      },
    }).assertAuthorized(
      { method, url, user: { username: user }, info: requestInfo({ method, url }) },
      { signal },
    );

  it("asks the kubelet's authorizer, and nobody else, about what is for a kubelet", async () => {
    expect(await authorize("/api/v1/nodes/n1/proxy/logs/a?query=kubelet", { method: "HEAD" })).to.equal(
      "nodes/log",
    );
    expect(askedKubelet).to.deep.equal([{ nodeName: "n1", method: "HEAD", path: "/logs/a" }]);
    expect(asked).to.deep.equal([]);
  });

  it("refuses with its Status", async () => {
    kubeletAllows = false;
    const error = await rejectionOf(authorize("/api/v1/nodes/n1/proxy/pods"));
    expect(error).to.be.instanceOf(AnswerStatusError);
    expect((error as AnswerStatusError).answer).to.deep.equal(status);
  });

  for (const url of [
    "/api/v1/nodes/n1",
    "/api/v1/namespaces/a/nodes/n1/proxy/pods",
    "/apis/x/v1/nodes/n1/proxy/pods",
    log,
    "/metrics",
    "/",
  ])
    it(`asks about the attributes of ${url}, and the kubelet's authorizer about nothing`, async () => {
      await authorize(url);
      expect([asked.length, askedKubelet.length]).to.deep.equal([1, 0]);
      allows = () => false;
      expect((await rejectionOf(authorize(url))).code).to.equal("ERR_ACCESS_DENIED");
    });

  it("lets no node reach another one, before anybody is asked", async () => {
    const error = await rejectionOf(authorize("/api/v1/nodes/n1/proxy/pods", { user: "system:node:n2" }));
    expect([error.code, askedKubelet.length]).to.deep.equal(["ERR_ACCESS_DENIED", 0]);
    await authorize("/api/v1/nodes/n1/proxy/pods", { user: "system:node:n1" });
  });

  it("passes a failure on as it is", async () => {
    allows = () => {
      throw new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "gone");
    };
    expect((await rejectionOf(authorize(log))).code).to.equal("ERR_ACCESS_REVIEW_UNAVAILABLE");
  });

  describe("insecureBackend", () => {
    const flagged = `${log}?insecureSkipTLSVerifyBackend=true`;
    const denied: unknown[] = [];
    const note = (message: unknown): void => void denied.push(message);
    beforeEach(() => {
      denied.length = 0;
      diagnosticsChannel("countersign:podLogs").subscribe(note);
    });
    afterEach(() => diagnosticsChannel("countersign:podLogs").unsubscribe(note));

    it("allow: no further permission, as kube-apiserver", async () => {
      await authorize(flagged);
      expect(asked.map(({ resource }) => resource!.verb)).to.deep.equal(["get"]);
    });

    it("authorize: the verb skip-tls-verify-backend on the same pods/log", async () => {
      await authorize(flagged, { insecureBackend: "authorize" });
      expect(asked.map(({ resource }) => resource)).to.deep.equal(
        ["get", "skip-tls-verify-backend"].map((verb) => ({
          verb,
          group: "",
          version: "v1",
          resource: "pods",
          subresource: "log",
          namespace: "a",
          name: "b",
        })),
      );
      allows = ({ resource }) => resource!.verb === "get";
      await rejectionOf(authorize(flagged, { insecureBackend: "authorize" }));
      expect(denied).to.deep.equal([{ usage: "skip_tls_denied", namespace: "a", pod: "b" }]);
    });

    it("deny: nobody, and whoever may not read is told that first", async () => {
      const error = await rejectionOf(authorize(flagged, { insecureBackend: "deny" }));
      expect(error.message).to.contain("authorization.insecureBackend");
      expect(denied).to.have.length(1);
      allows = () => false;
      const stranger = await rejectionOf(authorize(flagged, { insecureBackend: "deny" }));
      expect(stranger.message).to.contain('cannot get resource "pods/log"');
      expect(denied).to.have.length(1);
    });

    it("asks nothing more without the flag", async () => {
      for (const query of ["", "?insecureSkipTLSVerifyBackend=false", "?insecureSkipTLSVerifyBackend=0"])
        await authorize(`${log}${query}`, { insecureBackend: "authorize" });
      expect(asked).to.have.length(3);
    });
  });
});
