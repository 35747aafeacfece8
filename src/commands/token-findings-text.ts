import type { TokenFinding } from "../authentication/token-verifier.ts";
import type { TokenInspection } from "../inspection/token-inspection.ts";

/** A line for every check, the two values it compared, and the verdict. */
export function formatTokenInspection({ accepted, findings }: TokenInspection): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const failed = findings.filter(({ passed }) => !passed).length;
  const verdict = accepted ? "accepted" : `refused: ${failed} of ${findings.length} checks did not pass`;
  return `${findings.map((finding) => line(finding, width)).join("\n")}\n${verdict}\n`;
}

function line({ check, passed, expected, actual, code }: TokenFinding, width: number): string {
  const compared = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(actual === undefined ? [] : [`got ${actual}`]),
  ].join(", ");
  const cells = [passed ? "ok    " : "FAILED", check.padEnd(width), compared, code ?? ""];
  return cells.join("  ").trimEnd();
}
