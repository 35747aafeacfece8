import { expect } from "chai";
import { createKeptParts, type KeptParts } from "../../../src/server/parts/kept-parts.ts";

describe("createKeptParts", () => {
  let parts: KeptParts;
  let events: string[];
  beforeEach(() => {
    parts = createKeptParts();
    events = [];
  });

  const part = async (name: string) => {
    events.push(`load ${name}`);
    return { name, close: () => events.push(`close ${name}`) };
  };
  const loadAll = (...names: readonly string[]) =>
    parts.load((keep) => Promise.all(names.map((name) => keep([name], () => part(name)))));

  it("loads what is described the same once, at the same time too", async () => {
    const { value, commit } = await loadAll("a", "a");
    await commit();
    expect(events).to.deep.equal(["load a"]);
    expect(value[0]).to.equal(value[1]);
  });

  it("goes on with what stays, and closes what nothing asks for any more, once the next is in use", async () => {
    await (await loadAll("a", "b")).commit();
    const next = await loadAll("b", "c");
    expect(events).to.deep.equal(["load a", "load b", "load c"]);
    await next.commit();
    expect(events.slice(3)).to.deep.equal(["close a"]);
    await parts.close();
    expect(events.slice(4).sort()).to.deep.equal(["close b", "close c"]);
  });

  it("closes what was loaded for nothing, and nothing that is in use", async () => {
    await (await loadAll("a")).commit();
    await (await loadAll("a", "b")).discard();
    expect(events).to.deep.equal(["load a", "load b", "close b"]);
    await (await loadAll("a")).commit();
    expect(events).to.have.length(3);
  });

  it("closes what was loaded beside what could not be, what is still loading included", async () => {
    await (await loadAll("a")).commit();
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof part>>>();
    const failed = parts.load(async (keep) => {
      const late = keep(["late"], () => promise);
      await keep(["b"], () => part("b"));
      await keep(["bad"], () => Promise.reject(new Error("bad")));
      await late;
    });
    resolve(await part("late"));
    const error: unknown = await failed.catch((reason: unknown) => reason);
    expect(error).to.have.property("message", "bad");
    expect(events.filter((event) => event.startsWith("close")).sort()).to.deep.equal([
      "close b",
      "close late",
    ]);
  });

  it("loads again what could not be loaded", async () => {
    const failing = parts.load((keep) => keep(["a"], () => Promise.reject(new Error("bad"))));
    await failing.catch(() => undefined);
    await (await loadAll("a")).commit();
    expect(events).to.deep.equal(["load a"]);
  });
});
