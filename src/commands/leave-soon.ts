/** Time for what was printed to be read. */
const leaveAfterMs = 500;

/** Ends the process once a command is done, also where something that a policy began would keep it alive for ever. */
export function leaveSoon(): void {
  setTimeout(() => process.exit(), leaveAfterMs).unref();
}
