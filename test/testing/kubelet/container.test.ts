import { expect } from "chai";
import { type ContainerOptions, createContainer } from "../../../src/testing/kubelet/container.ts";

const clock = { now: () => Date.UTC(2026, 10, 21, 12), random: () => 0 };
const create = (options: ContainerOptions = {}) => createContainer("app", options, clock);
const textOf = (log: ReturnType<typeof create>["current"]) => log?.entries.map(({ text }) => text).join("");

describe("a container of the embedded kubelet", () => {
  it("runs from the beginning, for the first time", () => {
    const container = create({ log: "one\n" });
    expect(textOf(container.current)).to.equal("one\n");
    expect(container.previous).to.equal(undefined);
    expect(container.status()).to.deep.include({
      name: "app",
      state: { running: { startedAt: "2026-11-21T12:00:00Z" } },
      lastState: {},
      ready: true,
      restartCount: 0,
    });
  });

  it("has run before where it left a log", () => {
    const container = create({ log: "two\n", previousLog: "one\n" });
    expect([textOf(container.previous), textOf(container.current)]).to.deep.equal(["one\n", "two\n"]);
    expect(container.previous?.ended).to.equal(true);
    expect(container.status()).to.have.property("restartCount", 1);
    expect(container.status().lastState).to.have.nested.property("terminated.containerID");
  });

  it("is another one each time it is started", () => {
    const container = create({ log: "one\n" });
    const first = container.status().containerID;
    container.start();
    container.append("two\n");
    expect([textOf(container.previous), textOf(container.current)]).to.deep.equal(["one\n", "two\n"]);
    expect(container.status().containerID)
      .to.match(/^containerd:\/\//)
      .and.not.equal(first);
    container.start();
    expect([textOf(container.previous), textOf(container.current)]).to.deep.equal(["two\n", ""]);
    expect(container.status().restartCount).to.equal(2);
  });

  it("waits for the reason it is given, and writes nothing until it is started", () => {
    const container = create({ waiting: "ContainerCreating" });
    container.append("lost\n");
    expect(container.current).to.equal(undefined);
    expect(container.status()).to.deep.include({
      state: { waiting: { reason: "ContainerCreating" } },
      ready: false,
    });
    expect(container.status()).to.not.have.property("containerID");
    container.start();
    expect(container.waiting).to.equal(undefined);
    expect(textOf(container.current)).to.equal("");
  });

  it("waits to be run again", () => {
    const container = create({ waiting: "CrashLoopBackOff", previousLog: "one\n" });
    expect(container.current).to.equal(undefined);
    expect([textOf(container.previous), container.previous?.ended]).to.deep.equal(["one\n", true]);
  });

  it("has ended where it is to run before the others, and when it is terminated", () => {
    expect(create({ init: true, log: "set up\n" }).status().state).to.have.nested.property(
      "terminated.exitCode",
      0,
    );
    const container = create();
    container.terminate();
    expect(container.status().state).to.have.nested.property("terminated.reason", "Completed");
    expect(container.status().ready).to.equal(false);
  });

  it("writes now, unless another time is said", () => {
    const container = create();
    container.append("now\n");
    container.append("then\n", { at: 7 });
    expect(container.current?.entries.map(({ writtenAt }) => writtenAt)).to.deep.equal([clock.now(), 7]);
  });
});
