import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { isTestHook, one, type RenderedObject, release, render } from "../charts/helm.ts";
import type { Finished } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { serviceAccountKubeconfig } from "../rig/service-account-kubeconfig.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { runCountersign } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";
import { type ServeProcess, startServe } from "./serve-process.ts";

/**
 * What the pods of `helm test` run, run here: their arguments, their ServiceAccount and its grants, against the rendered
 * self-test route. Only the addresses are this machine's.
 */
for (const attestations of [true, false])
  await describeWith(
    ["helm", "kube-apiserver 1.37"],
    `the chart's own test, with the gate ${attestations ? "on" : "off"}`,
    () => {
      let plane: RealControlPlane;
      let serve: ServeProcess;
      let objects: readonly RenderedObject[];
      let kubeconfig: string;
      let port: number;
      before(async () => {
        plane = await startRealControlPlane({ attestations });
        port = await freePort();
        const caBundle = "-----BEGIN CERTIFICATE-----";
        const existingSecret = { name: "serving", caBundle };
        // an injector's place is taken below, where the server's CA is known
        objects = await render({ tls: { mode: "existingSecret", existingSecret } });
        const { webhooks } = parse(one(objects, "ConfigMap").data["server.yaml"]);
        serve = await startServe({
          ...{ folder: plane.folder, names: [`${release.name}.${release.namespace}.svc`], port },
          ...{ issuers: [{ name: "cluster" }], kubeconfig: plane.kubeconfigFile },
          webhooks: webhooks.map((webhook: object) => ({ ...webhook, policy: { file: "self-test.ts" } })),
          policies: {
            "self-test.ts": one(objects, "ConfigMap", "countersign-policies").data["self-test.ts"],
          },
        });
        const kubectl = strictKubectl(plane);
        await kubectl(["create", "namespace", release.namespace]);
        const configuration = one(objects, "ValidatingWebhookConfiguration");
        for (const webhook of configuration.webhooks) webhook.clientConfig.caBundle = serve.caBundle;
        const items = [
          configuration,
          ...objects.filter((object) => isTestHook(object) && object.kind !== "Pod"),
        ];
        await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items });
        kubeconfig = await serviceAccountKubeconfig(
          { namespace: release.namespace, name: "countersign-test" },
          plane,
        );
      });
      after(async () => {
        await serve?.stop();
        await plane?.stop();
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

      it("is answered without a token, and shown that enforcing would refuse it", async () => {
        const { code, stdout, stderr } = await runPod("countersign-test-without-token");
        expect(code, stdout + stderr).to.equal(0);
        expect(stdout)
          .to.match(/VERDICT +allowed\n/)
          .and.match(/CREDENTIALS +none\n/)
          .and.match(/WARNING +the caller did not prove who it is: mode enforce would refuse it\n/);
        expect(await serve.metrics()).to.match(
          /^countersign_authentication_total\{.*path="\/self-test".*result="would_refuse".*\} 1$/m,
        );
      });

      if (attestations)
        it("is accepted with an attested token, by its name", async () => {
          const { code, stdout, stderr } = await runPod("countersign-test-with-token");
          expect(code, stdout + stderr).to.equal(0);
          expect(stdout)
            .to.match(/CREDENTIALS +requestedToken\n/)
            .and.match(
              /WARNING +the caller is system:serviceaccount:countersign-system:countersign-test, by webhookToken\n/,
            );
        });
      else
        it("says that there are no such tokens, and passes", async () => {
          const { code, stdout } = await runPod("countersign-test-with-token");
          expect(code).to.equal(0);
          expect(stdout).to.match(/^not called: .*APIServerWebhookAuthenticationToken/);
        });

      if (attestations)
        it("fails where the token cannot be had for another reason, and says which", async () => {
          const attest = ["--type=json", "-p", JSON.stringify([{ op: "remove", path: "/rules/1" }])];
          const role = ["clusterrole", `${release.namespace}:countersign-test`];
          await strictKubectl(plane)(["patch", ...role, ...attest]);
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
