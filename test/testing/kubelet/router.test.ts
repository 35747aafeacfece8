import { expect } from "chai";
import { plain } from "../../../src/testing/kubelet/kubelet-answer.ts";
import { type KubeletMount, parseTarget, route } from "../../../src/testing/kubelet/router.ts";

const handle = () => plain(200, "");
const mounts: readonly KubeletMount[] = [
  { path: "/metrics", handle },
  { path: "/off/", handle },
  { path: "/pods", routes: [{ path: "", methods: ["GET"], handle }] },
  {
    path: "/logs/",
    routes: [
      { path: "", methods: ["GET"], handle },
      { path: "/*", methods: ["GET"], handle },
    ],
  },
  { path: "/exec", routes: [{ path: "/{pod}/{container}", methods: ["GET", "POST"], handle }] },
];

/** What becomes of it, in a word or two. */
async function outcome(path: string, method = "GET"): Promise<string> {
  const destination = route(mounts, method, parseTarget(path)!);
  if ("open" in destination) {
    const { status, headers } = destination.open;
    return `${status}${headers.Location === undefined ? "" : ` ${headers.Location}`}`;
  }
  const { guarded, parameters } = destination;
  const answer = await guarded({
    ...{ method, parameters },
    query: new URLSearchParams(),
    body: "",
    signal: new AbortController().signal,
  });
  const allow = answer.headers.Allow === undefined ? "" : ` allow ${answer.headers.Allow}`;
  const found = Object.entries(parameters).map(([name, value]) => ` ${name}=${value}`);
  return `guarded ${answer.status}${allow}${found.join("")}`;
}

describe("the embedded kubelet's router", () => {
  const rows: Readonly<Record<string, string>> = {
    "/metrics": "guarded 200",
    "/metrics?a=1": "guarded 200",
    "/%6detrics": "guarded 200",
    "/metrics/": "404",
    "/metrics/x": "404",
    "/metricsx": "404",
    "/Metrics": "404",
    "/": "404",
    "//metrics": "307 /metrics",
    "/./metrics?a=1&b=2": "307 /metrics?a=1&b=2",
    "/x/../metrics": "307 /metrics",
    "/metrics/.": "307 /metrics",
    "/off/./": "307 /off/",
    "/metrics/%2e": "404",
    "/metrics%2fx": "404",
    "/off": "307 /off/",
    "/off?a": "307 /off/?a",
    "/off/": "guarded 200",
    "/off/anything/below": "guarded 200",
    "/pods": "guarded 200",
    "/pods/": "guarded 200",
    "/pods/x": "guarded 404",
    "/logs": "307 /logs/",
    "/logs/": "guarded 200",
    "/logs/a": "guarded 200 *=a",
    "/logs/a/b%20c": "guarded 200 *=a/b c",
    "/exec": "guarded 404",
    "/exec/p": "guarded 404",
    "/exec/p/c": "guarded 200 pod=p container=c",
    "/exec/p/c/": "guarded 200 pod=p container=c",
    "/exec/p/c/d": "guarded 404",
    "/exec/p%2fc": "guarded 200 pod=p container=c",
    "/exec/%2f/c": "guarded 404",
    "/exec/%2fc": "guarded 200 pod= container=c",
  };
  for (const [path, expected] of Object.entries(rows))
    it(`${path} is ${expected}`, async () => {
      expect(await outcome(path)).to.equal(expected);
    });

  it("says which methods a path has, where it has another", async () => {
    expect(await outcome("/exec/p/c", "PUT")).to.equal("guarded 405 allow GET, POST");
    expect(await outcome("/pods", "HEAD")).to.equal("guarded 405 allow GET");
    expect(await outcome("/exec/p", "PUT")).to.equal("guarded 404");
  });

  it("asks a handler whatever the method", async () => {
    expect(await outcome("/metrics", "DELETE")).to.equal("guarded 200");
  });

  it("redirects with a text only who can read it", () => {
    const redirect = (method: string) => route(mounts, method, parseTarget('//x?<a>&"')!);
    const location = '/x?<a>&"';
    expect(redirect("POST")).to.deep.equal({
      open: { status: 307, headers: { Location: location }, body: "" },
    });
    expect(redirect("GET")).to.deep.equal({
      open: {
        status: 307,
        headers: { "Content-Type": "text/html; charset=utf-8", Location: location },
        body: '<a href="/x?&lt;a>&amp;&#34;">Temporary Redirect</a>.\n\n',
      },
    });
  });

  it("takes no target that is no path, or not escaped as it should be", () => {
    for (const url of ["", "*", "http://elsewhere/", "pods", "/%", "/%zz", "/%ff"])
      expect(parseTarget(url), url).to.equal(undefined);
    expect(parseTarget("/a%20b?c=%zz")).to.deep.equal({ rawPath: "/a%20b", path: "/a b", search: "?c=%zz" });
  });
});
