import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { systemClock } from "../../../src/clock.ts";
import { diagnosticsChannel, type KeysMessage } from "../../../src/diagnostics.ts";
import { createIssuers, type Issuers } from "../../../src/server/webhooks/issuers.ts";
import {
  clusterIssuer,
  clusterKey,
  jwksOf,
  type SigningKey,
  signingKey,
} from "../../authentication/minting.ts";
import { createHeldFile, type HeldFile } from "../../rig/held-file.ts";
import { until } from "../../until.ts";

const channel = diagnosticsChannel("countersign:keys");

describe("an issuer with a JWKS file", () => {
  let folder: string;
  let issuers: Issuers | undefined;
  let held: HeldFile[];
  const messages: KeysMessage[] = [];
  const listen = (message: unknown): void => void messages.push(message as KeysMessage);
  /** A file of keys in a folder of its own. */
  const file = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name, "keys.json");
  };
  const write = (name: string, key: SigningKey): void =>
    writeFileSync(file(name), JSON.stringify(jwksOf(key)));
  const hold = (name: string): HeldFile => {
    const one = createHeldFile(file(name));
    held.push(one);
    return one;
  };
  /** To which folder the configured one leads. Nobody is told: what is watched is the folder that it led to first. */
  const lead = (name: string): void => {
    symlinkSync(name, join(folder, ".keys"));
    renameSync(join(folder, ".keys"), join(folder, "keys"));
  };
  const create = () =>
    createIssuers({
      configurations: [{ name: "file", url: clusterIssuer, jwksFile: join(folder, "keys", "keys.json") }],
      cluster: () => Promise.reject(new Error("none is asked for")),
      // an unknown key is looked for once in ten seconds: never, here
      clock: { now: () => 1_000_000, random: systemClock.random },
    });
  const next = signingKey("RS256", "next");
  const knows = async (kid: string): Promise<boolean> =>
    (await issuers!.list[0]!.key(kid, "RS256")) !== undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-issuers-"));
    held = [];
    messages.length = 0;
    channel.subscribe(listen);
  });
  afterEach(() => {
    channel.unsubscribe(listen);
    issuers?.close();
    issuers = undefined;
    for (const one of held) one.release();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the keys of the file, and those it has next", async () => {
    write("one", clusterKey);
    lead("one");
    issuers = await create();
    await until(() => knows(clusterKey.kid), "the first key");
    write("one", next);
    await until(() => knows(next.kid), "the next key");
    expect(await knows(clusterKey.kid), "the first key").to.equal(false);
  });

  it("misses no change that comes while the file is read for the first time", async () => {
    const [looked, fetched, changed] = ["looked", "fetched", "changed"].map(hold);
    write("two", next);
    lead("looked");
    const creating = create();
    const look = await looked!.read();
    lead("fetched");
    await look.say("whatever it is compared with");
    issuers = await creating;
    const fetch = await fetched!.read();
    lead("changed");
    writeFileSync(join(folder, "looked", "event"), "");
    const change = await changed!.read();
    lead("two");
    // seen while the file as it was is still being read
    await change.say(JSON.stringify(jwksOf(next)));
    await fetch.say(JSON.stringify(jwksOf(clusterKey)));
    await until(() => knows(next.kid), "the next key");
    expect(messages.map(({ outcome, detail }) => detail ?? outcome)).to.deep.equal(["fetched", "fetched"]);
  });
});
