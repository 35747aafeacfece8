import { createServer, type Server, type Socket } from "node:net";
import {
  type AgentAnswer,
  type AgentQuestion,
  decodeQuestion,
  encodeAnswer,
  maxQuestionBytes,
} from "../credentials/agent-protocol.ts";
import { CountersignError } from "../errors.ts";

/** client-go runs one plugin at a time for each webhook; beyond this somebody loops. */
const maxConnections = 512;
/** The plugin waits 1.75 s at most. */
const exchangeTimeoutMs = 5_000;

export interface AgentSocketOptions {
  /** Never rejects: what went wrong is an answer. */
  readonly answer: (question: AgentQuestion) => Promise<AgentAnswer>;
  /** Told of every exchange that ended without a question that could be answered. */
  readonly onFault: (problem: string) => void;
}

/** A server and what is open on it. */
export interface AgentSocket {
  readonly server: Server;
  close(): void;
}

/** A server that answers one question on each connection, and holds none of them for longer than five seconds. */
export function createAgentSocket(options: AgentSocketOptions): AgentSocket {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on("close", () => open.delete(socket)));
    serve(socket, options);
  });
  server.maxConnections = maxConnections;
  server.on("drop", () => options.onFault(`more than ${maxConnections} connections at once`));
  return {
    server,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function serve(socket: Socket, { answer, onFault }: AgentSocketOptions): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let asked = false;
  const deadline = setTimeout(() => fail("took too long"), exchangeTimeoutMs);
  const fail = (problem: string): void => {
    if (!socket.destroyed) onFault(problem);
    socket.destroy();
  };
  socket.on("close", () => clearTimeout(deadline));
  // whoever asked is gone: there is nobody to tell
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    if (asked) return;
    bytes += chunk.length;
    if (bytes > maxQuestionBytes) return fail(`sent more than ${maxQuestionBytes} bytes`);
    chunks.push(chunk);
    if (!chunk.includes("\n")) return;
    asked = true;
    void answerLine(Buffer.concat(chunks).toString("utf8"), answer, onFault).then((line) => socket.end(line));
  });
}

async function answerLine(
  line: string,
  answer: AgentSocketOptions["answer"],
  onFault: AgentSocketOptions["onFault"],
): Promise<string> {
  try {
    return encodeAnswer(await answer(decodeQuestion(line)));
  } catch (error) {
    const failure =
      error instanceof CountersignError ? error : new CountersignError("ERR_INTERNAL", "the agent failed");
    onFault(failure.message);
    return encodeAnswer({ failure });
  }
}
