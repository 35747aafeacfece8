import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { helm, isTestHook, one, type RenderedObject, release, render, withValues } from "../charts/helm.ts";
import { type Finished, type RunningProcess, startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { serviceAccountKubeconfig } from "../rig/service-account-kubeconfig.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { runCountersign } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { executable } from "./serve-process.ts";

/**
 * What `helm install` with no values brings, without a kubelet: the server is run here, on the configuration that was
 * rendered, as its ServiceAccount; and so are the pods of `helm test`. Only addresses and folders are this machine's.
 */
for (const attestations of [true, false])
  await describeWith(
    ["helm", "kube-apiserver 1.37"],
    `the chart with no values, with the gate ${attestations ? "on" : "off"}`,
    () => {
      let plane: RealControlPlane;
      let kubectl: StrictKubectl;
      let server: RunningProcess;
      let objects: readonly RenderedObject[];
      let kubeconfig: string;
      let port: number;
      let adminPort: number;
      const asServiceAccount = (name: string) =>
        serviceAccountKubeconfig({ namespace: release.namespace, name }, plane);
      const metrics = async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();

      /** The files that the pod has mounted, in the control plane's folder. */
      function writeMounted(): string {
        const { data } = one(objects, "ConfigMap", "countersign-policies");
        for (const [name, text] of Object.entries<string>(data))
          writeFileSync(join(plane.folder, name), text);
        const configuration = parse(one(objects, "ConfigMap").data["server.yaml"]);
        const here = {
          ...configuration,
          listen: { host: "127.0.0.1", port },
          admin: { host: "127.0.0.1", port: adminPort },
          drain: { delay: "0s", timeout: "5s" },
        };
        const file = join(plane.folder, "server.json");
        writeFileSync(file, JSON.stringify(here).replaceAll("/policies/chart/", ""));
        return file;
      }
      before(async () => {
        plane = await startRealControlPlane({ attestations });
        kubectl = strictKubectl(plane);
        [port, adminPort] = [await freePort(), await freePort()];
        objects = await render({});
        const installed = await withValues({}, (args) =>
          helm(["install", release.name, ...args, "-n", release.namespace, "--create-namespace"], {
            KUBECONFIG: plane.kubeconfigFile,
          }),
        );
        expect(installed.code, installed.stderr).to.equal(0);
        const flags = ["--config", writeMounted(), "--kubeconfig", await asServiceAccount(release.name)];
        server = startProcess({ command: process.execPath, args: [executable, "serve", ...flags] });
        await poll("the server to be ready", async () => {
          if (server.exitCode !== undefined) return "ended";
          return (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok ? "ready" : undefined;
        }).catch((cause: unknown) => {
          throw new Error(`the server did not become ready: ${server.output()}`, { cause });
        });
        expect(server.exitCode, server.output()).to.equal(undefined);
        const hooks = objects.filter((object) => isTestHook(object) && object.kind !== "Pod");
        await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items: hooks });
        kubeconfig = await asServiceAccount("countersign-test");
      });
      after(async () => {
        await server?.stop(10_000);
        await plane?.stop();
      });

      it("has given its configuration the CA it made, with no more grants than were rendered", async () => {
        const bundle = "jsonpath={.webhooks[0].clientConfig.caBundle}";
        const written = await poll("caBundle to be written", async () => {
          const text = await kubectl(["get", "validatingwebhookconfiguration", release.name, "-o", bundle]);
          return text === "" ? undefined : text;
        });
        const kept = "jsonpath={.data['ca\\.crt']}";
        const secret = ["secret", "countersign-tls", "-n", release.namespace, "-o", kept];
        expect(await kubectl(["get", ...secret])).to.equal(written);
        expect(await metrics()).to.not.match(/^countersign_self_signed_failures_total\{.*\} [1-9]/m);
      });

      /** A pod's one command. */
      async function runPod(name: string): Promise<Finished> {
        const [{ args }] = one(objects, "Pod", name).spec.containers;
        const { data } = objects.find(
          ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "countersign-test",
        )!;
        for (const [file, text] of Object.entries<string>(data))
          writeFileSync(join(plane.folder, file), text);
        const here = args.map((arg: string) =>
          arg
            .replace("/self-test/", `${plane.folder}/`)
            .replace("[$(COUNTERSIGN_SERVICE_HOST)]:443", `[127.0.0.1]:${port}`),
        );
        return runCountersign(kubeconfig, here);
      }

      it("its test is answered without a token, and shown that enforcing would refuse it", async () => {
        const { code, stdout, stderr } = await runPod("countersign-test-without-token");
        expect(code, stdout + stderr).to.equal(0);
        expect(stdout)
          .to.match(/VERDICT +allowed\n/)
          .and.match(/CREDENTIALS +none\n/)
          .and.match(/WARNING +the caller did not prove who it is: mode enforce would refuse it\n/);
        expect(await metrics()).to.match(
          /^countersign_authentication_total\{.*path="\/self-test".*result="would_refuse".*\} 1$/m,
        );
      });

      if (attestations)
        it("its test is accepted with an attested token, by its name", async () => {
          const { code, stdout, stderr } = await runPod("countersign-test-with-token");
          expect(code, stdout + stderr).to.equal(0);
          expect(stdout)
            .to.match(/CREDENTIALS +requestedToken\n/)
            .and.match(
              /WARNING +the caller is system:serviceaccount:countersign-system:countersign-test, by webhookToken\n/,
            );
        });
      else
        it("its test says that there are no such tokens, and passes", async () => {
          const { code, stdout } = await runPod("countersign-test-with-token");
          expect(code).to.equal(0);
          expect(stdout).to.match(/^not called: .*APIServerWebhookAuthenticationToken/);
        });

      if (attestations)
        it("its test fails where the token cannot be had for another reason, and says which", async () => {
          const attest = ["--type=json", "-p", JSON.stringify([{ op: "remove", path: "/rules/1" }])];
          const role = ["clusterrole", `${release.namespace}:countersign-test`];
          await kubectl(["patch", ...role, ...attest]);
          // the API server sees a changed role a moment later
          const { stdout } = await poll("the grant to be gone", async () => {
            const finished = await runPod("countersign-test-with-token");
            return finished.code === 1 ? finished : undefined;
          });
          expect(stdout)
            .to.match(
              /VERDICT +denied \(403\): .*the self-test was to be called by a caller that is accepted\n/,
            )
            .and.match(/NO TOKEN +ERR_TOKEN_REQUEST_ATTEST: /);
        });
    },
  );
