import { expect } from "chai";
import { CountersignError } from "../../../src/errors.ts";
import {
  type ConfigurationInUse,
  createConfigurationInUse,
} from "../../../src/server/parts/configuration-in-use.ts";
import { rejectionOf } from "../../rejection.ts";

interface Served {
  readonly name: string;
}

describe("the configuration in use", () => {
  let events: string[];
  let inUse: ConfigurationInUse<string, Served>;
  beforeEach(() => {
    events = [];
    inUse = createConfigurationInUse<string, Served>({
      async load(name, keep) {
        await keep([name[0]], async () => {
          events.push(`load ${name}`);
          return { close: () => events.push(`close ${name}`) };
        });
        if (name.endsWith("!")) throw new CountersignError("ERR_CONFIGURATION", `${name} cannot be used`);
        return { name };
      },
      async settle({ name }) {
        events.push(`settle ${name}`);
      },
    });
  });
  afterEach(() => inUse.close());

  it("is none before one has been loaded, and says so", () => {
    expect(() => inUse.current).to.throw("no configuration has been loaded");
    expect(() => inUse.configuration).to.throw("no configuration has been loaded");
  });

  it("is what was loaded last, settled before it takes the other's place", async () => {
    await inUse.exchange("a1");
    expect(inUse.current).to.deep.equal({ name: "a1" });
    await inUse.exchange("b1", (next, before) => events.push(`take ${next.name} for ${before.name}`));
    expect([inUse.configuration, inUse.current.name]).to.deep.equal(["b1", "b1"]);
    expect(events).to.deep.equal(["load a1", "load b1", "settle b1", "take b1 for a1", "close a1"]);
  });

  it("goes on with the parts that stay the same", async () => {
    await inUse.exchange("a1");
    await inUse.exchange("a2");
    expect(inUse.current.name).to.equal("a2");
    expect(events).to.deep.equal(["load a1", "settle a2"]);
  });

  it("stays where another cannot be loaded: what that had begun is ended", async () => {
    await inUse.exchange("a1");
    expect(await rejectionOf(inUse.exchange("b!"))).to.include({ message: "b! cannot be used" });
    expect(inUse.current.name).to.equal("a1");
    expect(events).to.deep.equal(["load a1", "load b!", "close b!"]);
  });

  it("stays where somebody refuses to take another", async () => {
    await inUse.exchange("a1");
    const refuse = (): void => {
      throw new CountersignError("ERR_CONFIGURATION", "no");
    };
    expect(await rejectionOf(inUse.exchange("b1", refuse))).to.include({ message: "no" });
    expect([inUse.configuration, inUse.current.name]).to.deep.equal(["a1", "a1"]);
    expect(events).to.include("close b1").and.not.include("close a1");
  });

  it("is ended with all that it is made of", async () => {
    await inUse.exchange("a1");
    await inUse.close();
    expect(events).to.deep.equal(["load a1", "close a1"]);
  });
});
