import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { rbac } from "../../src/commands/rbac.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import type { ReviewClients } from "../../src/transport/review-clients.ts";
import { allowedOf, forRows, openedOf, reviewClientsOf } from "../inspection/access-questions.ts";
import { rejectionOf } from "../rejection.ts";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { type CapturedIO, capturedIO } from "./captured-io.ts";

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly subjects?: readonly object[];
}

const documentsOf = (yaml: string): Printed[] =>
  parseAllDocuments(yaml).map((document) => document.toJS() as Printed);

describe("countersign rbac --for", () => {
  let controlPlane: ControlPlane;
  let client: ApiClient;
  let reviews: ReviewClients;
  before(async () => {
    controlPlane = await startControlPlane();
    const { url, caPem, adminToken } = controlPlane;
    client = createApiClient({ url, caPem, token: adminToken });
    reviews = reviewClientsOf(controlPlane);
    for (const name of ["shop", "other"])
      expect(await client.post("/api/v1/namespaces", { metadata: { name } })).to.include({ status: 201 });
  });
  after(async () => {
    client.close();
    await reviews.close();
    await controlPlane.stop();
  });

  async function run(...args: readonly string[]): Promise<CapturedIO> {
    const io = capturedIO();
    expect(await rbac.run(args, io)).to.equal(0);
    return io;
  }
  const pathOf = ({ kind, metadata: { namespace } }: Printed): string => {
    const where = namespace === undefined ? "" : `namespaces/${namespace}/`;
    return `/apis/rbac.authorization.k8s.io/v1/${where}${kind.toLowerCase()}s`;
  };
  async function grant(...args: readonly string[]): Promise<void> {
    for (const object of documentsOf((await run(...args)).out())) {
      const { status, text } = await client.post(pathOf(object), object);
      expect(status, text).to.equal(201);
    }
  }

  for (const [index, row] of forRows.entries()) {
    const { flags, allowed, opens } = row;

    it(`${flags.join(" ")} grants that, and nothing else, to that ServiceAccount`, async () => {
      const account = `holder-${index}`;
      await grant(...flags, "--service-account", `shop/${account}`);
      expect(await allowedOf(client, `system:serviceaccount:shop:${account}`)).to.have.members(allowed);
      expect(await openedOf(reviews, `system:serviceaccount:shop:${account}`, row)).to.have.members(opens);
    });
  }

  it("grants nothing to the ServiceAccounts of the same names elsewhere, nor to users of these names", async () => {
    for (const user of ["system:serviceaccount:other:holder-0", "holder-0", "shop/holder-0"])
      expect(await allowedOf(client, user)).to.deep.equal([]);
  });

  it("grants a user, or a group, named as they please", async () => {
    await grant("--for", "kubelet-metrics", "--node", "n1", "--user", "https://issuer/#jane%40=");
    await grant("--for", "kubelet-stats", "--node", "n1", "--group", "oidc:a/b");
    expect(await allowedOf(client, "https://issuer/#jane%40=")).to.deep.equal(["get nodes/metrics n1"]);
    expect(await allowedOf(client, "somebody", ["oidc:a/b"])).to.deep.equal(["get nodes/stats n1"]);
    expect(await allowedOf(client, "oidc:a/b", ["https://issuer/#jane%40="])).to.deep.equal([]);
  });

  it("prints one List as JSON, which kubectl takes as well", async () => {
    const { kind, items } = JSON.parse(
      (await run("--for", "gateway", "--user", "gateway", "-o", "json")).out(),
    );
    expect(kind).to.equal("List");
    expect(items.map(({ kind }: Printed) => kind)).to.deep.equal([
      "ClusterRole",
      "ClusterRoleBinding",
      "RoleBinding",
    ]);
  });

  it("warns of nodes/proxy, beside the output and nowhere else", async () => {
    const coarse = await run("--for", "kubelet-pods", "--mode", "coarse", "--user", "u");
    expect(coarse.err()).to.match(/^warning: .*nodes\/proxy/);
    expect(documentsOf(coarse.out())).to.have.length(2);
    expect((await run("--for", "kubelet-metrics", "--mode", "coarse", "--user", "u")).err()).to.equal("");
  });

  for (const [args, said] of [
    [["--for", "kubelet-metrics"], /exactly one of --service-account, --user and --group/],
    [["--for", "kubelet-metrics", "--user", "a", "--group", "b"], /exactly one/],
    [["--for", "kubelet-metrics", "--user", ""], /exactly one/],
    [["--for", "kubelet-metrics", "--service-account", "a"], /--service-account=a: must be NAMESPACE\/NAME/],
    [["--for", "kubelet-metric", "--user", "a"], /--for=kubelet-metric: must be one of .*kubelet-metrics/],
    [["--for", "kubelet-metrics", "--user", "a", "--node="], /--node/],
    [["--for", "kubelet-metrics", "--user", "a", "--node", "Node-1"], /--node=Node-1: is no node's name/],
    [
      ["--for", "kubelet-stats", "--mode", "coarse", "--user", "a", "--node", "Node 1"],
      /--node=Node 1: is no node/,
    ],
    [
      ["--for", "kubelet-pods", "--mode", "analog", "--user", "a", "--node", "n1", "--node", "n_2"],
      /--node=n_2/,
    ],
    [["--for", "pod-logs", "--user", "a", "-n", "SHOP!"], /--namespace=SHOP!: is no namespace's name/],
    [["--for", "pod-logs", "--user", "a", "-n", "shop.eu"], /--namespace=shop\.eu: is no namespace/],
    [
      ["--for", "gateway", "--service-account", "SHOP!/a"],
      /--service-account=SHOP!\/a: SHOP! is no namespace/,
    ],
    [["--for", "pod-logs", "-n", "shop", "--service-account", "shop/A"], /A is no ServiceAccount's name/],
    [
      ["--webhook-configuration", "validating/x", "--service-account", "SHOP!/b"],
      /SHOP! is no namespace's name/,
    ],
    [
      ["--webhook-configuration", "validating/x", "--service-account", "a/b", "--requester", "SHOP!/b"],
      /--requester=SHOP!\/b: SHOP! is no namespace/,
    ],
    [["--for", "kubelet-metrics", "--user", "a", "-n", "shop"], /--namespace decides nothing/],
    [["--for", "kubelet-metrics", "--user", "a", "--insecure-skip-tls-verify-backend"], /decides nothing/],
    [["--for", "pod-logs", "--user", "a"], /--namespace is missing/],
    [["--for", "pod-logs", "--user", "a", "-n", "shop", "--node", "n1"], /--node decides nothing/],
    [["--for", "pod-logs", "--user", "a", "-n", "shop", "--mode", "analog"], /--mode decides nothing/],
    [["--for", "gateway", "--user", "a", "--node", "n1"], /--node decides nothing/],
    [["--for", "gateway", "--user", "a", "--mode", "fineGrained"], /--mode decides nothing/],
    [["--for", "gateway", "--user", "a", "--api-group", "*"], /--api-group decides nothing beside --for/],
    [["--for", "gateway", "--user", "a", "--kubeconfig", "x"], /--kubeconfig decides nothing beside --for/],
    [["--for", "gateway", "--user", "a", "--webhook-configuration", "validating/x"], /beside --for/],
    [["--user", "a"], /one of --for and --webhook-configuration is required/],
    [["--webhook-configuration", "validating/x"], /--service-account is required/],
    [
      ["--webhook-configuration", "validating/x", "--service-account", "a/b", "--node", "n1"],
      /--node decides nothing/,
    ],
    [
      ["--webhook-configuration", "validating/x", "--service-account", "a/b", "--user", "a"],
      /--user decides nothing/,
    ],
  ] as const)
    it(`refuses ${args.join(" ")}`, async () => {
      const io = capturedIO();
      const error = await rejectionOf(rbac.run(args, io));
      expect(error).to.include({ code: "ERR_USAGE" }).with.property("message").that.matches(said);
      expect(io.out()).to.equal("");
    });
});
