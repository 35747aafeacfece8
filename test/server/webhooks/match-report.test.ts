import { expect } from "chai";
import { until } from "../../until.ts";
import {
  createServerFolder,
  policySource,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "./server-rig.ts";

const message = "a policy matches what its webhook's rules do not send";

describe("a policy whose match is wider than its webhook's rules", () => {
  let folder: ServerFolder;
  let running: RunningServer | undefined;
  beforeEach(() => {
    folder = createServerFolder();
    folder.write("policy.ts", matching("deployments", "daemonsets"));
  });
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
    folder.remove();
  });

  const matching = (...resources: readonly string[]): string =>
    policySource("true").replace('resources: ["*"]', `resources: ${JSON.stringify(resources)}`);
  const rule = { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"] };
  const webhooks = (rules?: readonly object[]) => ({
    webhooks: [
      {
        path: "/validate",
        authentication: { mode: "off" },
        policy: { file: "policy.ts" },
        ...(rules !== undefined && { rules }),
      },
    ],
  });
  const warnings = (): unknown[] =>
    running!
      .log()
      .filter(({ msg }) => msg === message)
      .map(({ unsent }) => unsent);
  const metric = async (): Promise<string | undefined> =>
    /countersign_policy_unsent_matches\{path="\/validate",policy="of-the-test"\} (\d)/.exec(
      (await running!.admin("/metrics")).text,
    )?.[1];

  it("is reported at start and as a metric", async () => {
    running = await startServer(folder, webhooks([{ ...rule, resources: ["deployments"] }]));
    await until(() => warnings().length > 0);
    expect(warnings()).to.deep.equal([["CREATE, UPDATE, DELETE daemonsets.*"]]);
    expect(await metric()).to.equal("1");
  });

  it("is nobody's business where the rules are not said", async () => {
    running = await startServer(folder, webhooks());
    expect([warnings(), await metric()]).to.deep.equal([[], undefined]);
  });

  it("is reported when the configuration is reloaded, and once for as long as nothing changes", async () => {
    running = await startServer(folder, webhooks([{ ...rule, resources: ["*"] }]));
    expect(await metric()).to.equal("0");
    for (const _ of [1, 2]) await running.reload(webhooks([{ ...rule, resources: ["daemonsets"] }]));
    await until(() => warnings().length > 0);
    expect(warnings()).to.deep.equal([["CREATE, UPDATE, DELETE deployments.*"]]);
  });

  it("is reported when the policy itself becomes wider, and forgotten when it fits again", async () => {
    running = await startServer(folder, webhooks([{ ...rule, resources: ["deployments", "daemonsets"] }]));
    folder.write("policy.ts", matching("deployments", "jobs"));
    await until(() => warnings().length === 1);
    expect(warnings()).to.deep.equal([["CREATE, UPDATE, DELETE jobs.*"]]);
    folder.write("policy.ts", matching("deployments"));
    await until(async () => (await metric()) === "0");
    folder.write("policy.ts", matching("deployments", "jobs"));
    await until(() => warnings().length === 2);
  });
});
