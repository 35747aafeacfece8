import { errorMessageOf } from "../errors.ts";

/** One thing that has to be well. A throw or a rejection says why it is not; the reason is logged, not shown. */
export interface HealthCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

export interface HealthReport {
  readonly healthy: boolean;
  /** `text/plain` */
  readonly text: string;
  /** By check, for the log. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * The answer of `/healthz`, `/livez` or `/readyz` as an API server words it (kubernetes/apiserver
 * pkg/server/healthz/healthz.go): `ok`, with `?verbose` and whenever something fails one line for each check; a check
 * named by `?exclude=` counts as well.
 */
export async function reportHealth(
  endpoint: string,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
): Promise<HealthReport> {
  const excluded = new Set(query.getAll("exclude"));
  const failures = new Map<string, string>();
  const lines: string[] = [];
  for (const { name, check } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const failure = await failureOf(check);
    if (failure !== undefined) failures.set(name, failure);
    lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].toSorted().map((name) => JSON.stringify(name));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(",")}`);
  }
  const healthy = failures.size === 0;
  lines.push(`${endpoint} check ${healthy ? "passed" : "failed"}`);
  const text = healthy && !query.has("verbose") ? "ok" : `${lines.join("\n")}\n`;
  return { healthy, text, failures };
}

async function failureOf(check: HealthCheck["check"]): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return errorMessageOf(error);
  }
}
