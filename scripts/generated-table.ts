/** Where a page has a table that is made from something else. */
export interface GeneratedTable {
  readonly page: string;
  /** What it lists, as the marks around it say. */
  readonly what: string;
  /** The program that writes it, as well. */
  readonly madeBy: string;
  readonly table: string;
}

/** The page with this table in the place of the one it has. @throws where it has none. */
export function withGeneratedTable({ page, what, madeBy, table }: GeneratedTable): string {
  const [begins, ends] = [`<!-- ${what}: made by ${madeBy} -->`, `<!-- end of ${what} -->`];
  const [before, rest] = page.split(begins);
  const after = rest?.split(ends)[1];
  if (before === undefined || after === undefined)
    throw new Error(`the page has no place for the table of ${what}`);
  return `${before}${begins}\n${table}\n${ends}${after}`;
}
