import { type GatewayConfiguration, gatewayConfigurationSchema } from "./gateway-configuration.ts";
import { type ConfigurationSource, loadConfiguration, parseConfiguration } from "./load-configuration.ts";

/**
 * Reads a `GatewayConfiguration` file, YAML or JSON. Relative paths in it become absolute, seen from the file.
 * @throws ERR_CONFIGURATION with every fault there is, each with file, line, column and field.
 */
export function loadGatewayConfiguration(file: string): Promise<GatewayConfiguration> {
  return loadConfiguration(file, gatewayConfigurationSchema);
}

/** The same for a text that has been read. */
export function parseGatewayConfiguration(text: string, source: ConfigurationSource): GatewayConfiguration {
  return parseConfiguration(text, source, gatewayConfigurationSchema);
}
