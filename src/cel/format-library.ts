import { Optional } from "@marcbachmann/cel-js";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import { type CelObject, traversal } from "./cel-values.ts";
import { parseTimestamp } from "./time-text.ts";

/** What a text has to be like. */
class NamedFormat implements CelObject {
  readonly name: string;
  readonly faultOf: (text: string) => string | undefined;
  constructor(name: string, faultOf: (text: string) => string | undefined) {
    this.name = name;
    this.faultOf = faultOf;
  }
  equals(other: unknown): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

class FormatNamespace {}

const label = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const dns1035 = "[a-z](?:[-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(?:\\.${label})*`;
const qualified = "[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?";

const formats: readonly NamedFormat[] = [
  pattern("dns1123Label", label, 63),
  pattern("dns1123Subdomain", subdomain, 253),
  pattern("dns1035Label", dns1035, 63),
  prefix("dns1123LabelPrefix", label, 63),
  prefix("dns1123SubdomainPrefix", subdomain, 253),
  prefix("dns1035LabelPrefix", dns1035, 63),
  new NamedFormat("qualifiedName", qualifiedNameFault),
  pattern("labelValue", `(?:${qualified})?`, 63),
  pattern("uri", "[a-zA-Z][a-zA-Z0-9+.-]*:[^\\s]+|/[^\\s]*", 10_000),
  pattern("uuid", "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}", 36),
  pattern("byte", "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", 1_000_000),
  new NamedFormat("date", (text) => timestampFault(`${text}T00:00:00Z`)),
  new NamedFormat("datetime", timestampFault),
];

const type = "kubernetes.NamedFormat";

/** Kubernetes' format library: `format.dns1123Label().validate(text)`, `format.named("uuid")`. */
export const formatLibrary: CelLibrary = {
  types: [{ name: type, valueClass: NamedFormat, fields: {} }],
  namespaces: { format: { name: "format.Namespace", valueClass: FormatNamespace } },
  functions: [
    ...formats.map((format) => celFunction(`format.Namespace.${format.name}(): ${type}`, () => format)),
    celFunction(`format.Namespace.named(string): optional<${type}>`, (_: unknown, name: string) =>
      Optional.of(formats.find((format) => format.name === name)),
    ),
    celFunction(`${type}.validate(string): optional<list<string>>`, validate, (_: unknown, text: string) =>
      traversal(text),
    ),
  ],
};

function validate({ faultOf }: NamedFormat, text: string): Optional<string[]> {
  const fault = faultOf(text);
  return fault === undefined ? Optional.none() : Optional.of([fault]);
}

/** Longer texts are refused before the expression sees them: some of them would take it quadratic time. */
function pattern(name: string, expression: string, maxLength: number): NamedFormat {
  const whole = new RegExp(`^(?:${expression})$`);
  return new NamedFormat(name, (text) => {
    if (text.length > maxLength) return `must be no more than ${maxLength} characters`;
    return whole.test(text) ? undefined : `must be a valid ${name}`;
  });
}

/** As upstream: of a text that ends in a dash, the last two characters count as one letter. */
function prefix(name: string, expression: string, maxLength: number): NamedFormat {
  const { faultOf } = pattern(name, expression, maxLength);
  return new NamedFormat(name, (text) =>
    faultOf(text.length > 1 && text.endsWith("-") ? `${text.slice(0, -2)}a` : text),
  );
}

function qualifiedNameFault(text: string): string | undefined {
  const [name = "", prefix, ...rest] = text.split("/").reverse();
  const valid =
    rest.length === 0 &&
    name.length <= 63 &&
    new RegExp(`^${qualified}$`).test(name) &&
    (prefix === undefined || (prefix.length <= 253 && new RegExp(`^${subdomain}$`).test(prefix)));
  return valid ? undefined : "must be a valid qualified name";
}

function timestampFault(text: string): string | undefined {
  try {
    parseTimestamp(text);
    return undefined;
  } catch {
    return "must be a valid time as RFC 3339 writes it";
  }
}
