import { type CABundle, loadCABundle } from "../../certificates/ca-bundle.ts";
import { createLastGood, type LastGood } from "../../certificates/last-good.ts";

/** The CA bundles that routes accept client certificates of, by file, each read once. */
export interface ClientCAs {
  of(file: string): CABundle;
  readonly all: readonly CABundle[];
}

/** @throws ERR_CERTIFICATE_INVALID naming the file. */
export async function loadClientCAs(
  files: readonly string[],
  load: (file: string) => Promise<LastGood<CABundle>>,
): Promise<ClientCAs> {
  const distinct = [...new Set(files)];
  const loaded = await Promise.all(distinct.map(async (file) => [file, await load(file)] as const));
  const bundles = new Map(loaded);
  return {
    of: (file) => bundles.get(file)!.current,
    get all() {
      return [...bundles.values()].map(({ current }) => current);
    },
  };
}

/** One CA bundle, kept fresh. @throws ERR_CERTIFICATE_INVALID naming the file. */
export function watchClientCA(file: string, onReload: () => void): Promise<LastGood<CABundle>> {
  return createLastGood({ what: "clientCA", files: [file], load: () => loadCABundle(file), onReload });
}
