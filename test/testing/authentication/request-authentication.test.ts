import { expect } from "chai";
import {
  bearerToken,
  createRequestAuthentication,
} from "../../../src/testing/authentication/request-authentication.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

describe("a bearer token", () => {
  // k8s.io/apiserver pkg/authentication/request/bearertoken
  const rows: readonly (readonly [header: string | undefined, token: string | undefined])[] = [
    [undefined, undefined],
    ["", undefined],
    ["Bearer a", "a"],
    ["bearer a", "a"],
    ["BEARER a", "a"],
    ["  Bearer a  ", "a"],
    ["Bearer a b", "a"],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer  a", undefined],
    ["Basic a", undefined],
    ["a", undefined],
  ];
  for (const [header, token] of rows)
    it(`${token === undefined ? "is not found" : "is found"} in ${JSON.stringify(header)}`, () => {
      expect(bearerToken(header)).to.equal(token);
    });
});

describe("who a request comes from", () => {
  const authentication = createRequestAuthentication({
    staticTokens: new Map([["static", { username: "admin", groups: ["system:masters"] }]]),
    serviceAccounts: {
      authenticate(token, audiences) {
        if (token === "expired") throw new Error("service account token has expired");
        return token === "account" ? { user: { username: "sa" }, audiences } : undefined;
      },
    },
    audiences: ["api"],
  });
  const certificate = (authorized: boolean) => ({ authorized, user: { username: "jane", groups: ["dev"] } });
  const who = (...given: Parameters<typeof authentication.authenticate>): string => {
    try {
      const { username, groups } = authentication.authenticate(...given).user;
      return `${username} ${groups?.join(",")}`;
    } catch (error) {
      return error instanceof StatusError ? String(error.status.code) : String(error);
    }
  };

  it("is anonymous where nothing is presented", () => {
    expect(who(undefined, undefined)).to.equal("system:anonymous system:unauthenticated");
    expect(who("Basic x", undefined), "Basic is nothing to kube-apiserver").to.match(/^system:anonymous/);
  });

  it("is said by a static token, a ServiceAccount's or a certificate", () => {
    expect(who("Bearer static", undefined)).to.equal("admin system:masters,system:authenticated");
    expect(who("Bearer account", undefined)).to.equal("sa system:authenticated");
    expect(who(undefined, certificate(true))).to.equal("jane dev,system:authenticated");
  });

  it("is said by the certificate first, whatever token stands beside it", () => {
    expect(who("Bearer static", certificate(true))).to.match(/^jane/);
    expect(who("Bearer wrong", certificate(true))).to.match(/^jane/);
    expect(who("Bearer static", certificate(false))).to.match(/^admin/);
  });

  it("is 401, never anonymous, where what is presented is not accepted", () => {
    for (const token of ["wrong", "expired"]) expect(who(`Bearer ${token}`, undefined)).to.equal("401");
    expect(who(undefined, certificate(false))).to.equal("401");
  });

  it("keeps the reason for TokenReview", () => {
    expect(() => authentication.authenticateToken("expired", ["api"])).to.throw(
      "service account token has expired",
    );
    expect(() => authentication.authenticateToken("wrong", ["api"])).to.throw("invalid bearer token");
    expect(authentication.authenticateToken("static", ["a", "b"]).audiences).to.deep.equal(["a", "b"]);
  });
});
