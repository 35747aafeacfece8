import { realpath } from "node:fs/promises";
import type { Policy } from "../admission/policy.ts";
import { assertPolicy } from "../admission/policy-check.ts";
import { CountersignError } from "../errors.ts";
import { policyFault } from "./policy-fault.ts";
import { importPolicyModule, type PolicySources } from "./policy-module.ts";

export interface LoadPolicyOptions {
  /** Whether the policy is for a mutating webhook's route. Default false: `mutate` is refused. */
  readonly mutating?: boolean;
  /** What loading may take, as a file that awaits something at its top may never end. Default 10 000 (10 s). */
  readonly timeoutMs?: number;
  /** Filled with the files that were read, also where loading fails. */
  readonly sources?: PolicySources;
}

/**
 * Loads the policy that a file exports by default: `.ts` or `.mts` without a build, `.js` or `.mjs`, as an ES module, from any
 * folder. Every call loads the file and what it imports from beside it anew. In these files `countersign` is this package.
 * @throws ERR_POLICY_INVALID naming the file, the line where there is one, and every fault of the policy.
 */
export async function loadPolicy(file: string, options: LoadPolicyOptions = {}): Promise<Policy> {
  const { mutating = false, timeoutMs = 10_000, sources = new Map() } = options;
  if (!/\.m?[jt]s$/.test(file)) throw invalid(file, "a policy file ends in .ts, .mts, .js or .mjs");
  const realFile = await realpath(file).catch((error: NodeJS.ErrnoException) => {
    throw invalid(file, error.code === "ENOENT" ? "there is no such file" : error.message, error);
  });
  try {
    const module = await within(timeoutMs, file, importPolicyModule(realFile, sources));
    return policyOf(module, file, mutating);
  } catch (error) {
    throw error instanceof CountersignError ? error : policyFault(file, realFile, sources, error);
  }
}

function policyOf(module: object, file: string, mutating: boolean): Policy {
  if (!("default" in module))
    throw invalid(
      file,
      "there is no default export: a policy file says `export default definePolicy({ … })`",
    );
  assertPolicy(module.default, { mutating, source: file });
  return module.default;
}

function within<T>(timeoutMs: number, file: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void => reject(invalid(file, `it has not finished loading after ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

function invalid(file: string, problem: string, cause?: unknown): CountersignError {
  return new CountersignError(
    "ERR_POLICY_INVALID",
    `${file}: ${problem}`,
    cause === undefined ? undefined : { cause },
  );
}
