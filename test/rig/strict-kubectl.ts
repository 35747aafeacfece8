import type { RealControlPlane } from "./real-control-plane.ts";

/** kubectl's standard output; an object goes in as JSON. */
export type StrictKubectl = (args: readonly string[], input?: unknown) => Promise<string>;

/** @throws where kubectl ends with another code than 0, with what it said */
export function strictKubectl(controlPlane: Pick<RealControlPlane, "kubectl">): StrictKubectl {
  return async (args, input) => {
    const text = input === undefined || typeof input === "string" ? input : JSON.stringify(input);
    const { code, stdout, stderr } = await controlPlane.kubectl(args, text);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
}
