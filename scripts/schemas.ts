import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { agentConfigurationSchema } from "../src/configuration/agent-configuration.ts";
import { builtInParameters } from "../src/configuration/built-in-parameters.ts";
import { gatewayConfigurationSchema } from "../src/configuration/gateway-configuration.ts";
import { policySource, serverConfigurationSchema } from "../src/configuration/server-configuration.ts";
import { type FieldSchema, fieldsOf, formatFieldTable } from "./field-table.ts";
import { withGeneratedTable } from "./generated-table.ts";

/**
 * The JSON Schemas that ship in the package, and the table in docs/gateway.md. `node scripts/schemas.ts` writes them, tests
 * compare them.
 */
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
  {
    file: new URL("../src/configuration/schemas/gateway-configuration.json", import.meta.url),
    title: "Countersign GatewayConfiguration",
    schema: gatewayConfigurationSchema,
  },
];

export function renderSchema({ title, schema }: (typeof schemas)[number]): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override({ zodSchema, jsonSchema }) {
      if ((zodSchema as unknown) === policySource) Object.assign(jsonSchema, { allOf: parametersByName() });
    },
  });
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}

/** Which parameters go with which built-in policy: a check says so, which no schema shows. */
function parametersByName(): object[] {
  return Object.entries(builtInParameters).map(([name, parameters]) => {
    const { $schema, ...rest } = z.toJSONSchema(parameters, { io: "input" });
    return {
      if: { properties: { builtIn: { const: name } }, required: ["builtIn"] },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
      then: { properties: { parameters: rest }, required: ["parameters"] },
    };
  });
}

export function isCurrent(entry: (typeof schemas)[number]): boolean {
  return isDeepStrictEqual(JSON.parse(readFileSync(entry.file, "utf8")), JSON.parse(renderSchema(entry)));
}

/** The page with the table of a gateway's fields, as it is and as it should be. */
export function gatewayPage(): { readonly file: string; readonly current: string; readonly wanted: string } {
  const file = "docs/gateway.md";
  const current = readFileSync(file, "utf8");
  const fields = fieldsOf(z.toJSONSchema(gatewayConfigurationSchema, { io: "input" }) as FieldSchema);
  const table = formatFieldTable(fields);
  const wanted = withGeneratedTable({ page: current, what: "fields", madeBy: "scripts/schemas.ts", table });
  return { file, current, wanted };
}

if (import.meta.main) {
  for (const entry of schemas) writeFileSync(entry.file, renderSchema(entry));
  const { file, wanted } = gatewayPage();
  writeFileSync(file, wanted);
}
