import { expect } from "chai";
import fc from "fast-check";
import {
  createWebSocketBearerAuthenticator,
  withoutTokenProtocols,
} from "../../src/authentication/websocket-bearer.ts";
import { verdictOf } from "./outcome.ts";

const prefix = "base64url.bearer.authorization.k8s.io.";
const holding = (token: string | Buffer): string => `${prefix}${Buffer.from(token).toString("base64url")}`;
const header = "Sec-WebSocket-Protocol";
const upgrade = ["Upgrade", "websocket", "Connection", "keep-alive, Upgrade"];

describe("createWebSocketBearerAuthenticator", () => {
  const seen: string[] = [];
  const authenticator = createWebSocketBearerAuthenticator({
    authenticateToken(token) {
      seen.push(token.reveal());
      return token.reveal() === "bad" ? undefined : { method: "tokenReview", user: { username: "jane" } };
    },
  });
  const judge = (rawHeaders?: readonly string[]) => {
    seen.splice(0);
    return verdictOf(() =>
      authenticator.authenticateRequest({ authorization: [], ...(rawHeaders && { rawHeaders }) }),
    );
  };
  const offered = (...values: string[]) => judge([...upgrade, ...values.flatMap((value) => [header, value])]);

  for (const token of ["tok", "a.b-c_d", "é", "~~~", "???", "x".repeat(4096)])
    it(`finds ${JSON.stringify(token.slice(0, 10))} beside another subprotocol, before it, behind it, in a header of its own`, async () => {
      for (const values of [
        [`v5.channel.k8s.io, ${holding(token)}`],
        [`${holding(token)},v5.channel.k8s.io`],
        ["v5.channel.k8s.io", holding(token)],
        [` a ,\t${holding(token)} , b`],
      ]) {
        expect(await offered(...values)).to.equal("accepted");
        expect(seen).to.deep.equal([token]);
      }
    });

  it("refuses a token that nobody knows: it is no less a credential", async () => {
    expect(await offered("a", holding("bad"))).to.equal("ERR_TOKEN_UNACCEPTED");
  });

  for (const [what, values, code] of [
    [
      "a token alone, which leaves nothing to be answered with",
      [holding("tok")],
      "ERR_AUTHORIZATION_MALFORMED",
    ],
    ["two tokens", [`a, ${holding("tok")}, ${holding("tok")}`], "ERR_AUTHORIZATION_DUPLICATE"],
    ["two tokens in two headers", ["a", holding("tok"), holding("other")], "ERR_AUTHORIZATION_DUPLICATE"],
    ["two, of which one is empty", [`a, ${prefix}, ${holding("tok")}`], "ERR_AUTHORIZATION_DUPLICATE"],
    ["padding", [`a, ${prefix}dG9rZQ==`], "ERR_AUTHORIZATION_MALFORMED"],
    ["base64 of the other alphabet", [`a, ${prefix}Pz8/`], "ERR_AUTHORIZATION_MALFORMED"],
    ["what no base64 can be long", [`a, ${prefix}dG9rZ`], "ERR_AUTHORIZATION_MALFORMED"],
    ["a space within", [`a, ${prefix}dG 9r`], "ERR_AUTHORIZATION_MALFORMED"],
    ["bytes that are no UTF-8", [`a, ${holding(Buffer.of(0xff, 0xfe))}`], "ERR_AUTHORIZATION_MALFORMED"],
  ] as const)
    it(`refuses ${what}, and asks nobody`, async () => {
      expect(await offered(...values)).to.equal(code);
      expect(seen).to.deep.equal([]);
    });

  for (const [what, rawHeaders] of [
    ["without any header", undefined],
    ["without subprotocols", upgrade],
    ["with others only", [...upgrade, header, "a, b"]],
    ["with an empty token", [...upgrade, header, `a, ${prefix}`]],
    ["with an empty token alone", [...upgrade, header, prefix]],
    [
      "with the prefix in capitals: subprotocols are compared with case",
      [...upgrade, header, `a, ${holding("tok").replace("bearer", "Bearer")}`],
    ],
    ["that is no upgrade", [header, `a, ${holding("tok")}`]],
    ["that does not say it connects for that", ["Upgrade", "websocket", header, `a, ${holding("tok")}`]],
    ["of another upgrade", ["Upgrade", "SPDY/3.1", "Connection", "Upgrade", header, `a, ${holding("tok")}`]],
  ] as const)
    it(`has no opinion on a request ${what}`, async () => {
      expect(await judge(rawHeaders)).to.equal("no opinion");
      expect(seen).to.deep.equal([]);
    });

  it("reads names and the word websocket whatever their case", async () => {
    const rawHeaders = [
      "UPGRADE",
      "WebSocket",
      "connection",
      "upgrade",
      header.toUpperCase(),
      `a, ${holding("tok")}`,
    ];
    expect(await judge(rawHeaders)).to.equal("accepted");
  });
});

describe("withoutTokenProtocols", () => {
  it("leaves headers without a token as they are: the same list", () => {
    for (const headers of [[], ["A", "b"], [...upgrade, header, "a,  b", header, "c"]])
      expect(withoutTokenProtocols(headers)).to.equal(headers);
  });

  it("keeps the other subprotocols, in one header", () => {
    const sent = [header, `a, ${holding("tok")}`, "X", "y", header.toLowerCase(), "b"];
    expect(withoutTokenProtocols(sent)).to.deep.equal(["X", "y", header, "a,b"]);
  });

  it("leaves no header where there was nothing else", () =>
    expect(withoutTokenProtocols(["X", "y", header, holding("tok")])).to.deep.equal(["X", "y"]));

  it("takes out also what no token can be read from: it may be half of one", () =>
    expect(withoutTokenProtocols([header, `a,${prefix}!!!`, header, prefix])).to.deep.equal([header, "a"]));

  it("whatever comes, no token is left", () => {
    const protocol = fc.oneof(fc.string(), fc.string().map(holding), fc.constantFrom("a", prefix, "b, c"));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(header, "X", "sec-websocket-protocol"), protocol)),
        (sent) => {
          const kept = withoutTokenProtocols(sent.flat());
          for (let index = 0; index < kept.length; index += 2)
            if (kept[index]!.toLowerCase() === header.toLowerCase())
              expect(kept[index + 1]!.split(",").some((one) => one.trim().startsWith(prefix))).to.equal(
                false,
              );
        },
      ),
    );
  });
});
