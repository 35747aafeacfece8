import { type AgentConfiguration, agentConfigurationSchema } from "./agent-configuration.ts";
import { type ConfigurationSource, loadConfiguration, parseConfiguration } from "./load-configuration.ts";

/**
 * Reads an `AgentConfiguration` file, YAML or JSON. Relative paths in it become absolute, seen from the file.
 * @throws ERR_CONFIGURATION with every fault there is, each with file, line, column and field.
 */
export function loadAgentConfiguration(file: string): Promise<AgentConfiguration> {
  return loadConfiguration(file, agentConfigurationSchema);
}

/** The same for a text that has been read. */
export function parseAgentConfiguration(text: string, source: ConfigurationSource): AgentConfiguration {
  return parseConfiguration(text, source, agentConfigurationSchema);
}
