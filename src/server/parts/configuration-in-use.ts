import { createKeptParts, type KeepPart } from "./kept-parts.ts";

export interface ConfigurationInUseOptions<Configuration, Served> {
  /** Loads all that a configuration names. @throws what makes it unusable. */
  load(configuration: Configuration, keep: KeepPart): Promise<Served>;
  /** Waits, before one is exchanged for another, for what it should have by then. */
  settle?(next: Served): Promise<void>;
}

/** The one configuration that requests are answered by, exchanged as a whole. */
export interface ConfigurationInUse<Configuration, Served> {
  /** What it became. @throws where there is none yet. */
  readonly current: Served;
  /** @throws where there is none yet. */
  readonly configuration: Configuration;
  /**
   * Loads a configuration and takes it into use; `take` does at that moment what else has to be done, and may refuse.
   * @throws what loading and `take` throw; the one before stays in use then.
   */
  exchange(configuration: Configuration, take?: (next: Served, before: Served) => void): Promise<void>;
  close(): Promise<void>;
}

export function createConfigurationInUse<Configuration, Served>(
  options: ConfigurationInUseOptions<Configuration, Served>,
): ConfigurationInUse<Configuration, Served> {
  const kept = createKeptParts();
  let inUse: { readonly configuration: Configuration; readonly served: Served } | undefined;
  const used = () => {
    if (inUse === undefined) throw new Error("no configuration has been loaded");
    return inUse;
  };
  return {
    get current() {
      return used().served;
    },
    get configuration() {
      return used().configuration;
    },
    async exchange(configuration, take) {
      const loaded = await kept.load((keep) => options.load(configuration, keep));
      try {
        if (inUse !== undefined) {
          await options.settle?.(loaded.value);
          take?.(loaded.value, inUse.served);
        }
        inUse = { configuration, served: loaded.value };
      } catch (error) {
        await loaded.discard();
        throw error;
      }
      await loaded.commit();
    },
    close: kept.close,
  };
}
