import { expect } from "chai";
import { headersFromKubelet, headersToKubelet } from "../../src/kubelet/forwarded-headers.ts";

/** Whatever could be said of who asks, where a body ends, or what a hop does. */
const hostile = [
  ...[
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Set-Cookie",
    "Host",
    "Connection",
    "Keep-Alive",
    "Upgrade",
  ],
  ...[
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Expect",
    "Range",
    "If-Range",
    "If-None-Match",
    "If-Modified-Since",
  ],
  ...["Impersonate-User", "Impersonate-Group", "Impersonate-Extra-x", "X-Remote-User", "X-Remote-Group"],
  ...["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Uri", "Forwarded", "Via", "X-HTTP-Method-Override"],
  ...[
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Location",
    "Refresh",
    "WWW-Authenticate",
    "Warning",
    "Audit-Id",
  ],
  ...[
    "Strict-Transport-Security",
    "Access-Control-Allow-Origin",
    "Content-Security-Policy",
    "Clear-Site-Data",
    "Link",
  ],
  ...["Accept-Encoding ", "Accept\t", "X-Accept", "Content-Type2", "__proto__", ""],
];

describe("forwarded headers", () => {
  it("to a kubelet are three, to the byte and as often as they came", () => {
    const headers = ["accept", "a", "ACCEPT", "b", "Accept-Encoding", "gzip", "User-Agent", "k/1 (\xe4)"];
    expect(headersToKubelet(headers)).to.deep.equal(headers);
  });

  it("from a kubelet are those of its body", () => {
    const headers = [
      ...["Content-Type", "text/plain; version=0.0.4", "Content-Encoding", "gzip", "content-length", "5"],
      ...["Date", "Sat, 21 Nov 2026 20:00:00 GMT", "Last-Modified", "x", "Content-Disposition", "attachment"],
    ];
    expect(headersFromKubelet(headers)).to.deep.equal(headers);
  });

  for (const name of hostile)
    it(`are never ${JSON.stringify(name)}`, () => {
      expect(headersToKubelet([name, "v", "Accept", "a"])).to.deep.equal(["Accept", "a"]);
      expect(headersFromKubelet([name, "v", "Date", "d"])).to.deep.equal(["Date", "d"]);
    });

  it("to a kubelet say nothing of a body", () => {
    expect(
      headersToKubelet(["Content-Length", "5", "Content-Type", "a/b", "Content-Encoding", "gzip"]),
    ).to.deep.equal([]);
  });

  it("are complete pairs", () => {
    expect(headersToKubelet(["Accept"])).to.deep.equal([]);
    expect(headersToKubelet([])).to.deep.equal([]);
  });
});
