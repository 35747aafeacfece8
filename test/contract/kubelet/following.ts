import { expect } from "chai";
import { poll } from "../../rig/poll.ts";
import { administrator } from "./callers.ts";
import { type FollowedLog, follow } from "./kubelet-request.ts";
import type { KubeletContract, PodOnTarget } from "./kubelet-target.ts";

const namespace = "default";

/** `follow=true`. */
export function describeFollowing(contract: KubeletContract): void {
  describe("a followed log", () => {
    let pod: PodOnTarget;
    let logs: FollowedLog[];
    beforeEach(async () => {
      logs = [];
      pod = { namespace, name: contract.unique("followed"), containers: { app: { log: "one\ntwo\n" } } };
      await contract.target().runPod(pod);
    });
    afterEach(async () => {
      for (const log of logs) log.close();
      await contract.target().remove(pod);
    });
    const open = async (query = "") => {
      const path = `/containerLogs/${namespace}/${pod.name}/app?follow=true${query}`;
      const log = await follow(contract.target(), path, administrator(contract));
      logs.push(log);
      expect(log.status).to.equal(200);
      return log;
    };
    const reads = (log: FollowedLog, text: string) =>
      poll(`${JSON.stringify(text)} in the log`, () => log.text === text || undefined);
    const ends = (log: FollowedLog) => poll("the log to end", () => log.ended || undefined);

    it("begins with what was written, and goes on with what is", async () => {
      const log = await open();
      await reads(log, "one\ntwo\n");
      await contract.target().append(pod, "app", "three\n");
      await reads(log, "one\ntwo\nthree\n");
      expect(log.ended).to.equal(false);
    });

    it("begins with its tail, or with nothing", async () => {
      const [tail, nothing] = [await open("&tailLines=1"), await open("&tailLines=0")];
      await reads(tail, "two\n");
      await contract.target().append(pod, "app", "three\n");
      await reads(tail, "two\nthree\n");
      await reads(nothing, "three\n");
    });

    it("ends where as many bytes were written as are wanted", async () => {
      const log = await open("&limitBytes=10");
      await reads(log, "one\ntwo\n");
      await contract.target().append(pod, "app", "three\n");
      await ends(log);
      expect(log.text).to.equal("one\ntwo\nth");
    });

    it("ends with the container, after its last words", async () => {
      const log = await open();
      await contract.target().append(pod, "app", "last words\n");
      await contract.target().restart(pod, "app");
      await ends(log);
      expect(log.text).to.equal("one\ntwo\nlast words\n");
    });

    it("of the attempt before ends at once", async () => {
      await contract.target().restart(pod, "app");
      const log = await open("&previous=true");
      await ends(log);
      expect(log.text).to.equal("one\ntwo\n");
    });
  });
}
