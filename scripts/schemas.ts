import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { agentConfigurationSchema } from "../src/configuration/agent-configuration.ts";
import { serverConfigurationSchema } from "../src/configuration/server-configuration.ts";

/** The JSON Schemas that ship in the package. `node scripts/schemas.ts` writes them, a test compares them. */
export const schemas = [
  {
    file: new URL("../src/configuration/schemas/server-configuration.json", import.meta.url),
    title: "Countersign ServerConfiguration",
    schema: serverConfigurationSchema,
  },
  {
    file: new URL("../src/configuration/schemas/agent-configuration.json", import.meta.url),
    title: "Countersign AgentConfiguration",
    schema: agentConfigurationSchema,
  },
];

export function renderSchema({ title, schema }: (typeof schemas)[number]): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}

export function isCurrent(entry: (typeof schemas)[number]): boolean {
  return isDeepStrictEqual(JSON.parse(readFileSync(entry.file, "utf8")), JSON.parse(renderSchema(entry)));
}

if (import.meta.main) for (const entry of schemas) writeFileSync(entry.file, renderSchema(entry));
