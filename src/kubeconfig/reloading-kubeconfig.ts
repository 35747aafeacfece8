import { dirname } from "node:path";
import { watchFiles } from "../certificates/file-watcher.ts";
import { loadKeyPair } from "../certificates/key-pair.ts";
import { diagnosticsChannel, type ReloadMessage } from "../diagnostics.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Kubeconfig, KubeconfigUser } from "./kubeconfig.ts";
import { type KubeconfigLocation, loadKubeconfig } from "./load-kubeconfig.ts";

/** Which kubeconfig is kept fresh, and how often it is looked at where the system tells of no change. */
export interface ReloadingKubeconfigOptions {
  readonly location: KubeconfigLocation;
  /** Default 10 s. */
  readonly pollIntervalMs?: number;
}

/** A kubeconfig as its files have it now. */
export interface ReloadingKubeconfig {
  /** Another object whenever anything has changed, its users too. */
  readonly current: Kubeconfig;
  /** Looks at the files now; resolves when what changed has been read. */
  check(): Promise<void>;
  close(): void;
}

const reloads = diagnosticsChannel("countersign:reload");

/**
 * Loads a kubeconfig as {@link loadKubeconfig} does, and again whenever it changes, or a certificate or key file of one
 * of its users. kube-apiserver reads it once; token files are read again by whoever presents them. A reload that fails
 * keeps the last good state and says so on `countersign:reload`: a file that cannot be read or parsed, a key that is not
 * its certificate's, a kubeconfig that no longer has any user.
 * @throws ERR_KUBECONFIG when the first load fails. A certificate that is wrong from the start fails whoever uses it.
 */
export async function createReloadingKubeconfig(
  options: ReloadingKubeconfigOptions,
): Promise<ReloadingKubeconfig> {
  const { location, pollIntervalMs } = options;
  const load = async (): Promise<Loaded> => loadCertificates(await loadKubeconfig(location));
  let { kubeconfig: current, files, faults } = await load();
  const { promise: loaded, resolve: markLoaded } = Promise.withResolvers<void>();
  const publish = (outcome: ReloadMessage["outcome"], detail?: string): void => {
    const file = location.files.join(", ");
    reloads.publish({ what: "kubeconfig", file, outcome, ...(detail === undefined ? {} : { detail }) });
  };

  async function reload(): Promise<void> {
    // an older first load must not overwrite what came after it
    await loaded;
    try {
      const next = await load();
      // a certificate that has come up is watched from now on, even where it does not fit its key yet
      files = next.files;
      assertBetter(next, current, faults);
      ({ kubeconfig: current, faults } = next);
      publish("reloaded");
    } catch (error) {
      publish("failed", errorMessageOf(error));
    }
  }

  const watcher = await watchFiles({
    files: async () => [...location.files, ...files],
    directories: [...location.files, ...files].map((file) => dirname(file)),
    onChange: reload,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
  });
  try {
    // once more, for what changed before it was watched
    ({ kubeconfig: current, files, faults } = await load());
    markLoaded();
  } catch (error) {
    watcher.close();
    throw error;
  }
  return {
    get current() {
      return current;
    },
    check: watcher.check,
    close: watcher.close,
  };
}

interface Loaded {
  /** With certificates and keys in it instead of the names of their files. */
  readonly kubeconfig: Kubeconfig;
  readonly files: readonly string[];
  /** By user: why its files could not be used. */
  readonly faults: ReadonlyMap<string, unknown>;
}

async function loadCertificates(kubeconfig: Kubeconfig): Promise<Loaded> {
  const files: string[] = [];
  const faults = new Map<string, unknown>();
  const users = new Map<string, KubeconfigUser>();
  for (const [name, user] of kubeconfig.users) {
    const { "client-certificate": certFile, "client-key": keyFile, ...rest } = user;
    const inline = rest["client-certificate-data"] || rest["client-key-data"];
    users.set(name, user);
    if (inline || certFile === undefined || keyFile === undefined) continue;
    files.push(certFile, keyFile);
    try {
      const { certificate, key } = await loadKeyPair({ certFile, keyFile });
      users.set(name, { ...rest, ...inlined(certificate, key) });
    } catch (error) {
      faults.set(name, error);
    }
  }
  return { kubeconfig: { ...kubeconfig, users }, files, faults };
}

function inlined(certificate: string, key: Secret): Partial<KubeconfigUser> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return {
    "client-certificate-data": base64(certificate),
    "client-key-data": new Secret(base64(key.reveal())),
  };
}

/** A file that is being written is empty for a moment: whoever took that for the kubeconfig would call as nobody. */
function assertBetter({ kubeconfig, faults }: Loaded, last: Kubeconfig, known: Loaded["faults"]): void {
  for (const [name, fault] of faults) if (!known.has(name)) throw fault;
  if (kubeconfig.users.size > 0 || last.users.size === 0) return;
  const where = kubeconfig.files.join(", ") || "the kubeconfig";
  throw new CountersignError("ERR_KUBECONFIG", `${where}: users: there are none any more`);
}
