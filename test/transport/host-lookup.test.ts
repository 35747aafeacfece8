import { expect } from "chai";
import { createHostLookup, type HostLookup } from "../../src/transport/host-lookup.ts";

/** A lookup that waits for a word. */
interface Asked {
  readonly host: string;
  answer(addresses: readonly string[]): void;
  fail(reason: Error): void;
}

describe("looking up hosts", () => {
  let now: number;
  let asked: Asked[];
  let lookup: HostLookup;
  beforeEach(() => {
    now = 1_000_000;
    asked = [];
    lookup = createHostLookup({
      clock: { now: () => now, random: () => 0 },
      resolve: (host) =>
        new Promise((answer, fail) => {
          asked.push({ host, answer, fail });
        }),
    });
  });
  afterEach(() => lookup.close());

  const hosts = (): string[] => asked.map(({ host }) => host);
  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => "found",
      (reason: unknown) => reason,
    );
  async function failing(host: string, reason: Error): Promise<void> {
    const outcome = failureOf(lookup.resolve(host));
    asked.at(-1)!.fail(reason);
    expect(await outcome).to.equal(reason);
  }

  it("asks once for all who wait for the same name, and for each name by itself", async () => {
    const waiting = Array.from({ length: 40 }, () => lookup.resolve("silent.example"));
    const other = lookup.resolve("good.example");
    expect(hosts()).to.deep.equal(["silent.example", "good.example"]);
    asked[1]!.answer(["10.0.0.2"]);
    expect(await other).to.deep.equal(["10.0.0.2"]);
    asked[0]!.answer(["10.0.0.1"]);
    expect(await Promise.all(waiting)).to.deep.equal(Array(40).fill(["10.0.0.1"]));
  });

  it("asks anew once a name was found: addresses change", async () => {
    for (const address of ["10.0.0.1", "10.0.0.2"]) {
      const found = lookup.resolve("n1.example");
      asked.at(-1)!.answer([address]);
      expect(await found).to.deep.equal([address]);
    }
    expect(asked).to.have.length(2);
  });

  it("tells all who wait what went wrong, and whoever comes within 5 s, unasked", async () => {
    const reason = new Error("no such host");
    const waiting = [1, 2, 3].map(() => failureOf(lookup.resolve("gone.example")));
    asked[0]!.fail(reason);
    expect(await Promise.all(waiting)).to.deep.equal([reason, reason, reason]);
    now += 4_999;
    expect(await failureOf(lookup.resolve("gone.example"))).to.equal(reason);
    expect(hosts()).to.deep.equal(["gone.example"]);
  });

  it("counts the 5 s from the failure, not from the question", async () => {
    const outcome = failureOf(lookup.resolve("silent.example"));
    now += 30_000;
    asked[0]!.fail(new Error("timed out"));
    await outcome;
    now += 4_999;
    await failureOf(lookup.resolve("silent.example"));
    expect(asked).to.have.length(1);
  });

  it("asks again when they are over, and forgets the failure then", async () => {
    await failing("back.example", new Error("no such host"));
    now += 5_000;
    for (let count = 0; count < 2; count++) {
      const found = lookup.resolve("back.example");
      asked.at(-1)!.answer(["10.0.0.1"]);
      expect(await found).to.deep.equal(["10.0.0.1"]);
    }
    expect(asked).to.have.length(3);
  });

  it("keeps one name's failure from another", async () => {
    await failing("gone.example", new Error("no such host"));
    const found = lookup.resolve("good.example");
    asked.at(-1)!.answer(["10.0.0.1"]);
    expect(await found).to.deep.equal(["10.0.0.1"]);
  });

  it("remembers no more than 1 024 failures: the oldest goes", async () => {
    for (let count = 0; count <= 1024; count++) await failing(`n${count}.example`, new Error("no such host"));
    await failureOf(lookup.resolve("n1.example"));
    expect(asked).to.have.length(1025);
    void lookup.resolve("n0.example");
    expect(hosts().at(-1)).to.equal("n0.example");
  });
});
