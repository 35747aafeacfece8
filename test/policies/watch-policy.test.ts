import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { ReloadMessage } from "../../src/diagnostics.ts";
import { type WatchedPolicy, watchPolicy } from "../../src/policies/watch-policy.ts";
import { rejectionOf } from "../rejection.ts";
import { until } from "../until.ts";
import {
  createPolicyFolder,
  mountConfigMap,
  type PolicyFolder,
  policyText,
  verdictOf,
} from "./policy-folder.ts";

describe("watchPolicy", () => {
  let folder: PolicyFolder;
  let watched: WatchedPolicy | undefined;
  const reloads: ReloadMessage[] = [];
  const listen = (message: unknown): void => {
    const reload = message as ReloadMessage;
    if (reload.file.startsWith(folder.path)) reloads.push(reload);
  };
  beforeEach(async () => {
    folder = await createPolicyFolder();
    reloads.length = 0;
    subscribe("countersign:reload", listen);
  });
  afterEach(async () => {
    unsubscribe("countersign:reload", listen);
    watched?.close();
    watched = undefined;
    await folder.remove();
  });

  const saying = (message: string): string => policyText(`review.deny(${JSON.stringify(message)})`);
  const said = (): string | undefined => verdictOf(watched!.policies[0]!).status?.message;
  const comesToSay = (message: string): Promise<void> => until(() => said() === message, message);

  it("loads a file again when it is written, and says so", async () => {
    const file = await folder.write("p.ts", saying("one"));
    watched = await watchPolicy({ file });
    expect(said()).to.equal("one");
    await folder.write("p.ts", saying("two"));
    await comesToSay("two");
    expect(reloads.at(-1)).to.deep.equal({ what: "policy", file, outcome: "reloaded" });
  });

  it("and when it is replaced, as editors do", async () => {
    const file = await folder.write("p.ts", saying("one"));
    watched = await watchPolicy({ file });
    for (const message of ["two", "three"]) {
      await rename(await folder.write("p.tmp", saying(message)), file);
      await comesToSay(message);
    }
  });

  for (const keepOld of [false, true])
    it(`follows a ConfigMap through one swap after the other, old folder ${keepOld ? "left" : "removed"}`, async () => {
      await mountConfigMap(folder, { "p.ts": saying("0") });
      watched = await watchPolicy({ file: join(folder.path, "p.ts") });
      for (const message of ["1", "2", "3"]) {
        await mountConfigMap(folder, { "p.ts": saying(message) }, { keepOld });
        await comesToSay(message);
      }
    });

  it("misses no swap that comes while the one before is being loaded, old folder left", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { promise: loading, resolve: markLoading } = Promise.withResolvers<void>();
    Object.assign(globalThis, { policyLoad: { gate, markLoading } });
    const wait = "const { gate, markLoading } = (globalThis as any).policyLoad; markLoading(); await gate;";
    const waiting = policyText('review.deny("1")', wait);
    try {
      await mountConfigMap(folder, { "p.ts": saying("0") });
      watched = await watchPolicy({ file: join(folder.path, "p.ts"), pollIntervalMs: 60_000 });
      await mountConfigMap(folder, { "p.ts": waiting }, { keepOld: true });
      await loading;
      await mountConfigMap(folder, { "p.ts": saying("2") }, { keepOld: true });
      open();
      await comesToSay("2");
    } finally {
      Reflect.deleteProperty(globalThis, "policyLoad");
    }
  });

  it("follows the files it imports, also through a swap that leaves its own text as it was", async () => {
    const text = policyText("review.deny(message)", 'import { message } from "./sub.ts";');
    const files = (message: string): Record<string, string> => ({
      "p.ts": text,
      "sub.ts": `export const message: string = "${message}";`,
    });
    await mountConfigMap(folder, files("one"));
    watched = await watchPolicy({ file: join(folder.path, "p.ts") });
    expect(said()).to.equal("one");
    await mountConfigMap(folder, files("two"), { keepOld: true });
    await comesToSay("two");
    await mountConfigMap(folder, files("three"));
    await comesToSay("three");
  });

  it("keeps the last good policy when a new one is no good, and says why, once", async () => {
    const file = await folder.write("p.ts", saying("good"));
    watched = await watchPolicy({ file, pollIntervalMs: 20 });
    await folder.write("p.ts", "enum A { B }");
    await until(() => reloads.length > 0, "the failed reload");
    expect(said()).to.equal("good");
    expect(reloads[0]).to.include({ what: "policy", file, outcome: "failed" });
    expect(reloads[0]?.detail).to.match(/p\.ts:1: TypeScript enum/);
    await watched.check();
    await watched.check();
    expect(reloads).to.have.lengthOf(1);
    await folder.write("p.ts", saying("better"));
    await comesToSay("better");
  });

  it("keeps it when the file is gone, and goes on when it is back", async () => {
    const file = await folder.write("p.ts", saying("one"));
    watched = await watchPolicy({ file });
    await rename(file, `${file}.away`);
    await until(() => reloads.some(({ outcome }) => outcome === "failed"), "the failed reload");
    expect(said()).to.equal("one");
    await folder.write("p.ts", saying("two"));
    await comesToSay("two");
  });

  it("tries again when a file comes that was missing", async () => {
    const file = await folder.write("p.ts", saying("one"));
    watched = await watchPolicy({ file });
    await folder.write("p.ts", policyText("review.deny(message)", 'import { message } from "./sub.ts";'));
    await until(() => reloads.some(({ outcome }) => outcome === "failed"), "the failed reload");
    await folder.write("sub.ts", 'export const message: string = "two";');
    await comesToSay("two");
  });

  it("keeps the last good one when the new one is none for the route", async () => {
    const file = await folder.write("p.ts", saying("one"));
    watched = await watchPolicy({ file });
    await folder.write("p.ts", saying("two").replace("validate:", "mutate:"));
    await until(() => reloads.length > 0, "the failed reload");
    expect(reloads[0]?.detail).to.include("mutate is only for routes of a mutating webhook");
    expect(said()).to.equal("one");
  });

  it("does not start without a policy", async () => {
    const file = await folder.write("p.ts", "export default 1;");
    expect((await rejectionOf(watchPolicy({ file }))).code).to.equal("ERR_POLICY_INVALID");
  });

  it("lets go of everything when it is closed, and keeps the policy", async () => {
    const watchers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap").length;
    const before = watchers();
    const file = await folder.write("p.ts", saying("one"));
    watched = await watchPolicy({ file });
    watched.close();
    expect(watchers()).to.equal(before);
    await folder.write("p.ts", saying("two"));
    expect(said()).to.equal("one");
  });
});
