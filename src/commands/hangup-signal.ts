/** Runs this at every SIGHUP, which would end the process otherwise. */
export function onHangup(reload: () => Promise<void>): void {
  process.on("SIGHUP", () => void reload());
}
