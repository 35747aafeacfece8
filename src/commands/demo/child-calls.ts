import type { ChildProcess } from "node:child_process";
import { errorMessageOf } from "../../errors.ts";

/** What one process asks of another over their own channel: a method and one plain value. */
interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

type Methods = Readonly<Record<string, (argument: never) => unknown>>;

/** The child's side: answers calls until the parent goes away, then ends the process. */
export function answerCalls(methods: Methods): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => void answer(methods, message as Call));
}

async function answer(methods: Methods, { id, method, argument }: Call): Promise<void> {
  const reply = (rest: Omit<Answer, "id">): void => void process.send?.({ id, ...rest });
  try {
    reply({ value: await methods[method]!(argument as never) });
  } catch (error) {
    reply({ error: errorMessageOf(error) });
  }
}

/** The parent's side. A call rejects where the method throws or the child has ended. */
export function createCaller(child: ChildProcess): <T>(method: string, argument?: unknown) => Promise<T> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let ids = 0;
  child.on("message", (message) => {
    const reply = message as Answer;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  child.on("exit", (code) => {
    for (const settle of waiting.values()) settle({ id: 0, error: `the process ended with ${code}` });
  });
  return <T>(method: string, argument?: unknown) =>
    new Promise<T>((resolve, reject) => {
      ids += 1;
      const id = ids;
      waiting.set(id, ({ error, value }) =>
        error === undefined ? resolve(value as T) : reject(new Error(error)),
      );
      child.send({ id, method, argument: argument ?? {} } satisfies Call);
    });
}
