import { expect } from "chai";
import fc from "fast-check";
import {
  asksForInsecureBackend,
  decodePodLogOptions,
  encodePodLogOptions,
} from "../../src/kubelet/pod-log-options.ts";

const decode = (query: string) => decodePodLogOptions(new URLSearchParams(query));
const none = {
  ...{
    container: "",
    follow: false,
    previous: false,
    timestamps: false,
    insecureSkipTLSVerifyBackend: false,
  },
  ...{ sinceSeconds: undefined, sinceTime: undefined, tailLines: undefined, limitBytes: undefined },
  stream: undefined,
};

describe("the options of a pod's log", () => {
  it("are none where none are said, and what is not known is not looked at", () => {
    for (const query of ["", "pretty=true", "Follow=true&tailLine=x&FOLLOW"])
      expect(decode(query)).to.deep.equal(none);
  });

  it("are what kubectl sends", () => {
    const query =
      "container=app&follow=true&insecureSkipTLSVerifyBackend=true&limitBytes=100&previous=true&sinceSeconds=300&tailLines=7&timestamps=true";
    expect(decode(query)).to.deep.equal({
      ...{ container: "app", follow: true, previous: true, timestamps: true },
      ...{ insecureSkipTLSVerifyBackend: true, limitBytes: 100n, sinceSeconds: 300n, tailLines: 7n },
      ...{ sinceTime: undefined, stream: undefined },
    });
    expect(decode("sinceTime=2024-08-30T06%3A00%3A00Z").sinceTime).to.equal("2024-08-30T06:00:00Z");
  });

  describe("that are booleans", () => {
    const names = ["follow", "previous", "timestamps", "insecureSkipTLSVerifyBackend"] as const;
    for (const [text, value] of [
      ["=true", true],
      ["=True", true],
      ["=1", true],
      ["", true],
      ["=", true],
      ["=no", true],
      ["=00", true],
      ["=%20false", true],
      ["=0", false],
      ["=false", false],
      ["=False", false],
      ["=FALSE", false],
    ] as const)
      it(`are ${value} for ${JSON.stringify(text)}`, () => {
        for (const name of names) expect(decode(`${name}${text}`)[name], name).to.equal(value);
      });

    it("are the first of several", () => {
      for (const name of names) {
        expect(decode(`${name}=false&${name}=true`)[name], name).to.equal(false);
        expect(decode(`${name}&${name}=false`)[name], name).to.equal(true);
      }
    });
  });

  it("ask for the insecure backend in one reading, whoever asks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("=true", "=0", "=FALSE", "", "=", "=x"), { maxLength: 3 }),
        (texts) => {
          const query = new URLSearchParams(
            texts.map((text) => `insecureSkipTLSVerifyBackend${text}`).join("&"),
          );
          expect(asksForInsecureBackend(query)).to.equal(
            decodePodLogOptions(query).insecureSkipTLSVerifyBackend,
          );
        },
      ),
    );
  });

  describe("that are numbers", () => {
    const names = ["sinceSeconds", "tailLines", "limitBytes"] as const;
    for (const [text, value] of [
      ["0", 0n],
      ["-1", -1n],
      ["%2B5", 5n],
      ["007", 7n],
      ["9223372036854775807", 9223372036854775807n],
      ["-9223372036854775808", -9223372036854775808n],
      ["5&tailLines=x", 5n],
    ] as const)
      it(`are ${value} for ${text}`, () => {
        expect(decode(`tailLines=${text}`).tailLines).to.equal(value);
      });

    for (const [text, why] of [
      ["", 'parsing "": invalid syntax'],
      ["x", 'parsing "x": invalid syntax'],
      ["1e3", 'parsing "1e3": invalid syntax'],
      ["1_000", 'parsing "1_000": invalid syntax'],
      ["0x10", 'parsing "0x10": invalid syntax'],
      ["+5", 'parsing " 5": invalid syntax'],
      ["1.0", 'parsing "1.0": invalid syntax'],
      ["--1", 'parsing "--1": invalid syntax'],
      ["9223372036854775808", 'parsing "9223372036854775808": value out of range'],
      ["-9223372036854775809", 'parsing "-9223372036854775809": value out of range'],
    ] as const)
      it(`are refused for ${JSON.stringify(text)}, in Go's words`, () => {
        for (const name of names)
          expect(() => decode(`${name}=${text}`))
            .to.throw(`strconv.ParseInt: ${why}`)
            .with.property("answer")
            .that.includes({ code: 400, reason: "BadRequest" });
      });
  });

  describe("at the kubelet", () => {
    for (const [query, sent] of [
      ["", ""],
      ["container=app&insecureSkipTLSVerifyBackend=true", ""],
      ["follow=0&previous=false", ""],
      [
        "timestamps&tailLines=007&sinceTime=2024-08-30T08:00:00%2B02:00&previous=1&limitBytes=%2B5&follow&container=a",
        "?follow=true&limitBytes=5&previous=true&sinceTime=2024-08-30T06%3A00%3A00Z&tailLines=7&timestamps=true",
      ],
      ["sinceSeconds=9223372036854775807&pretty=true", "?sinceSeconds=9223372036854775807"],
      ["tailLines=0", "?tailLines=0"],
    ] as const)
      it(`${JSON.stringify(query)} is ${JSON.stringify(sent)}`, () => {
        expect(encodePodLogOptions(decode(query))).to.equal(sent);
      });
  });
});
