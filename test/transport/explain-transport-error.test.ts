import { expect } from "chai";
import { explain } from "../../src/transport/explain-transport-error.ts";

const errorOf = (code: string | undefined, message = "m3ssage", name = "Error"): NodeJS.ErrnoException =>
  Object.assign(new Error(message), code === undefined ? { name } : { code, name });

describe("explain transport error", () => {
  const rows: readonly (readonly [NodeJS.ErrnoException, string])[] = [
    [errorOf("ECONNREFUSED"), "the connection was refused (ECONNREFUSED)"],
    [errorOf("UND_ERR_SOCKET"), "the connection was closed before an answer came (UND_ERR_SOCKET)"],
    [
      errorOf("SELF_SIGNED_CERT_IN_CHAIN"),
      "its certificate is not signed by a CA we trust here (SELF_SIGNED_CERT_IN_CHAIN)",
    ],
    [
      errorOf("UNSPECIFIED", "CA signature digest algorithm too weak"),
      "its certificate, or one that signed it, is signed with SHA-1",
    ],
    [errorOf("UNSPECIFIED"), "the exchange failed (UNSPECIFIED)"],
    [errorOf(undefined, "m3ssage", "HTTPParserError"), "the answer is not HTTP (no code)"],
    [errorOf("UND_ERR_INVALID_ARG"), "the exchange failed (UND_ERR_INVALID_ARG)"],
  ];
  for (const [error, expected] of rows)
    it(`of ${error.code ?? error.name}: ${expected}`, () => {
      expect(explain(error)).to.equal(expected).and.not.include("m3ssage");
    });
});
