import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Reads logs: one after the other and whole, or many at once and followed for a while. Reads its task as JSON from the
 * first argument and prints `{bytes, seconds}`, with `follow` as soon as all are open and again at the end.
 */
interface LogTask {
  readonly port: number;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly path: string;
  readonly whole?: { readonly times: number; readonly bytes: number };
  readonly follow?: { readonly readers: number; readonly forMs: number };
}

const task = JSON.parse(process.argv[2]!) as LogTask;
const agent = new Agent({
  keepAlive: true,
  ca: readFileSync(task.caFile),
  cert: readFileSync(task.certFile),
  key: readFileSync(task.keyFile),
});

function open(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: "127.0.0.1", port: task.port, path: task.path }, (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else reject(new Error(`answered with ${answer.statusCode}`));
    });
    outgoing.on("error", reject).end();
  });
}

async function readWhole(expected: number): Promise<void> {
  let bytes = 0;
  const answer = await open();
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await new Promise((resolve, reject) => answer.on("end", resolve).on("error", reject));
  if (bytes !== expected) throw new Error(`${bytes} of ${expected} bytes came`);
}

async function readAll({ times, bytes }: NonNullable<LogTask["whole"]>): Promise<void> {
  await readWhole(bytes);
  const begin = performance.now();
  for (let count = 0; count < times; count += 1) await readWhole(bytes);
  const seconds = (performance.now() - begin) / 1000;
  console.log(JSON.stringify({ bytes: bytes * times, seconds }));
}

async function followAll({ readers, forMs }: NonNullable<LogTask["follow"]>): Promise<void> {
  const begin = performance.now();
  let bytes = 0;
  const tell = (): void =>
    console.log(JSON.stringify({ bytes, seconds: (performance.now() - begin) / 1000 }));
  const answers: IncomingMessage[] = [];
  for (let count = 0; count < readers; count += 50)
    answers.push(...(await Promise.all(Array.from({ length: 50 }, open))));
  for (const answer of answers)
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
  const cut = answers.map((answer) => new Promise((_, reject) => answer.once("end", reject)));
  tell();
  await Promise.race([pause(forMs), Promise.all(cut).catch(() => Promise.reject(new Error("a log ended")))]);
  tell();
  for (const answer of answers) answer.destroy();
}

if (task.whole !== undefined) await readAll(task.whole);
if (task.follow !== undefined) await followAll(task.follow);
agent.destroy();
