import { expect } from "chai";
import { administrator } from "./callers.ts";
import { ask, type Credentials } from "./kubelet-request.ts";
import type { KubeletContract } from "./kubelet-target.ts";

/** What Go's router and go-restful make of a request before, and instead of, a handler. */
export function describePaths(contract: KubeletContract): void {
  describe("paths", () => {
    const asked = async (path: string, method = "GET", credentials?: Credentials) => {
      const who = credentials ?? administrator(contract);
      const { status, headers, text } = await ask(contract.target(), path, who, { method });
      const { location, allow } = headers;
      return {
        status,
        text,
        ...(location !== undefined && { location }),
        ...(allow !== undefined && { allow }),
      };
    };

    const untidy: Readonly<Record<string, string>> = {
      "//exec/a/b/c": "/exec/a/b/c",
      "/metrics/../exec/a/b/c": "/exec/a/b/c",
      "/metrics//../pods": "/pods",
      "/./pods?x=1": "/pods?x=1",
      "/runningpods": "/runningpods/",
      "/logs": "/logs/",
      "/stats": "/stats/",
    };
    for (const [path, location] of Object.entries(untidy))
      it(`redirects ${path} to ${location}, whoever asks`, async () => {
        const text = `<a href="${location}">Temporary Redirect</a>.\n\n`;
        expect(await asked(path, "GET", {})).to.deep.equal({ status: 307, location, text });
      });

    for (const path of [
      "/",
      "/nosuch",
      "/metrics/",
      "/configz/",
      "/healthz/nosuch",
      "/metrics/%2e%2e/pods",
      "/healthz%2f..%2fexec",
    ])
      it(`knows no ${path}, whoever asks`, async () => {
        expect(await asked(path, "GET", {})).to.deep.equal({ status: 404, text: "404 page not found\n" });
      });

    for (const path of [
      "/pods/x",
      "/exec",
      "/exec/",
      "/exec/a/b",
      "/stats/",
      "/debug/pprof/",
      "/containerLogs/a/b",
      "/containerLogs/a%2Fb/c/d",
    ])
      it(`knows no ${path} of those who may`, async () => {
        expect(await asked(path)).to.deep.equal({ status: 404, text: "404: Page Not Found" });
        expect((await asked(path, "GET", {})).status).to.equal(401);
      });

    const methods: readonly (readonly [string, string, string])[] = [
      ["POST", "/pods", "GET"],
      ["HEAD", "/pods", "GET"],
      ["OPTIONS", "/pods", "GET"],
      ["PUT", "/stats/summary", "GET, POST"],
      ["POST", "/runningpods/", "GET"],
      ["POST", "/logs/", "GET"],
      ["POST", "/containerLogs/a/b/c", "GET"],
      ["GET", "/run/a/b/c", "POST"],
      ["GET", "/checkpoint/a/b/c", "POST"],
      ["PUT", "/exec/a/b/c", "GET, POST"],
      ["DELETE", "/attach/a/b/c", "GET, POST"],
      ["PATCH", "/portForward/a/b", "GET, POST"],
    ];
    for (const [method, path, allow] of methods)
      it(`does not ${method} ${path}`, async () => {
        const text = method === "HEAD" ? "" : "405: Method Not Allowed";
        expect(await asked(path, method)).to.deep.equal({ status: 405, text, allow });
      });

    for (const [method, path, text] of [
      ["POST", "/healthz", "ok"],
      ["OPTIONS", "/healthz", "ok"],
      ["PUT", "/healthz/ping", "ok"],
      ["GET", "/%68ealthz", "ok"],
    ] as const)
      it(`takes ${method} ${path}`, async () => {
        expect(await asked(path, method)).to.deep.equal({ status: 200, text });
      });

    it("takes metrics and configuration by any method", async () => {
      for (const path of ["/metrics", "/metrics/cadvisor", "/configz"])
        expect((await asked(path, "POST")).status, path).to.equal(200);
    });

    it("takes a head of 20 KB", async () => {
      const headers = { "X-Long": "x".repeat(20_000) };
      const answered = await asked("/healthz", "GET", { ...administrator(contract), headers });
      expect(answered).to.deep.equal({ status: 200, text: "ok" });
    });

    it("does not take a path that is not escaped as it should be", async () => {
      expect((await asked("/%zz")).status).to.equal(400);
    });

    it("wants a protocol for what is interactive", async () => {
      expect(await asked("/exec/a/b/c")).to.deep.equal({
        status: 400,
        text: "you must specify at least 1 of stdin, stdout, stderr",
      });
      expect(await asked("/portForward/a/b")).to.deep.equal({ status: 404, text: "pod does not exist" });
    });

    it("tells its pods as a list that says its kind, of items that do not", async () => {
      const { text } = await asked("/pods");
      const list = JSON.parse(text) as { items: readonly object[] | null };
      expect(list).to.include({ kind: "PodList", apiVersion: "v1" });
      for (const item of list.items ?? [])
        expect(item)
          .to.include.keys("metadata", "spec", "status")
          .and.not.have.any.keys("kind", "apiVersion");
      expect(text.endsWith("}\n")).to.equal(true);
    });

    it("tells its health in words", async () => {
      const lines = ["[+]ping ok", "[+]log excluded: ok", "[+]syncloop ok", "[+]device-plugin ok"];
      expect(await asked("/healthz?verbose&exclude=log")).to.deep.equal({
        status: 200,
        text: `${[...lines, "healthz check passed"].join("\n")}\n`,
      });
    });

    it("sets the verbosity of its log to a number", async () => {
      const put = async (body: string) => {
        const { status, text } = await ask(contract.target(), "/debug/flags/v", administrator(contract), {
          method: "PUT",
          body,
        });
        return { status, text };
      };
      expect(await put("2")).to.deep.equal({
        status: 200,
        text: "successfully set klog.logging.verbosity to 2\n",
      });
      expect(await put("two")).to.deep.equal({
        status: 400,
        text: 'strconv.ParseUint: parsing "two": invalid syntax\n',
      });
    });
  });
}
