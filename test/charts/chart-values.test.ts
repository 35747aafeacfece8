import { readFileSync } from "node:fs";
import { expect } from "chai";
import { type FieldSchema, fieldsOf } from "../../scripts/field-table.ts";
import {
  chartFolder,
  formatValuesTable,
  readChartValues,
  readSchema,
  schemaPaths,
  withValuesTable,
} from "./chart-values.ts";

const readme = readFileSync(`${chartFolder}/README.md`, "utf8");
const { values, undocumented } = readChartValues();
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

describe("values.yaml of the chart", () => {
  it("describes every value", () => expect(undocumented).to.deep.equal([]));

  it("is what README's table says (node test/charts/renew.ts)", () =>
    expect(withValuesTable(readme, formatValuesTable(values))).to.equal(readme));

  it("has every value the schema knows, but for global", () => {
    const described = values.map(({ path }) => path);
    const isDescribed = (path: string): boolean =>
      described.some((one) => one === path || path.startsWith(`${one}.`) || one.startsWith(`${path}.`));
    expect(schemaPaths().filter((path) => !isDescribed(path))).to.deep.equal(["global"]);
  });

  it("has no value the schema does not know", () => {
    const known = new Set(schemaPaths());
    expect(values.map(({ path }) => path).filter((path) => !known.has(path))).to.deep.equal([]);
  });

  it("has every field of a policy in README's table of them", () => {
    const { properties = {} } = readSchema().definitions!.policy!;
    const [, table = ""] = readme.split("| field of a policy |");
    const [rows = ""] = table.split("\n\n");
    const documented = [...rows.matchAll(/`([a-zA-Z]+)`/g)].map(([, name]) => name);
    expect(Object.keys(properties).filter((name) => !documented.includes(name))).to.deep.equal([]);
  });

  it("tells a comment of a first value from one of its map", () => {
    const text = "# of the file\n\na:\n  # -- is a\n  b: 1\n# -- is c\nc:\n  d: {e: 2}\nf: 3\n";
    expect(readChartValues(text)).to.deep.equal({
      values: [
        { path: "a.b", default: 1, description: "is a" },
        { path: "c", default: { d: { e: 2 } }, description: "is c" },
      ],
      undocumented: ["f"],
    });
  });
});

describe("values.schema.json of the chart", () => {
  it("lets nothing through that it does not name, but what is Kubernetes' own", () => {
    const loose: string[] = [];
    const visit = (schema: Record<string, unknown>, path: string): void => {
      if (schema.properties !== undefined && schema.additionalProperties !== false) loose.push(path);
      for (const key of ["properties", "definitions"])
        for (const [name, member] of Object.entries(
          (schema[key] ?? {}) as Record<string, Record<string, unknown>>,
        ))
          visit(member, `${path}/${name}`);
      if (schema.items !== undefined) visit(schema.items as Record<string, unknown>, `${path}/[]`);
    };
    visit(readSchema() as Record<string, unknown>, "");
    expect(loose).to.deep.equal([]);
  });
});

describe("pages for operators", () => {
  const policyFields = Object.keys(readSchema().definitions!.policy!.properties ?? {});
  const known = new Set([...schemaPaths(), ...policyFields.map((name) => `policies[].${name}`)]);
  const roots = Object.keys(readSchema().properties ?? {}).join("|");
  const value = new RegExp(`\`((?:${roots})(?:\\[\\])?\\.[\\w.]+)(?=[\`:=])`, "g");
  for (const page of ["docs/helm.md", "docs/upgrade.md", "docs/runbooks.md", `${chartFolder}/README.md`])
    it(`name only values that there are: ${page}`, () => {
      const named = [...readFileSync(page, "utf8").matchAll(value)].map(([, path]) => path!);
      expect(named.length).to.be.greaterThan(0);
      const isKnown = (path: string): boolean =>
        known.has(path) || [...known].some((one) => path.startsWith(`${one}.`) && one.includes("."));
      // keys of a Secret, which begin like a value
      const wrong = named.filter((path) => !isKnown(path) && !/^tls\.(crt|key)$/.test(path));
      expect(wrong).to.deep.equal([]);
    });

  it("name only values and fields of a GatewayConfiguration that there are: docs/gateway.md", () => {
    const page = readFileSync("docs/gateway.md", "utf8");
    const named = [
      ...page.matchAll(/[`( ]((?:gateway|authentication|authorization|kubelet|tls)\.[a-zA-Z.]+)(?=[`:=)])/g),
    ].map(([, path]) => path!);
    expect(named.length).to.be.greaterThan(20);
    const schema = readFileSync("src/configuration/schemas/gateway-configuration.json", "utf8");
    const fields = fieldsOf(JSON.parse(schema) as FieldSchema).map(({ path }) => path);
    // of a webhook server's file, to say that it is not here
    fields.push("tls.selfSigned");
    const isKnown = (path: string): boolean => known.has(path) || known.has(`gateway.${path}`);
    // files, which begin like a value
    const wrong = named.filter(
      (path) => !isKnown(path) && !fields.includes(path) && !/\.(crt|key)$/.test(path),
    );
    expect(wrong).to.deep.equal([]);
  });
});

describe("the recipe for the gateway's client certificate", () => {
  const recipe = /kubectl create namespace[\s\S]*?rm kubelet-client\.key kubelet-client\.csr\n/;
  it("is the same in README.md as in docs/gateway.md, whose commands are run", () => {
    const [told] = recipe.exec(readFileSync("docs/gateway.md", "utf8")) ?? [];
    expect(told).to.include("kubernetes.io/kube-apiserver-client");
    expect(readFileSync("README.md", "utf8")).to.include(told!);
  });
});

describe("Chart.yaml", () => {
  it("is of the package's version", () => {
    const chart = readFileSync(`${chartFolder}/Chart.yaml`, "utf8");
    expect(chart).to.match(new RegExp(`^appVersion: "?${manifest.version.replaceAll(".", "\\.")}"?$`, "m"));
  });
});

describe("alerts and dashboard of the chart", () => {
  const alerts = readFileSync(`${chartFolder}/templates/monitoring/_alerts.tpl`, "utf8");
  const dashboard = JSON.parse(readFileSync(`${chartFolder}/files/dashboard.json`, "utf8"));
  const names = [...alerts.matchAll(/^- alert: (\w+)$/gm)].map(([, name]) => name!);
  const runbooks = readFileSync("docs/runbooks.md", "utf8");
  const codes = readFileSync("README.md", "utf8");
  /** Metrics by their names, with their labels: a test holds this page to what is served. */
  const metrics = new Map(
    [
      ...readFileSync("docs/metrics.md", "utf8").matchAll(
        /^\| `((?:countersign|kube_apiserver)_\w+)` \| \w+ \|([^|]*)\|/gm,
      ),
    ].map(
      ([, name, labels]) => [name!, [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!)] as const,
    ),
  );
  const written = [...metrics.keys()];
  const targetLabels = ["namespace", "pod", "le"];
  const panels: { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[] =
    dashboard.panels;
  const expressions = [
    ...[...alerts.matchAll(/^ {2}expr: '(.*)'$/gm)].map(
      ([, expression], index) =>
        [names[index]!, expression!.replace(/\{\{-? \$in -?\}\}/g, 'namespace="x"')] as const,
    ),
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ];

  it("are not few", () => {
    expect(names.length).to.be.greaterThan(15);
    expect(expressions.length).to.be.greaterThan(names.length + 20);
  });

  for (const [what, expression] of expressions)
    it(`ask only for metrics and labels that there are: ${what}`, () => {
      const named = [...expression.matchAll(/\b(?:countersign|kube_apiserver)_[a-z_]+/g)].map(([name]) =>
        name.replace(/_bucket$/, ""),
      );
      expect(named).to.not.deep.equal([]);
      for (const name of named) expect(written).to.include(name);
      const known = [...named.flatMap((name) => metrics.get(name) ?? []), ...targetLabels];
      const selected = [...expression.matchAll(/[{,]\s*(\w+)\s*(?:=|!=|=~|!~)/g)].map(([, label]) => label!);
      const grouped = [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list]) =>
        list!.split(/, ?/),
      );
      for (const label of [...selected, ...grouped]) expect(known).to.include(label);
    });

  it("show every metric there is", () => {
    const all = expressions.map(([, expression]) => expression).join("\n");
    expect(written.filter((name) => !all.includes(name))).to.deep.equal([]);
  });

  it("have a runbook for each alert, and none for another", () => {
    const paragraphs = [...runbooks.matchAll(/^## (\w+)\n\n(\S[\s\S]*?)(?=\n\n|\n*$)/gm)];
    expect(paragraphs.map(([, name]) => name).toSorted()).to.deep.equal(names.toSorted());
  });

  it("name in runbooks only codes and metrics that there are", () => {
    for (const [name] of runbooks.matchAll(/\b(?:countersign|kube_apiserver)_[a-z_]+/g))
      expect(written).to.include(name);
    for (const [code] of runbooks.matchAll(/ERR_[A-Z_]+/g)) expect(codes).to.include(`\`${code}\``);
  });

  it("put every panel where no other is", () => {
    const taken = new Set<string>();
    for (const { gridPos } of dashboard.panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${x},${y}`).to.equal(false);
          taken.add(`${x},${y}`);
        }
  });
});
