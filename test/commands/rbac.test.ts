import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { rbac } from "../../src/commands/rbac.ts";
import { token } from "../../src/commands/token.ts";
import { rejectionOf } from "../rejection.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";

const service = { name: "images", namespace: "shop", path: "/validate" };
const account = { namespace: "team", name: "widgets" };

interface Granted {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
}

describe("countersign rbac", () => {
  let rig: ControlPlaneRig;
  before(async () => {
    rig = await startControlPlaneRig();
    await register(rig, "validating", "images", { name: "images.example.com", clientConfig: { service } });
    await rig.client.request({ path: "/api/v1/namespaces", body: { metadata: { name: account.namespace } } });
    await rig.client.request({
      path: `/api/v1/namespaces/${account.namespace}/serviceaccounts`,
      body: { metadata: { name: account.name } },
    });
  });
  after(() => rig.close());

  const common = (): string[] => [
    ...["--kubeconfig", rig.kubeconfig, "--webhook-configuration", "validating/images"],
    ...["--service-account", "team/widgets"],
  ];
  async function run(...args: string[]): Promise<CapturedIO> {
    const io = capturedIO();
    expect(await rbac.run([...common(), ...args], io)).to.equal(0);
    return io;
  }
  async function mint(kubeconfig: string): Promise<number> {
    return token.run(["--kubeconfig", kubeconfig, ...common().slice(2)], capturedIO());
  }

  it("grants exactly what is missing: afterwards the ServiceAccount mints its own tokens, and not before", async () => {
    const { body } = await rig.client.request<{ readonly status: { readonly token: string } }>({
      path: "/api/v1/namespaces/team/serviceaccounts/widgets/token",
      body: { spec: {} },
    });
    const own = await rig.write("own.kubeconfig", rig.controlPlane.kubeconfig({ token: body.status.token }));
    expect(await rejectionOf(mint(own)))
      .to.have.property("code")
      .that.matches(/^ERR_/);
    const objects = parseAllDocuments((await run()).out()).map((document) => document.toJS() as Granted);
    for (const object of objects) {
      const namespace =
        object.metadata.namespace === undefined ? "" : `/namespaces/${object.metadata.namespace}`;
      const path = `/apis/rbac.authorization.k8s.io/v1${namespace}/${object.kind.toLowerCase()}s`;
      await rig.client.request({ path, body: object });
    }
    expect(await mint(own)).to.equal(0);
  });

  it("prints one List as JSON, which kubectl takes as well", async () => {
    const { kind, items } = JSON.parse((await run("-o", "json", "--api-group", "*")).out());
    expect(kind).to.equal("List");
    expect(items[0].rules[0].resourceNames).to.deep.equal(["*"]);
  });

  it("says which configuration it does not find", async () => {
    const args = [
      "--kubeconfig",
      rig.kubeconfig,
      "--webhook-configuration",
      "mutating/images",
      "--service-account",
      "a/b",
    ];
    expect(await rejectionOf(rbac.run(args, capturedIO())))
      .to.include({ code: "ERR_API_STATUS" })
      .with.property("message")
      .that.contains('"images" not found');
  });

  it("refuses a configuration that is not KIND/NAME, naming the flag", async () => {
    const args = ["--kubeconfig", rig.kubeconfig, "--service-account", "a/b", "--webhook-configuration"];
    for (const written of ["images", "pods/images", "validating/", "validating/a/b"])
      expect(await rejectionOf(rbac.run([...args, written], capturedIO())))
        .to.include({ code: "ERR_USAGE" })
        .with.property("message")
        .that.contains("--webhook-configuration");
  });
});
