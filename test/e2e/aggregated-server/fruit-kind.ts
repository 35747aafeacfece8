import type { JSONValue } from "countersign/admission";

export const group = "fruits.example.dev";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}`;
export const kind = "Fruit";
export const resource = "fruits";

export interface Fruit {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: { readonly color?: string; readonly sweetness?: number };
}

export interface Metadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** OpenAPI of the kind: what kubectl explains, and what a strict create may hold. */
export const schema = {
  type: "object",
  description: "A piece of fruit.",
  properties: {
    apiVersion: { type: "string", description: "The version of this representation." },
    kind: { type: "string", description: "What it is." },
    metadata: { type: "object", description: "Standard object metadata.", additionalProperties: true },
    spec: {
      type: "object",
      description: "What the fruit is like.",
      properties: {
        color: { type: "string", description: "Its colour, in one word." },
        sweetness: { type: "integer", format: "int32", description: "From 0 to 10." },
      },
    },
  },
  "x-kubernetes-group-version-kind": [{ group, version, kind }],
} as const;

/** Fields the kind does not have, as `spec.size`. */
export function unknownFields(object: Readonly<Record<string, unknown>>): string[] {
  const beyond = (value: unknown, known: object, path: string): string[] =>
    Object.keys(typeof value === "object" && value !== null ? value : {})
      .filter((name) => !Object.hasOwn(known, name))
      .map((name) => `${path}${name}`);
  return [
    ...beyond(object, schema.properties, ""),
    ...beyond(object.spec, schema.properties.spec.properties, "spec."),
  ];
}

/** The object without what the kind does not have, or what is wrong with it. */
export function decodeFruit(body: unknown): Fruit | string {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return "the body is not an object";
  const { apiVersion: of, kind: what, metadata = {}, spec = {} } = body as Partial<Fruit>;
  if (of !== apiVersion || what !== kind)
    return `the body is a ${what} of ${of}, not a ${kind} of ${apiVersion}`;
  if (typeof metadata !== "object" || typeof spec !== "object" || metadata === null || spec === null)
    return "metadata and spec are objects";
  const { color, sweetness } = spec;
  if (color !== undefined && typeof color !== "string") return "spec.color: expected a string";
  if (sweetness !== undefined && !Number.isInteger(sweetness)) return "spec.sweetness: expected an integer";
  return {
    apiVersion,
    kind,
    metadata,
    spec: { ...(color !== undefined && { color }), ...(sweetness !== undefined && { sweetness }) },
  };
}

/** As JSON, for admission. */
export function asJSON(fruit: Fruit | undefined): JSONValue {
  return JSON.parse(JSON.stringify(fruit ?? null)) as JSONValue;
}
