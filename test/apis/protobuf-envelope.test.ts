import { expect } from "chai";
import fc from "fast-check";
import { decodeProtobufEnvelope } from "../../src/apis/protobuf-envelope.ts";
import { ProtobufFault } from "../../src/apis/protobuf-fields.ts";

/** What kubectl 1.32 to 1.37 sends for `auth whoami`. */
const whoami = Buffer.from(
  "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
  "base64",
);
const magic = Buffer.from("k8s\0", "latin1");
const enveloped = (hex: string): Buffer => Buffer.concat([magic, Buffer.from(hex, "hex")]);

describe("decodeProtobufEnvelope", () => {
  it("says what an object calls itself, and leaves its message alone", () => {
    const { apiVersion, kind, raw } = decodeProtobufEnvelope(whoami);
    expect([apiVersion, kind]).to.deep.equal(["authentication.k8s.io/v1", "SelfSubjectReview"]);
    expect(raw.equals(whoami.subarray(-30, -4))).to.equal(true);
  });

  it("finds nothing where nothing is said", () => {
    // a content type alone
    expect(decodeProtobufEnvelope(enveloped("2200"))).to.deep.equal({
      apiVersion: "",
      kind: "",
      raw: Buffer.alloc(0),
    });
  });

  it("joins what is said in parts, as Go does", () => {
    const twice = enveloped("0a060a0141120142".concat("0a030a0143"));
    expect(decodeProtobufEnvelope(twice)).to.include({ apiVersion: "C", kind: "B" });
  });

  const faults: Readonly<Record<string, readonly [body: Buffer, message: string]>> = {
    "nothing at all": [Buffer.alloc(0), "empty data"],
    JSON: [
      Buffer.from("{}"),
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    ],
    "less than the prefix": [
      magic.subarray(0, 3),
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    ],
    "the prefix alone": [magic, "empty body"],
    "a field that is longer than the rest": [whoami.subarray(0, 60), "unexpected EOF"],
    "a varint that does not end": [enveloped("80"), "unexpected EOF"],
    "a varint that is too long": [enveloped("ffffffffffffffffffffff01"), "proto: integer overflow"],
    "a length below zero": [enveloped("0affffffffffffffffff01"), "unexpected EOF"],
    "a wire type that no envelope has": [
      enveloped("0d00000000"),
      "protobuf field 1: wire type 5 is not read here",
    ],
    "a number for a name": [enveloped("0a020801"), "proto: wrong wireType = 0 for field 1"],
  };
  for (const [what, [body, message]] of Object.entries(faults))
    it(`refuses ${what}`, () => {
      expect(() => decodeProtobufEnvelope(body)).to.throw(ProtobufFault, message);
    });

  it("reads or refuses whatever comes, and never fails otherwise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeProtobufEnvelope(Buffer.concat([magic, bytes]));
        } catch (error) {
          expect(error).to.be.instanceOf(ProtobufFault);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
