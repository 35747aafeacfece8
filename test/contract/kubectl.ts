import { expect } from "chai";
import type { Finished } from "../rig/child-process.ts";

export interface KubectlTarget {
  kubectl(args: readonly string[], input?: string): Promise<Finished>;
  stop(): Promise<void>;
}

export interface KubectlTargetKind {
  readonly name: string;
  start(): Promise<KubectlTarget>;
}

const namespace = "kubectl";

/** What real kubectl 1.37 needs of a server: discovery, OpenAPI, Tables, watches that begin with what is there. */
export function describeKubectl(kind: KubectlTargetKind): void {
  let target: KubectlTarget;
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await target.kubectl(["-n", namespace, ...args]);
    expect(code, stderr).to.equal(0);
    return stdout.trim();
  };
  const withInput = async (input: unknown, ...args: readonly string[]): Promise<Finished> =>
    target.kubectl(["-n", namespace, ...args], JSON.stringify(input));
  const configMap = (name: string, data: object) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data,
  });

  describe(`kubectl 1.37 against ${kind.name}`, () => {
    before(async function () {
      this.timeout(180_000);
      target = await kind.start();
      expect((await target.kubectl(["create", "namespace", namespace])).stdout).to.equal(
        `namespace/${namespace} created\n`,
      );
    });
    after(async () => {
      await target?.stop();
    });

    it("reads the server's version", async () => {
      expect(await kubectl("version")).to.match(/Server Version: v1\.37\./);
    });

    it("creates a Deployment and shows it in a table", async () => {
      expect(
        await kubectl("create", "deployment", "web", "--image=registry.example.com/web:1", "--replicas=2"),
      ).to.equal("deployment.apps/web created");
      const [header, row] = (await kubectl("get", "deployments")).split("\n");
      expect(header!.split(/\s{2,}/)).to.deep.equal(["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]);
      expect(row!.split(/\s{2,}/).slice(0, 4)).to.deep.equal(["web", "0/2", "0", "0"]);
    });

    it("gets an object as JSON, and by short name, label and field path", async () => {
      expect(await kubectl("get", "deploy", "-l", "app=web", "-o", "name")).to.equal("deployment.apps/web");
      expect(
        await kubectl("get", "deployment/web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"),
      ).to.equal("registry.example.com/web:1");
      expect(JSON.parse(await kubectl("get", "deployment/web", "-o", "json"))).to.include({
        apiVersion: "apps/v1",
        kind: "Deployment",
      });
    });

    it("applies: created, unchanged, configured", async () => {
      const apply = async (data: object) =>
        (await withInput(configMap("applied", data), "apply", "-f", "-")).stdout.trim();
      expect(await apply({ a: "1" })).to.equal("configmap/applied created");
      expect(await apply({ a: "1" })).to.equal("configmap/applied unchanged");
      expect(await apply({ b: "2" })).to.equal("configmap/applied configured");
      expect(
        JSON.parse(await kubectl("get", "configmap", "applied", "-o", "jsonpath={.data}")),
      ).to.deep.equal({ b: "2" });
    });

    it("labels, annotates and patches", async () => {
      await withInput(configMap("edited", { a: "1" }), "create", "-f", "-");
      expect(await kubectl("label", "configmap", "edited", "tier=front")).to.equal(
        "configmap/edited labeled",
      );
      expect(await kubectl("annotate", "configmap", "edited", "note=kept")).to.equal(
        "configmap/edited annotated",
      );
      expect(
        await kubectl("patch", "configmap", "edited", "--type=merge", "-p", '{"data":{"b":"2"}}'),
      ).to.equal("configmap/edited patched");
      expect(JSON.parse(await kubectl("get", "configmap", "edited", "-o", "json"))).to.containSubset({
        metadata: { labels: { tier: "front" }, annotations: { note: "kept" } },
        data: { a: "1", b: "2" },
      });
    });

    it("deletes and waits until it is gone", async () => {
      await withInput(configMap("deleted", {}), "create", "-f", "-");
      expect(await kubectl("delete", "configmap", "deleted")).to.match(
        /^configmap "deleted" deleted( from kubectl namespace)?$/,
      );
      const { code, stderr } = await target.kubectl(["-n", namespace, "get", "configmap", "deleted"]);
      expect([code, stderr]).to.deep.equal([
        1,
        'Error from server (NotFound): configmaps "deleted" not found\n',
      ]);
    });

    it("creates a Node and shows it in a table, wide and by short name", async () => {
      const node = {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: "seven", labels: { "node-role.kubernetes.io/worker": "" } },
        status: { addresses: [{ type: "InternalIP", address: "192.0.2.7" }] },
      };
      expect((await withInput(node, "create", "-f", "-")).stdout).to.equal("node/seven created\n");
      const rowsOf = async (...args: readonly string[]) => (await kubectl("get", "no", ...args)).split("\n");
      const [header, row] = await rowsOf();
      expect(header!.split(/\s{2,}/)).to.deep.equal(["NAME", "STATUS", "ROLES", "AGE", "VERSION"]);
      expect(row!.split(/\s+/).slice(0, 3)).to.deep.equal(["seven", "Unknown", "worker"]);
      expect((await rowsOf("-o", "wide"))[1]).to.match(
        /192\.0\.2\.7 +<none> +<unknown> +<unknown> +<unknown>$/,
      );
      expect(await kubectl("cordon", "seven")).to.equal("node/seven cordoned");
      expect((await rowsOf())[1]).to.match(/^seven +Unknown,SchedulingDisabled /);
      expect(await kubectl("delete", "node", "seven")).to.match(/^node "seven" deleted$/);
    });

    it("waits for a condition on an object", async () => {
      await withInput(configMap("waited", { ready: "yes" }), "create", "-f", "-");
      expect(
        await kubectl("wait", "configmap/waited", "--for=jsonpath={.data.ready}=yes", "--timeout=20s"),
      ).to.equal("configmap/waited condition met");
    });

    it("shows a validation error of the server", async () => {
      const { code, stderr } = await withInput(configMap("Not_A_Name", {}), "create", "-f", "-");
      expect(code).to.equal(1);
      expect(stderr).to.match(
        /^The ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": /,
      );
    });

    it("refuses a field that the kind does not have", async () => {
      const { code, stderr } = await withInput(
        { ...configMap("strict", {}), unheardOf: 1 },
        "create",
        "-f",
        "-",
      );
      expect(code).to.equal(1);
      expect(stderr).to.match(/unknown field "unheardOf"/);
    });

    it("makes a token for a ServiceAccount", async () => {
      expect(await kubectl("create", "serviceaccount", "robot")).to.equal("serviceaccount/robot created");
      const token = await kubectl("create", "token", "robot", "--audience=here", "--duration=10m");
      const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as {
        aud: unknown;
        sub: unknown;
        exp: number;
        iat: number;
      };
      expect([claims.aud, claims.sub, claims.exp - claims.iat]).to.deep.equal([
        ["here"],
        `system:serviceaccount:${namespace}:robot`,
        600,
      ]);
    });

    it("makes roles and asks what a ServiceAccount may", async () => {
      expect(await kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps")).to.equal(
        "role.rbac.authorization.k8s.io/reader created",
      );
      expect(
        await kubectl(
          "create",
          "rolebinding",
          "reader",
          "--role=reader",
          `--serviceaccount=${namespace}:robot`,
        ),
      ).to.equal("rolebinding.rbac.authorization.k8s.io/reader created");
      const as = `--as=system:serviceaccount:${namespace}:robot`;
      expect(await kubectl("get", "configmaps", as, "-o", "name")).to.contain("configmap/applied");
      const { code, stderr } = await target.kubectl(["-n", namespace, "get", "secrets", as]);
      expect([code, stderr]).to.deep.equal([
        1,
        `Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:${namespace}:robot" cannot list resource "secrets" in API group "" in the namespace "${namespace}"\n`,
      ]);
    });

    it("lists the kinds that are served", async () => {
      const kinds = (await kubectl("api-resources", "-o", "name")).split("\n");
      expect(kinds).to.include.members([
        "configmaps",
        "namespaces",
        "pods",
        "serviceaccounts",
        "services",
        "deployments.apps",
        "tokenreviews.authentication.k8s.io",
        "subjectaccessreviews.authorization.k8s.io",
        "clusterroles.rbac.authorization.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
      ]);
    });

    it("creates nothing on a dry run of the server", async () => {
      expect(
        (await withInput(configMap("dry", {}), "create", "--dry-run=server", "-f", "-")).stdout,
      ).to.equal("configmap/dry created (server dry run)\n");
      expect((await target.kubectl(["-n", namespace, "get", "configmap", "dry"])).code).to.equal(1);
    });
  });
}
