import { expect } from "chai";
import { type RunningProcess, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import { configurationText, createServerFolder, type ServerFolder } from "../server/webhooks/server-rig.ts";
import { until } from "../until.ts";

/** An address where nobody is: connecting is refused at once. */
const nobody = "https://127.0.0.1:1";

describe("probes while the API server is away", function () {
  // processes that start on a busy machine
  this.timeout(60_000);
  let folder: ServerFolder;
  let child: RunningProcess | undefined;
  beforeEach(() => {
    folder = createServerFolder();
    folder.write(
      "kubeconfig",
      JSON.stringify({
        "current-context": "a",
        contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
        clusters: [{ name: "a", cluster: { server: nobody } }],
        users: [{ name: "a", user: { token: "t" } }],
      }),
    );
  });
  afterEach(async () => {
    await child?.stop();
    folder.remove();
  });

  const start = async (command: string, configuration: string, ...args: readonly string[]) => {
    const file = folder.write(`${command}.json`, configuration);
    child = startProcess({
      command: process.execPath,
      args: ["src/commands/countersign.cts", command, "--config", file, ...args],
    });
    const port = await poll("its port", () => /"adminPort":(\d+)\}$/m.exec(child!.output())?.[1]);
    return async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
  };
  const configurations: Readonly<Record<string, () => Promise<Awaited<ReturnType<typeof start>>>>> = {
    serve: () =>
      start(
        "serve",
        configurationText({ issuers: [{ name: "cluster" }] }),
        "--kubeconfig",
        `${folder.path}/kubeconfig`,
      ),
    agent: () =>
      start(
        "agent",
        JSON.stringify({
          apiVersion: "countersign.dev/v1alpha1",
          kind: "AgentConfiguration",
          serviceAccount: { namespace: "a", name: "b" },
          apiGroup: "*",
          cluster: { kubeconfigFile: "kubeconfig" },
          tokenFiles: [{ host: "svc.ns.svc:443", file: "tokens/svc" }],
          admin: { port: 0 },
        }),
      ),
  };
  const waitsFor: Readonly<Record<string, string>> = { serve: "issuer-cluster", agent: "configurations" };

  for (const [command, run] of Object.entries(configurations))
    describe(`of ${command}`, () => {
      it("let it start and live: nothing outside it ends it", async () => {
        const get = await run();
        for (const path of ["/livez", "/livez?verbose", "/healthz"])
          expect((await get(path)).status, path).to.equal(200);
        expect((await get("/livez")).text).to.equal("ok");
      });

      it("say what it waits for, the reason in the log, and are asked without it", async () => {
        const get = await run();
        const { status, text } = await get("/readyz");
        expect([status, text]).to.deep.equal([500, (await get("/readyz?verbose")).text]);
        expect(text).to.match(new RegExp(`^\\[-\\]${waitsFor[command]} failed: reason withheld$`, "m"));
        expect(text).to.match(/^\[\+\]ping ok$/m);
        expect((await get(`/readyz/${waitsFor[command]}`)).status).to.equal(500);
        expect((await get("/readyz/ping")).status).to.equal(200);
        await until(() => child!.output().includes('"msg":"readyz check failed"'));
        const excluded = await get(`/readyz?exclude=${waitsFor[command]}&verbose`);
        expect(excluded.text).to.include(`[+]${waitsFor[command]} excluded: ok`);
      });

      it("do not keep it from ending", async () => {
        await run();
        child!.signal("SIGTERM");
        expect(await child!.exited()).to.equal(0);
      });
    });
});
