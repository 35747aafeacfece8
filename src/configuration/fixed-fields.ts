import { isDeepStrictEqual } from "node:util";
import type { Log } from "../monitoring/log.ts";

/** What a reload cannot change, because it was opened once: a listener that moved would drop its connections. */
export interface FixedFieldsOptions<T> {
  readonly next: T;
  readonly current: T;
  readonly fields: readonly (keyof T & string)[];
  /** Told which of them should have changed. */
  readonly log: Pick<Log, "write">;
}

/** The next configuration with these fields left as they are. */
export function keepFixedFields<T extends object>({ next, current, fields, log }: FixedFieldsOptions<T>): T {
  const changed = fields.filter((field) => !isDeepStrictEqual(next[field], current[field]));
  if (changed.length > 0)
    log.write("warn", "changed in the configuration, and in use only after a restart", { fields: changed });
  const kept = { ...next };
  for (const field of changed) {
    if (current[field] === undefined) delete kept[field];
    else kept[field] = current[field];
  }
  return kept;
}
