import { text } from "node:stream/consumers";
import { expect } from "chai";
import { answerContainerLogs } from "../../../src/testing/kubelet/container-logs.ts";
import { createPod } from "../../../src/testing/kubelet/kubelet-pod.ts";

const clock = { now: () => Date.UTC(2026, 10, 21, 12), random: () => 0 };
const pod = createPod(
  {
    name: "web",
    containers: {
      app: { log: "one\n" },
      again: { log: "two\n", previousLog: "one\n" },
      creating: { waiting: "ContainerCreating" },
      pulling: { waiting: "ErrImagePull" },
      backedOff: { waiting: "ImagePullBackOff" },
      crashing: { waiting: "CrashLoopBackOff", previousLog: "last words\n" },
    },
  },
  clock,
);
const findPod = (namespace: string, name: string) =>
  namespace === "default" && name === "web" ? pod : undefined;

async function ask(container: string, query = "", more: Readonly<Record<string, string>> = {}) {
  const { status, body } = answerContainerLogs(
    {
      method: "GET",
      parameters: { namespace: "default", pod: "web", container, ...more },
      query: new URLSearchParams(query),
      body: "",
      signal: new AbortController().signal,
    },
    { findPod, clock },
  );
  return `${status} ${typeof body === "string" ? body : await text(body)}`;
}

describe("the embedded kubelet's containerLogs", () => {
  const rows: readonly (readonly [what: string, answer: string, ...question: Parameters<typeof ask>])[] = [
    ["no pod", '400 {"message": "Missing podID."}', "", "tailLines=x", { pod: "" }],
    ["no container", '400 {"message": "Missing container name."}', "", "tailLines=x", { namespace: "" }],
    ["no namespace", '400 {"message": "Missing podNamespace."}', "app", "tailLines=x", { namespace: "" }],
    ["an option that is none", '400 {"message": "Unable to decode query."}', "none", "tailLines=x"],
    [
      "an option that is invalid",
      '422 {"message": "Invalid request."}',
      "none",
      "tailLines=-1",
      { pod: "none" },
    ],
    ["an unknown pod", '404 pod "none" does not exist', "none", "stream=Stdout", { pod: "none" }],
    ["a pod of another namespace", '404 pod "web" does not exist', "app", "", { namespace: "other" }],
    ["an unknown container", '404 container "none" not found in pod "web"', "none", "stream=Stdout"],
    [
      "one stream",
      '400 unable to return the given log stream: "Stderr". Please enable PodLogsQuerySplitStreams feature gate in kubelet',
      "creating",
      "stream=Stderr",
    ],
    [
      "a container that is made",
      '400 container "creating" in pod "web" is waiting to start: ContainerCreating',
      "creating",
    ],
    [
      "an image that cannot be had",
      `400 container "pulling" in pod "web" is waiting to start: image can't be pulled`,
      "pulling",
    ],
    [
      "an image that is tried again",
      '400 container "backedOff" in pod "web" is waiting to start: trying and failing to pull image',
      "backedOff",
    ],
    ["a container that ends again and again", "200 last words\n", "crashing"],
    ["its attempt before", "200 last words\n", "crashing", "previous"],
    [
      "a first attempt's before",
      '400 previous terminated container "app" in pod "web" not found',
      "app",
      "previous",
    ],
    ["an attempt before", "200 one\n", "again", "previous"],
    ["an attempt", "200 two\n", "again"],
  ];
  for (const [what, answer, ...question] of rows)
    it(`answers ${answer.split("\n")[0]} for ${what}`, async () => {
      expect(await ask(...question)).to.equal(answer);
    });
});
