import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { createAdminListener } from "../../src/monitoring/admin-listener.ts";
import type { HealthCheck } from "../../src/monitoring/health.ts";

describe("the admin listener", () => {
  let server: Server;
  let url: string;
  let ready = true;
  let metrics = "m 1\n";
  const unhealthy: string[] = [];
  const ping: HealthCheck = { name: "ping", check: () => undefined };
  const shutdown: HealthCheck = {
    name: "shutdown",
    check() {
      if (!ready) throw new Error("shutting down");
    },
  };

  before(async () => {
    server = createAdminListener({
      health: { livez: [ping], readyz: [ping, shutdown] },
      async metrics() {
        if (metrics === "") throw new Error("no metrics");
        return { contentType: "text/plain; version=0.0.4", text: metrics };
      },
      onUnhealthy: (endpoint, failures) => unhealthy.push(`${endpoint} ${[...failures].join()}`),
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const get = async (path: string, method = "GET") => {
    const response = await fetch(`${url}${path}`, { method });
    return {
      status: response.status,
      text: await response.text(),
      type: response.headers.get("content-type"),
    };
  };

  it("serves health as an API server does, each check under its own path as well", async () => {
    expect(await get("/readyz")).to.deep.equal({
      status: 200,
      text: "ok",
      type: "text/plain; charset=utf-8",
    });
    expect((await get("/readyz?verbose")).text).to.contain("[+]shutdown ok");
    expect((await get("/readyz/ping")).text).to.equal("ok");
    expect((await get("/livez")).text).to.equal("ok");
  });

  it("fails readiness with 500 and tells why where it is told, not who asks", async () => {
    ready = false;
    const answer = await get("/readyz");
    expect(answer.status).to.equal(500);
    expect(answer.text).to.not.contain("shutting");
    expect(unhealthy).to.deep.equal(["readyz shutdown,shutting down"]);
    expect((await get("/readyz?exclude=shutdown")).status).to.equal(200);
    expect((await get("/livez")).status).to.equal(200);
    ready = true;
  });

  it("serves metrics", async () => {
    expect(await get("/metrics")).to.deep.equal({
      status: 200,
      text: "m 1\n",
      type: "text/plain; version=0.0.4",
    });
  });

  it("answers when metrics cannot be had", async () => {
    metrics = "";
    expect((await get("/metrics")).status).to.equal(500);
    metrics = "m 1\n";
  });

  for (const path of [
    "/",
    "/debug/pprof",
    "/readyz/absent",
    "/readyz/ping/x",
    "/__proto__",
    "/constructor",
    "/metrics/x",
  ])
    it(`has nothing at ${path}`, async () => {
      expect((await get(path)).status).to.equal(404);
    });

  it("takes no other method", async () => {
    expect((await get("/readyz", "POST")).status).to.equal(405);
    expect((await get("/readyz", "HEAD")).status).to.equal(200);
  });

  it("survives a request target that is no path", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(url, { path: "//" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject).end();
    });
    expect(status).to.equal(404);
  });
});
