import { expect } from "chai";
import { decodeLogOptions } from "../../../src/testing/kubelet/log-options.ts";

const decode = (query: string) => decodeLogOptions(new URLSearchParams(query));
const plain = { follow: false, previous: false, timestamps: false };

describe("a kubelet's log options", () => {
  const decoded: Readonly<Record<string, object>> = {
    "": {},
    follow: { follow: true },
    "follow=&previous=yes&timestamps=1": { follow: true, previous: true, timestamps: true },
    "follow=0&previous=false&timestamps=False": {},
    "follow=0&follow=1": {},
    "tailLines=3": { tailLines: 3 },
    "tailLines=0": { tailLines: 0 },
    "tailLines=%2B3": { tailLines: 3 },
    "tailLines=9223372036854775807": { tailLines: 2 ** 63 },
    "tail=3": { tailLines: 3 },
    "tail=3&tailLines=4": { tailLines: 3 },
    "tail=all&tailLines=4": {},
    "tail=&tailLines=4": { tailLines: 4 },
    "limitBytes=1": { limitBytes: 1 },
    "sinceSeconds=1": { sinceSeconds: 1 },
    "sinceTime=2026-11-21T10:00:00Z": { sinceTime: Date.UTC(2026, 10, 21, 10) },
    "sinceTime=2026-11-21T10:00:00.5%2B02:00": { sinceTime: Date.UTC(2026, 10, 21, 8, 0, 0, 500) },
    "sinceTime=": { sinceTime: -62_135_596_800_000 },
    "sinceTime=null": { sinceTime: -62_135_596_800_000 },
    "stream=All&tailLines=1": { stream: "All", tailLines: 1 },
    "stream=Stderr": { stream: "Stderr" },
    "unheardOf=1": {},
  };
  for (const [query, options] of Object.entries(decoded))
    it(`are ${JSON.stringify(options)} for ${query || "nothing"}`, () => {
      expect(decode(query)).to.deep.equal({ ...plain, ...options });
    });

  for (const query of [
    "tailLines=",
    "tailLines=x",
    "tailLines=0x10",
    "tailLines=1e3",
    "tailLines=9223372036854775808",
    "tail=x&tailLines=1",
    "limitBytes=1.5",
    "sinceSeconds=",
    "sinceTime=2026-11-21",
    "sinceTime=2026-11-21T10:00:00",
    "sinceTime=2026-13-41T10:00:00Z",
  ])
    it(`cannot be decoded from ${query}`, () => {
      expect(decode(query)).to.deep.equal({ status: 400, message: '{"message": "Unable to decode query."}' });
    });

  for (const query of [
    "tailLines=-1",
    "limitBytes=0",
    "limitBytes=-5",
    "sinceSeconds=0",
    "sinceSeconds=1&sinceTime=2026-11-21T10:00:00Z",
    "sinceSeconds=1&sinceTime=",
    "stream=all",
    "stream=",
    "stream=Stdout&tailLines=1",
  ])
    it(`are invalid with ${query}`, () => {
      expect(decode(query)).to.deep.equal({ status: 422, message: '{"message": "Invalid request."}' });
    });

  it("are not decoded where one cannot be and another is invalid", () => {
    expect(decode("tailLines=-1&limitBytes=x")).to.include({ status: 400 });
  });
});
