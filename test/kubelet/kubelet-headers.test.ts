import { expect } from "chai";
import { exchangeHeaders, upgradeHeaders } from "../../src/kubelet/kubelet-headers.ts";

const peer = { nodeName: "n1", host: "10.0.0.5", port: 10250 };

describe("a request's head", () => {
  it("names the kubelet's address, in brackets where it is IPv6", () => {
    const head = (host: string): string[] =>
      exchangeHeaders({ ...peer, host }, { method: "GET", headers: ["Host", "x"] });
    expect(head("10.0.0.5")).to.deep.equal(["Host", "10.0.0.5:10250"]);
    expect(head("fd00::5")).to.deep.equal(["Host", "[fd00::5]:10250"]);
  });

  it("frames the body that was read, whatever framed it before", () => {
    const headers = [
      "Content-Length",
      "9",
      "transfer-encoding",
      "chunked",
      "Content-Type",
      "a/b",
      "content-type",
      "c/d",
    ];
    expect(
      exchangeHeaders(peer, { method: "POST", headers, body: Buffer.from("12") }).slice(2),
    ).to.deep.equal([...["Content-Type", "a/b", "Content-Length", "2"]]);
    for (const [method, framing] of [
      ["GET", []],
      ["HEAD", []],
      ["POST", ["Content-Length", "0"]],
    ] as const)
      expect(exchangeHeaders(peer, { method, headers }).slice(2)).to.deep.equal(framing);
  });
});

describe("an upgrade's head", () => {
  it("asks for the one protocol, with what belongs to it", () => {
    const headers = [
      ...[
        "Connection",
        "keep-alive, Upgrade",
        "Upgrade",
        "websocket",
        "Sec-WebSocket-Key",
        "a2V5",
        "Cookie",
        "c",
      ],
      ...["Sec-WebSocket-Version", "13", "sec-websocket-protocol", "v5.channel.k8s.io, v4.channel.k8s.io"],
      ...[
        "Authorization",
        "Bearer x",
        "Origin",
        "https://evil.example",
        "User-Agent",
        "kubectl",
        "Content-Length",
        "5",
      ],
    ];
    expect(upgradeHeaders(peer, { method: "GET", headers })).to.deep.equal([
      ...["Host", "10.0.0.5:10250", "Connection", "Upgrade", "Upgrade", "websocket", "User-Agent", "kubectl"],
      ...["Sec-WebSocket-Key", "a2V5", "Sec-WebSocket-Version", "13"],
      ...["Sec-WebSocket-Protocol", "v5.channel.k8s.io, v4.channel.k8s.io"],
    ]);
  });

  it("asks for SPDY with every version that was offered", () => {
    const headers = [
      "Upgrade",
      "SPDY/3.1",
      "X-Stream-Protocol-Version",
      "v5",
      "X-Stream-Protocol-Version",
      "v4",
    ];
    expect(upgradeHeaders(peer, { method: "GET", headers }).slice(4)).to.deep.equal(headers);
  });

  it("says that there is no body, where the method could have one", () => {
    const headers = ["Upgrade", "SPDY/3.1", "Content-Length", "5", "Transfer-Encoding", "chunked"];
    expect(upgradeHeaders(peer, { method: "POST", headers }).slice(6)).to.deep.equal(["Content-Length", "0"]);
  });

  it("never holds a bearer token, in whatever header the protocols came", () => {
    const token = "base64url.bearer.authorization.k8s.io.c2VjcmV0";
    for (const headers of [
      ["Upgrade", "websocket", "Sec-WebSocket-Protocol", `v4.channel.k8s.io, ${token}`],
      ["Upgrade", "websocket", "Sec-WebSocket-Protocol", `${token},v4.channel.k8s.io`],
      [
        "Upgrade",
        "websocket",
        "Sec-WebSocket-Protocol",
        "v4.channel.k8s.io",
        "SEC-WEBSOCKET-PROTOCOL",
        token,
      ],
    ])
      expect(upgradeHeaders(peer, { method: "GET", headers }).slice(6)).to.deep.equal([
        "Sec-WebSocket-Protocol",
        "v4.channel.k8s.io",
      ]);
    const alone = ["Upgrade", "websocket", "Sec-WebSocket-Protocol", token];
    expect(upgradeHeaders(peer, { method: "GET", headers: alone }).slice(6)).to.deep.equal([]);
  });

  for (const headers of [
    [],
    ["Upgrade", "h2c"],
    ["Upgrade", "websocket, h2c"],
    ["Upgrade", "websocket", "Upgrade", "SPDY/3.1"],
  ])
    it(`is refused for ${JSON.stringify(headers)}`, () => {
      expect(() => upgradeHeaders(peer, { method: "GET", headers }))
        .to.throw()
        .with.property("answer")
        .that.includes({ code: 400, reason: "BadRequest" });
    });
});
