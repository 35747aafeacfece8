import { type CABundle, loadCABundle } from "../certificates/ca-bundle.ts";
import { createLastGood, type LastGood } from "../certificates/last-good.ts";

/** The CA bundles that routes accept client certificates of, by file, each read once and kept fresh. */
export interface ClientCAs {
  of(file: string): CABundle;
  readonly all: readonly CABundle[];
  close(): void;
}

/** @throws ERR_CERTIFICATE_INVALID naming the file. */
export async function loadClientCAs(files: readonly string[], onReload: () => void): Promise<ClientCAs> {
  const bundles = new Map<string, LastGood<CABundle>>();
  for (const file of new Set(files)) {
    const load = (): Promise<CABundle> => loadCABundle(file);
    bundles.set(file, await createLastGood({ what: "clientCA", files: [file], load, onReload }));
  }
  return {
    of: (file) => bundles.get(file)!.current,
    get all() {
      return [...bundles.values()].map(({ current }) => current);
    },
    close() {
      for (const bundle of bundles.values()) bundle.close();
    },
  };
}
