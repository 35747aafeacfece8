import { expect } from "chai";
import { type AdmissionLoad, startAdmissionLoad, untilJudged } from "./admission-load.ts";
import { release, releaseNamespace } from "./helm.ts";
import {
  install,
  prepareNamespaces,
  serverPods,
  strictHelm,
  uninstall,
  untilGone,
  type Values,
} from "./installation.ts";
import { podLoad, registriesValue } from "./policy-objects.ts";
import { describeOnNode, nextTag } from "./shared-node.ts";

describeOnNode("servers that are replaced under load", (node) => {
  const values: Values = { policies: [{ ...registriesValue, failurePolicy: "Fail" }] };
  let load: AdmissionLoad;
  const uids = async (): Promise<readonly string[]> =>
    (await serverPods(node())).map(({ metadata }) => metadata.uid);

  before(async () => {
    await prepareNamespaces(node());
    await install(node(), values);
    await untilJudged({ ...podLoad, api: node().api });
  });
  beforeEach(() => {
    load = startAdmissionLoad({ ...podLoad, api: node().api });
  });
  afterEach(() => load.stop());
  after(() => uninstall(node()));

  const replacements = {
    "by helm upgrade": () => install(node(), { ...values, image: { tag: nextTag } }),
    "by helm rollback": () =>
      strictHelm(node().helm, [
        "rollback",
        release,
        `--namespace=${releaseNamespace}`,
        "--wait",
        "--timeout=3m",
      ]),
  };
  for (const [how, replace] of Object.entries(replacements))
    it(`${how} lose no admission`, async () => {
      const before = await uids();
      await replace();
      await untilGone(node(), before);
      await load.stop();
      expect(load.failures.slice(0, 5), `of ${load.total}`).to.deep.equal([]);
      expect(load.total).to.be.greaterThan(20);
      expect((await uids()).filter((uid) => before.includes(uid))).to.deep.equal([]);
    });
});
