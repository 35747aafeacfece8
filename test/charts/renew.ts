import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cases } from "./cases.ts";
import { chartFolder, formatValuesTable, readChartValues, withValuesTable } from "./chart-values.ts";
import { renderText } from "./helm.ts";

/** `node test/charts/renew.ts`: renders the golden files and README's table anew; look at the difference before it is kept. */
const folder = "test/charts/golden";
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) rmSync(join(folder, file));
for (const [name, values] of Object.entries(cases))
  writeFileSync(join(folder, `${name}.yaml`), await renderText(values));
const readme = join(chartFolder, "README.md");
const table = formatValuesTable(readChartValues().values);
writeFileSync(readme, withValuesTable(readFileSync(readme, "utf8"), table));
