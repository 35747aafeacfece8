import { expect } from "chai";
import fc from "fast-check";
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
} from "../../src/credentials/agent-protocol.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

const token = { token: new Secret("a.b.c"), expiresAt: 2_000, askAgainAt: 1_000 };
const clientCertificate = { certificate: "CERT", key: new Secret("KEY") };

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_AGENT");
    return (error as Error).message;
  }
  return "";
}
const answer = (changes: object): string =>
  JSON.stringify({ version: 1, token: { token: "a", expiresAt: 2, askAgainAt: 1 }, ...changes });

describe("the agent's protocol", () => {
  it("carries a question over", () => {
    const question = { server: "https://svc.ns.svc:443", certificateAuthority: "QQ==" };
    expect(decodeQuestion(encodeQuestion(question))).to.deep.equal(question);
    const bare = { server: "https://h", certificateAuthority: undefined };
    expect(decodeQuestion(encodeQuestion(bare))).to.deep.equal(bare);
  });

  it("is one line for each, whatever stands in it", () => {
    const failure = new CountersignError("ERR_TRANSPORT", "two\nlines");
    for (const line of [encodeQuestion({ server: "a\nb" }), encodeAnswer({ failure })])
      expect(line.indexOf("\n")).to.equal(line.length - 1);
  });

  it("carries a token over, with the key pair", () => {
    const read = decodeAnswer(encodeAnswer({ token, clientCertificate }));
    expect(read.token).to.include({ expiresAt: 2_000, askAgainAt: 1_000 });
    expect(read.token?.token.reveal()).to.equal("a.b.c");
    expect(read.clientCertificate?.certificate).to.equal("CERT");
    expect(read.clientCertificate?.key.reveal()).to.equal("KEY");
    expect(read.failure).to.equal(undefined);
  });

  it("carries a failure over with its code, one that is not known here as the agent's", () => {
    const failure = new CountersignError("ERR_WEBHOOK_AMBIGUOUS", "two");
    const read = decodeAnswer(encodeAnswer({ failure, clientCertificate }));
    expect(read.failure).to.include({ code: "ERR_WEBHOOK_AMBIGUOUS", message: "two" });
    expect(read.clientCertificate?.certificate).to.equal("CERT");
    const unknown = JSON.stringify({ version: 1, failure: { code: "ERR_OF_TOMORROW", message: "m" } });
    expect(decodeAnswer(unknown).failure).to.include({ code: "ERR_AGENT", message: "m" });
    const inherited = JSON.stringify({ version: 1, failure: { code: "constructor", message: "m" } });
    expect(decodeAnswer(inherited).failure?.code).to.equal("ERR_AGENT");
  });

  it("never has one come back later than the token's end", () => {
    const late = answer({ token: { token: "a", expiresAt: 5, askAgainAt: 9 } });
    expect(decodeAnswer(late).token?.askAgainAt).to.equal(5);
  });

  for (const [what, line] of [
    ["neither token nor failure", answer({ token: undefined })],
    ["both", answer({ failure: { code: "ERR_AGENT", message: "" } })],
    ["another version", answer({ version: 2 })],
    ["a token with a line break in it", answer({ token: { token: "a\r\nb", expiresAt: 2, askAgainAt: 1 } })],
    ["an empty token", answer({ token: { token: "", expiresAt: 2, askAgainAt: 1 } })],
    ["a token without an end", answer({ token: { token: "a", askAgainAt: 1 } })],
    ["half a key pair", answer({ clientCertificate: { certificate: "C" } })],
  ] as const)
    it(`refuses an answer with ${what}`, () => expect(refusal(() => decodeAnswer(line))).to.not.equal(""));

  it("refuses any other text, throws nothing else and repeats nothing of it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const marked = `${text}SECRET`;
        for (const read of [decodeAnswer, decodeQuestion]) {
          expect(refusal(() => read(text))).to.not.equal("");
          expect(refusal(() => read(marked))).to.not.include("SECRET");
        }
      }),
    );
  });
});
