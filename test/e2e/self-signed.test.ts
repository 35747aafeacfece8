import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { expect } from "chai";
import type { ApiClient } from "../rig/api-client.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";
import {
  adminClient,
  caBundles,
  configurationOf,
  configurationPath,
  createWatched,
  name,
  namespace,
  prepareCluster,
  type Replica,
  serviceName,
  startReplica,
  untilReady,
} from "./self-signed-cluster.ts";

const secretPath = `/api/v1/namespaces/${namespace}/secrets/${name}`;
/** A CA is replaced 30 s after it was made, a certificate after 15 s. */
const shortLives = { caValidity: "50s", certificateValidity: "35s", renewBefore: "20s" };

await describeWith(
  ["kube-apiserver 1.37"],
  "certificates that a server makes itself, on kube-apiserver 1.37",
  () => {
    let controlPlane: RealControlPlane;
    let admin: ApiClient;
    let kubeconfig: string;
    let replicas: Replica[];
    beforeEach(async () => {
      controlPlane = await startRealControlPlane({});
      admin = adminClient(controlPlane);
      replicas = [];
      kubeconfig = await prepareCluster(controlPlane);
      await admin.post("/api/v1/namespaces", { metadata: { name: "watched" } });
    });
    afterEach(async () => {
      await Promise.all(replicas.map(({ process }) => process.stop()));
      admin?.close();
      await controlPlane?.stop();
    });
    const start = async (count: number, lives = {}): Promise<void> => {
      replicas = await Promise.all(
        Array.from({ length: count }, () => startReplica(controlPlane, kubeconfig, lives)),
      );
    };
    const ports = () => replicas.map(({ port }) => port);
    const kubectl = async (args: readonly string[], input: unknown): Promise<string> => {
      const { code, stdout, stderr } = await controlPlane.kubectl(args, JSON.stringify(input));
      expect(code, stderr).to.equal(0);
      return stdout.trim();
    };
    const secretTexts = async (): Promise<Readonly<Record<string, string>>> => {
      const { data = {} } = (await admin.get(secretPath)).body as { data?: Record<string, string> };
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
      );
    };
    const untilPublished = () =>
      poll("every webhook to trust the same bundle", async () => {
        const [bundle = "", ...others] = await caBundles(admin);
        return bundle !== "" && others.every((other) => other === bundle) ? bundle : undefined;
      });
    const untilAdmitted = () =>
      poll(
        "a ConfigMap to be admitted by all",
        async () => (await createWatched(admin)).status === 201 || undefined,
      );

    for (const count of [2, 5])
      it(`are one for ${count} replicas that start at once, with no more rights than the chart grants`, async () => {
        await start(count);
        await admin.post(configurationPath.replace(/\/[^/]*$/, ""), configurationOf(ports()));
        await untilReady(replicas);
        const bundle = await untilPublished();
        const texts = await secretTexts();
        expect(bundle).to.equal(texts["ca.crt"]);
        expect(bundle.match(/BEGIN CERTIFICATE/g)).to.have.length(1);
        for (const port of ports()) expect(await shakeHands(port, bundle)).to.equal(texts["tls.crt"]);
        await untilAdmitted();
        const created = await Promise.all(
          replicas.map(({ metric }) => metric("countersign_self_signed_changes_total")),
        );
        expect(created.reduce((sum, each) => sum + each)).to.equal(1);
      });

    it("are renewed, CA and all, while every call by kube-apiserver and every new connection goes well", async () => {
      await start(2, shortLives);
      await admin.post(configurationPath.replace(/\/[^/]*$/, ""), configurationOf(ports()));
      await untilReady(replicas);
      await untilAdmitted();
      const failures: string[] = [];
      const seen = new Set<string>();
      let [calls, connections, stopped] = [0, 0, false];
      const call = async (): Promise<void> => {
        while (!stopped) {
          const { status, text } = await createWatched(admin);
          if (status === 201) calls++;
          else failures.push(text);
        }
      };
      const shake = async (index: number): Promise<void> => {
        while (!stopped)
          try {
            const bundle = (await caBundles(admin))[index]!;
            seen.add(await shakeHands(ports()[index]!, bundle));
            connections++;
          } catch (error) {
            failures.push((error as Error).message);
          }
      };
      const load = Promise.all([call(), shake(0), shake(1)]);
      const issuers = () => new Set([...seen].map((certificate) => new X509Certificate(certificate).issuer));
      await poll("certificates of three CAs", () => issuers().size >= 3 || failures.length > 0 || undefined, {
        timeoutMs: 150_000,
      });
      const reached = calls;
      await poll("calls after it", () => calls > reached + 50 || undefined);
      stopped = true;
      await load;
      expect(failures).to.deep.equal([]);
      expect(connections).to.be.above(50);
      expect(seen.size).to.be.above(3);
      expect(
        (await Promise.all(replicas.map(({ readyz }) => readyz()))).map(({ status }) => status),
      ).to.deep.equal([200, 200]);
      process.stdout.write(
        `      ${calls} calls, ${connections} connections, ${seen.size} certificates, ${issuers().size} CAs\n`,
      );
    }).timeout(240_000);

    it("are replaced when an operator asks for it, and the old CA is trusted no more", async () => {
      await start(2, { renewBefore: "20s" });
      await admin.post(configurationPath.replace(/\/[^/]*$/, ""), configurationOf(ports()));
      await untilReady(replicas);
      await untilAdmitted();
      const before = await untilPublished();
      let stopped = false;
      const refused: string[] = [];
      const load = (async () => {
        while (!stopped) {
          const { status, text } = await createWatched(admin);
          if (status !== 201) refused.push(text);
        }
      })();
      // certificates say whole seconds: what was made in this one could be meant or not
      const instant = new Date(Date.now() + 1000).toISOString();
      await kubectl(
        ["annotate", "secret", name, "-n", namespace, `countersign.dev/rotate-after=${instant}`],
        "",
      );
      const after = await poll(
        "a bundle without the old CA",
        async () => {
          const [bundle = ""] = await caBundles(admin);
          return bundle !== "" && !bundle.includes(before) ? bundle : undefined;
        },
        { timeoutMs: 60_000 },
      );
      stopped = true;
      await load;
      expect(refused).to.deep.equal([]);
      expect(after).to.equal((await secretTexts())["ca.crt"]);
      for (const port of ports()) await shakeHands(port, after);
      const old = await shakeHands(ports()[0]!, before).catch((error: Error) => error.message);
      expect(old).to.match(/unable to verify|self-signed|issuer/);
    });

    it("are published again where the configuration is made anew, and leave its author alone", async () => {
      await start(1);
      const both = [...ports(), 1];
      const applied = (given: object) => kubectl(["apply", "-f", "-"], given);
      await applied(configurationOf(both));
      await untilReady(replicas);
      const bundle = await untilPublished();
      expect(await applied(configurationOf(both))).to.match(/ unchanged$/);
      expect(await applied(configurationOf(ports()))).to.match(/ configured$/);
      expect(await caBundles(admin)).to.deep.equal([bundle]);
      await admin.delete(configurationPath);
      await applied(configurationOf(ports()));
      expect(await untilPublished()).to.equal(bundle);
      await untilAdmitted();
      await kubectl(["replace", "-f", "-"], configurationOf(ports()));
      expect(await untilPublished()).to.equal(bundle);
    });

    it("let whoever applies on the server's side take a webhook away again", async () => {
      await start(1);
      const both = [...ports(), 1];
      const applied = (given: object) =>
        kubectl(["apply", "--server-side", "--field-manager=deployer", "-f", "-"], given);
      await applied(configurationOf(both));
      await untilReady(replicas);
      const bundle = await untilPublished();
      const version = async () =>
        ((await admin.get(configurationPath)).body as { metadata: { resourceVersion: string } }).metadata
          .resourceVersion;
      const before = await version();
      await applied(configurationOf(both));
      expect(await version()).to.equal(before);
      await applied(configurationOf(ports()));
      expect(await caBundles(admin)).to.deep.equal([bundle]);
    });

    it("are the same after the Secret was deleted and made anew, empty", async () => {
      await start(2);
      await admin.post(configurationPath.replace(/\/[^/]*$/, ""), configurationOf(ports()));
      await untilReady(replicas);
      const before = await secretTexts();
      expect((await admin.delete(secretPath)).status).to.equal(200);
      // no replica may make one, so nothing is left behind by who uninstalls; all serve on
      const forbidden = /cannot create resource \\"secrets\\"/;
      await poll("the refusal in the log", () => forbidden.test(replicas[0]!.process.output()) || undefined);
      expect((await createWatched(admin)).status).to.equal(201);
      await admin.post(secretPath.replace(/\/[^/]*$/, ""), { metadata: { name } });
      await poll(
        "what is in use to be written again",
        async () => (await secretTexts())["ca.key"] === before["ca.key"] || undefined,
      );
      expect((await secretTexts())["tls.crt"]).to.equal(before["tls.crt"]);
      await untilAdmitted();
    });

    it("outlast a kube-apiserver that is away, and are found again by one that is back", async () => {
      await start(1);
      await admin.post(configurationPath.replace(/\/[^/]*$/, ""), configurationOf(ports()));
      await untilReady(replicas);
      const bundle = await untilPublished();
      await controlPlane.halt();
      await shakeHands(ports()[0]!, bundle);
      expect((await replicas[0]!.readyz()).status).to.equal(200);
      const late = await startReplica(controlPlane, kubeconfig);
      replicas.push(late);
      await poll(
        "the late one to say that it is not ready",
        async () => (await late.readyz()).status === 500 || undefined,
      );
      expect((await late.readyz()).text).to.include("[-]certificate failed");
      await controlPlane.restart({});
      await untilReady(replicas);
      expect(await shakeHands(late.port, bundle)).to.equal((await secretTexts())["tls.crt"]);
    });
  },
);

/** The certificate that is served, verified by the bundle for the Service's name. */
function shakeHands(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: serviceName, ca });
    socket.once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()!.toString());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
