import { randomUUID } from "node:crypto";
import { formatTime } from "../../apis/time.ts";
import type { Clock } from "../../clock.ts";
import type { JsonObject } from "../objects/api-object.ts";
import { type ContainerLog, createContainerLog } from "./container-log.ts";

/** A container of a pod that a test wants to run. */
export interface ContainerOptions {
  /** What it has written. Default: nothing. */
  readonly log?: string;
  /** What the attempt before this one has written; without it there was none. */
  readonly previousLog?: string;
  /** It has not started: why. */
  readonly waiting?: string;
  /** Runs before the others, and has ended. Default false. */
  readonly init?: boolean;
}

/** A container, of which one attempt to run it is the present one. */
export interface KubeletContainer {
  /** Writes to its log; `at` is the line's timestamp, epoch milliseconds, default now. A text without a line feed is the beginning of a line. */
  append(text: string, options?: { readonly at?: number }): void;
}

/** A container as the kubelet sees it. */
export interface ContainerState extends KubeletContainer {
  readonly name: string;
  readonly init: boolean;
  /** Undefined while it waits. */
  readonly current: ContainerLog | undefined;
  readonly previous: ContainerLog | undefined;
  readonly waiting: string | undefined;
  start(): void;
  terminate(): void;
  status(): JsonObject;
}

export function createContainer(name: string, options: ContainerOptions, clock: Clock): ContainerState {
  let attempt = 0;
  let waiting: string | undefined;
  let previous: Attempt | undefined;
  let current: Attempt | undefined;

  const end = (): void => {
    current?.log.end();
    previous = current ?? previous;
    current = undefined;
  };
  const begin = (text = ""): void => {
    end();
    current = { id: `containerd://${randomUUID()}`, log: createContainerLog(), startedAt: clock.now() };
    current.log.append(text, clock.now());
    waiting = undefined;
    attempt += 1;
  };
  if (options.previousLog !== undefined) begin(options.previousLog);
  if (options.waiting === undefined) begin(options.log);
  else end();
  waiting = options.waiting;
  if (options.init) (current as Attempt | undefined)?.log.end();

  return {
    name,
    init: options.init ?? false,
    get current() {
      return current?.log;
    },
    get previous() {
      return previous?.log;
    },
    get waiting() {
      return waiting;
    },
    append: (text, { at = clock.now() } = {}) => current?.log.append(text, at),
    start: () => begin(),
    terminate: () => current?.log.end(),
    status: () => ({
      name,
      state: waiting === undefined ? stateOf(current!) : { waiting: { reason: waiting } },
      lastState: previous === undefined ? {} : stateOf(previous),
      ready: current !== undefined && !current.log.ended,
      restartCount: Math.max(0, attempt - 1),
      image,
      imageID: "",
      ...(current !== undefined && { containerID: current.id }),
    }),
  };
}

export const image = "localhost/embedded:1";

interface Attempt {
  readonly id: string;
  readonly log: ContainerLog;
  readonly startedAt: number;
}

function stateOf({ log, id, startedAt }: Attempt): JsonObject {
  const started = { startedAt: formatTime(startedAt) };
  if (!log.ended) return { running: started };
  return {
    terminated: {
      exitCode: 0,
      reason: "Completed",
      ...started,
      finishedAt: formatTime(startedAt),
      containerID: id,
    },
  };
}
