import { type ConfigurationSource, loadConfiguration, parseConfiguration } from "./load-configuration.ts";
import { type ServerConfiguration, serverConfigurationSchema } from "./server-configuration.ts";

/**
 * Reads a `ServerConfiguration` file, YAML or JSON. Relative paths in it become absolute, seen from the file.
 * @throws ERR_CONFIGURATION with every fault there is, each with file, line, column and field.
 */
export function loadServerConfiguration(file: string): Promise<ServerConfiguration> {
  return loadConfiguration(file, serverConfigurationSchema);
}

/** The same for a text that has been read. */
export function parseServerConfiguration(text: string, source: ConfigurationSource): ServerConfiguration {
  return parseConfiguration(text, source, serverConfigurationSchema);
}
