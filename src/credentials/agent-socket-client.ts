import { lstatSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { dirname } from "node:path";
import { CountersignError } from "../errors.ts";
import {
  type AgentAnswer,
  type AgentQuestion,
  decodeAnswer,
  encodeQuestion,
  maxAnswerBytes,
} from "./agent-protocol.ts";
import { folderFault, privacyFault } from "./private-path.ts";

/**
 * Asks the agent behind a unix socket for a token. Socket and folder must be this user's alone: whoever else could put a
 * socket there would choose which token is presented.
 * @throws ERR_AGENT where it cannot be asked or gives no answer, ERR_TRANSPORT_TIMEOUT where none comes in time.
 */
export async function askAgent(
  socketPath: string,
  question: AgentQuestion,
  timeoutMs: number,
): Promise<AgentAnswer> {
  assertPrivateSocket(socketPath);
  return decodeAnswer(await exchangeLines(socketPath, encodeQuestion(question), timeoutMs));
}

function assertPrivateSocket(socketPath: string): void {
  const folder = dirname(socketPath);
  const fault = folderFault(folder);
  if (fault !== undefined) throw notPrivate(folder, fault === "missing" ? "is missing" : fault);
  const stats = lstatSync(socketPath, { throwIfNoEntry: false });
  if (stats === undefined) throw unusable(`${socketPath} is missing: is the agent running?`);
  const socketFault = stats.isSocket() ? privacyFault(stats) : "is not a socket";
  if (socketFault !== undefined) throw notPrivate(socketPath, socketFault);
}

/** A timer, where elsewhere a signal would do: making one costs a plugin of 28 ms half a millisecond. */
function exchangeLines(socketPath: string, question: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let settled = false;
    const socket: Socket = createConnection(socketPath, () => socket.write(question));
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const fail = (problem: string, cause?: unknown): void =>
      settle(() => reject(unusable(`${socketPath} ${problem}`, cause)));
    const timer = setTimeout(() => settle(() => reject(lateError(socketPath, timeoutMs))), timeoutMs);
    socket
      .on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        const end = chunk.indexOf("\n");
        chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
        if (bytes > maxAnswerBytes) fail(`sent more than ${maxAnswerBytes} bytes`);
        else if (end !== -1) settle(() => resolve(Buffer.concat(chunks).toString("utf8")));
      })
      .on("error", (error: NodeJS.ErrnoException) =>
        fail(`cannot be used (${error.code}): is the agent running?`, error),
      )
      .on("close", () => fail("was closed before the answer was whole"));
  });
}

function lateError(socketPath: string, timeoutMs: number): CountersignError {
  return new CountersignError(
    "ERR_TRANSPORT_TIMEOUT",
    `agent: ${socketPath} gave no answer within ${timeoutMs / 1000} s`,
  );
}

function notPrivate(path: string, problem: string): CountersignError {
  return unusable(
    `${path} ${problem}: the agent's socket has mode 0600, its folder 0700, and both are this user's own`,
  );
}

function unusable(problem: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_AGENT", `agent: ${problem}`, { cause });
}
