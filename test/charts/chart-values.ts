import { readFileSync } from "node:fs";
import { isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from "yaml";
import { withGeneratedTable } from "../../scripts/generated-table.ts";

export const chartFolder = "charts/countersign";

/** One documented value of the chart. */
export interface ChartValue {
  /** `server.resources` */
  readonly path: string;
  readonly default: unknown;
  readonly description: string;
}

/** The values of `values.yaml` that a comment `# -- …` describes, and the paths of those that none does. */
export function readChartValues(text = readFileSync(`${chartFolder}/values.yaml`, "utf8")): {
  readonly values: readonly ChartValue[];
  readonly undocumented: readonly string[];
} {
  const values: ChartValue[] = [];
  const undocumented: string[] = [];
  const visit = (map: YAMLMap, prefix: string): void => {
    for (const pair of map.items as Pair[]) {
      const path = prefix + String(isScalar(pair.key) ? pair.key.value : pair.key);
      const description = descriptionOf(pair, map);
      if (description !== undefined) values.push({ path, default: plain(pair.value), description });
      else if (isMap(pair.value) && pair.value.items.length > 0) visit(pair.value, `${path}.`);
      else undocumented.push(path);
    }
  };
  const { contents } = parseDocument(text);
  if (!isMap(contents)) throw new Error("values.yaml holds no map");
  visit(contents, "");
  return { values, undocumented };
}

/** The comment before a pair; that of a map's first pair hangs on the map. */
function descriptionOf(pair: Pair, map: YAMLMap): string | undefined {
  const own = isScalar(pair.key) ? (pair.key.commentBefore ?? undefined) : undefined;
  const comment = own ?? (map.items[0] === pair ? (map.commentBefore ?? undefined) : undefined);
  const [, description] = /(?:^|\n) -- (.*)$/.exec(comment ?? "") ?? [];
  return description;
}

function plain(value: unknown): unknown {
  return value === null || value === undefined ? null : (value as { toJSON(): unknown }).toJSON();
}

/** README's table of them. */
export function formatValuesTable(values: readonly ChartValue[]): string {
  const rows = values.map(
    ({ path, default: given, description }) => `| \`${path}\` | ${shown(given)} | ${description} |`,
  );
  return ["| value | default | what it is |", "|---|---|---|", ...rows].join("\n");
}

function shown(value: unknown): string {
  if (value === "" || value === null) return "";
  const text = stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** A README with this table in the place of the one it has. */
export function withValuesTable(readme: string, table: string): string {
  return withGeneratedTable({ page: readme, what: "values", madeBy: "test/charts/renew.ts", table });
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

export function readSchema(): Schema {
  return JSON.parse(readFileSync(`${chartFolder}/values.schema.json`, "utf8"));
}

/** Every path the schema knows by name, down to where it takes whatever Kubernetes does. */
export function schemaPaths(root: Schema = readSchema()): string[] {
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined ? schema : root.definitions![schema.$ref.replace("#/definitions/", "")]!;
  const visit = (schema: Schema, prefix: string): string[] =>
    Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
      const resolved = resolve(member);
      const path = `${prefix}${name}`;
      return resolved.properties === undefined ? [path] : [path, ...visit(resolved, `${path}.`)];
    });
  return visit(root, "");
}
