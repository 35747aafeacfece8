type Environment = Readonly<Record<string, string | undefined>>;

/** Tells a process that it is the second one: nobody waits for it, and it is never followed by a third. */
const variable = "COUNTERSIGN_SECOND_RUN";

export function isSecondRun(env: Environment): boolean {
  return env[variable] !== undefined;
}

export function asSecondRun<Env extends Environment>(env: Env): Env & Record<typeof variable, string> {
  return { ...env, [variable]: "1" };
}
