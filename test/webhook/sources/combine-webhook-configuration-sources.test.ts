import { expect } from "chai";
import type { WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { createChangeListeners } from "../../../src/webhook/sources/change-listeners.ts";
import { combineWebhookConfigurationSources } from "../../../src/webhook/sources/combine-webhook-configuration-sources.ts";
import { fixedWebhookConfigurations } from "../../../src/webhook/sources/fixed-webhook-configurations.ts";
import { createReadiness } from "../../../src/webhook/sources/readiness.ts";
import type { LiveWebhookConfigurationSource } from "../../../src/webhook/sources/webhook-configuration-source.ts";
import { configurationOf, namesOf } from "./webhook-configurations.ts";

const mutating = "MutatingWebhookConfiguration";

/** A source that a test says the changes of. */
function createScriptedSource() {
  const readiness = createReadiness();
  const listeners = createChangeListeners();
  let shown: readonly WebhookConfiguration[] | undefined;
  const source: LiveWebhookConfigurationSource & { closed: boolean; show(...names: string[]): void } = {
    closed: false,
    configurations() {
      if (shown === undefined) throw new Error("not read yet");
      return shown;
    },
    get synced() {
      return readiness.reached;
    },
    ready: readiness.wait,
    onChange: listeners.add,
    close() {
      source.closed = true;
    },
    show(...names) {
      shown = names.map((name) => configurationOf(name));
      readiness.reach();
      listeners.tell();
    },
  };
  return source;
}

describe("combineWebhookConfigurationSources", () => {
  const manifests = fixedWebhookConfigurations([
    configurationOf("z.static.k8s.io"),
    configurationOf("z.static.k8s.io", mutating),
  ]);

  it("shows of each kind the first source's before the next one's", () => {
    const registered = fixedWebhookConfigurations([configurationOf("a"), configurationOf("b", mutating)]);
    const shown = combineWebhookConfigurationSources([manifests, registered]).configurations();
    expect(namesOf(shown)).to.equal("z.static.k8s.io a z.static.k8s.io b");
    expect(shown.map(({ kind }) => kind[0])).to.deep.equal([..."VVMM"]);
    expect(shown).to.be.frozen;
  });

  it("gives the same array while each of them does", () => {
    const live = createScriptedSource();
    const combined = combineWebhookConfigurationSources([manifests, live]);
    live.show("a");
    const before = combined.configurations();
    expect(combined.configurations()).to.equal(before);
    live.show("a", "b");
    expect(combined.configurations()).to.not.equal(before);
    expect(combined.configurations()[0]).to.equal(before[0]);
  });

  it("is synced and ready when all of them are, and throws what keeps one from it", async () => {
    const [one, other] = [createScriptedSource(), createScriptedSource()];
    const combined = combineWebhookConfigurationSources([one, manifests, other]);
    let ready = false;
    const waiting = combined.ready().then(() => {
      ready = true;
    });
    one.show("a");
    await one.ready();
    expect({ synced: combined.synced, ready }).to.deep.equal({ synced: false, ready: false });
    expect(() => combined.configurations()).to.throw("not read yet");
    other.show();
    await waiting;
    expect(combined.synced).to.equal(true);
  });

  it("gives up waiting when its caller does", async () => {
    const combined = combineWebhookConfigurationSources([createScriptedSource()]);
    const reason = new Error("enough");
    expect(await combined.ready(AbortSignal.abort(reason)).catch((error: unknown) => error)).to.equal(reason);
  });

  it("tells of changes of any of them until it is told to stop, and closes them all", () => {
    const [one, other] = [createScriptedSource(), createScriptedSource()];
    const combined = combineWebhookConfigurationSources([one, manifests, other]);
    let told = 0;
    const stop = combined.onChange(() => void told++);
    one.show("a");
    other.show("b");
    stop();
    one.show();
    expect(told).to.equal(2);
    combined.close();
    expect([one.closed, other.closed]).to.deep.equal([true, true]);
  });

  it("is ready at once where none of them has to be waited for", async () => {
    const combined = combineWebhookConfigurationSources([manifests]);
    await combined.ready();
    expect(combined.synced).to.equal(true);
    expect(combineWebhookConfigurationSources([]).configurations()).to.deep.equal([]);
  });
});
