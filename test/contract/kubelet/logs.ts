import { expect } from "chai";
import { administrator } from "./callers.ts";
import { ask } from "./kubelet-request.ts";
import type { KubeletContract, PodOnTarget } from "./kubelet-target.ts";

const namespace = "default";
const lines = ["first\n", "second\n", "third\n", "fourth\n"];

/** GET containerLogs: kubernetes/kubernetes pkg/kubelet/server getContainerLogs. */
export function describeLogs(contract: KubeletContract): void {
  describe("logs", () => {
    let pod: PodOnTarget;
    before(async () => {
      const containers = {
        setup: { init: true, log: "set up\n" },
        app: { log: lines.join("") },
        silent: {},
        stuck: { neverStarts: true },
      };
      pod = { namespace, name: contract.unique("logged"), containers };
      await contract.target().runPod(pod);
    });
    after(() => contract.target().remove(pod));

    const read = async (query = "", container = "app", name = pod.name) => {
      const path = `/containerLogs/${namespace}/${name}/${container}${query}`;
      const { status, text } = await ask(contract.target(), path, administrator(contract));
      return { status, text };
    };
    const ok = (text: string) => ({ status: 200, text });

    it("are text in chunks, of no type that is named", async () => {
      const path = `/containerLogs/${namespace}/${pod.name}/app`;
      const { headers } = await ask(contract.target(), path, administrator(contract));
      expect(headers).to.include({ "transfer-encoding": "chunked" });
      expect(headers).to.not.have.any.keys("content-type", "content-length");
    });

    const options: Readonly<Record<string, string>> = {
      "": lines.join(""),
      "?tailLines=2": "third\nfourth\n",
      "?tailLines=0": "",
      "?tailLines=99": lines.join(""),
      "?tailLines=%2B1": "fourth\n",
      "?tail=1": "fourth\n",
      "?tail=all&tailLines=1": lines.join(""),
      "?tail=&tailLines=1": "fourth\n",
      "?tailLines=1&tailLines=2": "fourth\n",
      "?limitBytes=8": "first\nse",
      "?limitBytes=6": "first\n",
      "?tailLines=2&limitBytes=1": "t",
      "?sinceSeconds=3600": lines.join(""),
      "?sinceTime=2020-01-01T00:00:00Z": lines.join(""),
      "?sinceTime=2020-01-01T00:00:00%2B02:00": lines.join(""),
      "?sinceTime=2120-01-01T00:00:00Z": "",
      "?sinceTime=": lines.join(""),
      "?sinceTime=null": lines.join(""),
      "?sinceTime=2120-01-01T00:00:00Z&tailLines=2": "",
      "?previous=false": lines.join(""),
      "?previous=0&follow=0&timestamps=FALSE": lines.join(""),
      "?stream=All": lines.join(""),
      "?container=other&insecureSkipTLSVerifyBackend=true&pretty=true": lines.join(""),
    };
    for (const [query, text] of Object.entries(options))
      it(`${query || "without options"} are ${JSON.stringify(text)}`, async () => {
        expect(await read(query)).to.deep.equal(ok(text));
      });

    for (const query of ["?timestamps=true", "?timestamps", "?timestamps=", "?timestamps=1"])
      it(`${query} say when each line was written`, async () => {
        const { text } = await read(`${query}&tailLines=2`);
        expect(text).to.match(
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z third\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z fourth\n$/,
        );
      });

    it("count what timestamps take among the bytes that are wanted", async () => {
      const { text } = await read("?timestamps=1&limitBytes=5");
      expect(text).to.match(/^\d{4}-$/);
    });

    for (const query of [
      "?tailLines=x",
      "?tailLines=",
      "?tailLines=1.0",
      "?tailLines=9223372036854775808",
      "?limitBytes=1k",
      "?sinceSeconds=1s",
      "?sinceTime=yesterday",
      "?sinceTime=2020-01-01",
      "?tail=x",
      "?tail=x&tailLines=1",
    ])
      it(`${query} cannot be decoded`, async () => {
        expect(await read(query)).to.deep.equal({
          status: 400,
          text: '{"message": "Unable to decode query."}',
        });
      });

    for (const query of [
      "?tailLines=-1",
      "?limitBytes=0",
      "?limitBytes=-1",
      "?sinceSeconds=0",
      "?sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z",
      "?sinceSeconds=1&sinceTime=",
      "?stream=Nope",
      "?stream=Stdout&tailLines=1",
    ])
      it(`${query} are invalid`, async () => {
        expect(await read(query)).to.deep.equal({ status: 422, text: '{"message": "Invalid request."}' });
      });

    it("of one stream are behind a gate", async () => {
      const text =
        'unable to return the given log stream: "Stdout". Please enable PodLogsQuerySplitStreams feature gate in kubelet';
      expect(await read("?stream=Stdout")).to.deep.equal({ status: 400, text });
    });

    it("are asked for by names that are there to be asked for", async () => {
      const asked = async (path: string) => {
        const { status, text } = await ask(
          contract.target(),
          `/containerLogs/${path}`,
          administrator(contract),
        );
        return { status, text };
      };
      expect(await asked("%2F/app")).to.deep.equal({ status: 400, text: '{"message": "Missing podID."}' });
      expect(await asked("%2Fpod/app")).to.deep.equal({
        status: 400,
        text: '{"message": "Missing podNamespace."}',
      });
    });

    it("are decoded before the pod is looked for, and that before its container", async () => {
      expect((await read("?tailLines=x", "none", "none")).status).to.equal(400);
      expect((await read("?tailLines=-1", "none", "none")).status).to.equal(422);
      expect(await read("", "none", "none")).to.deep.equal({
        status: 404,
        text: 'pod "none" does not exist',
      });
      const text = `container "none" not found in pod "${pod.name}"`;
      expect(await read("?stream=Stdout", "none")).to.deep.equal({ status: 404, text });
    });

    it("of a container that has run before the others are there", async () => {
      expect(await read("", "setup")).to.deep.equal(ok("set up\n"));
    });

    it("of a container that says nothing are nothing", async () => {
      expect(await read("", "silent")).to.deep.equal(ok(""));
    });

    it("of a container that does not start are why", async () => {
      const text = `container "stuck" in pod "${pod.name}" is waiting to start: ErrImageNeverPull`;
      expect(await read("", "stuck")).to.deep.equal({ status: 400, text });
    });

    it("of an attempt before the first are not there", async () => {
      const text = `previous terminated container "app" in pod "${pod.name}" not found`;
      expect(await read("?previous=true")).to.deep.equal({ status: 400, text });
    });

    it("of the attempt before are kept when the container runs again", async () => {
      const again: PodOnTarget = {
        namespace,
        name: contract.unique("again"),
        containers: { app: { log: "begun\n" } },
      };
      const { target } = contract;
      await target().runPod(again);
      try {
        await target().append(again, "app", "the first time\n");
        await target().restart(again, "app");
        await target().append(again, "app", "the second time\n");
        expect(await read("", "app", again.name)).to.deep.equal(ok("begun\nthe second time\n"));
        expect(await read("?previous", "app", again.name)).to.deep.equal(ok("begun\nthe first time\n"));
        expect(await read("?previous&tailLines=1", "app", again.name)).to.deep.equal(ok("the first time\n"));
      } finally {
        await target().remove(again);
      }
    });
  });
}
