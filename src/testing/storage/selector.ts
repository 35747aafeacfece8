import { type ApiObject, type JsonObject, objectAt } from "../objects/api-object.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";
import { badRequest } from "../status/status-error.ts";

/** Whether an object is selected. */
export type Selector = (object: ApiObject) => boolean;

/** A term, up to the comma that is not inside parentheses. */
const term = /[^,(]+(?:\([^)]*\))?/g;
const setTerm = /^\s*([^\s!=<>]+)\s+(in|notin)\s*\(([^)]*)\)\s*$/;
const equalityTerm = /^\s*([^\s!=<>]+)\s*(==|=|!=)\s*([^\s!=<>]*)\s*$/;
const existenceTerm = /^\s*(!?)\s*([^\s!=<>]+)\s*$/;

/**
 * `labelSelector` in the syntax of k8s.io/apimachinery pkg/labels: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Numbers
 * compared with `<` and `>` are not served.
 * @throws 400
 */
export function parseLabelSelector(text: string): Selector {
  const terms = [...text.matchAll(term)].map(([part]) => labelTerm(part, text));
  return ({ metadata: { labels = {} } }) => terms.every((matches) => matches(labels));
}

type LabelTerm = (labels: Readonly<Record<string, string>>) => boolean;

function labelTerm(part: string, whole: string): LabelTerm {
  const set = setTerm.exec(part);
  if (set !== null) {
    const values = set[3]!.split(",").map((value) => value.trim());
    return oneOf(set[1]!, values, set[2] === "in");
  }
  const equality = equalityTerm.exec(part);
  if (equality !== null) return oneOf(equality[1]!, [equality[3]!], equality[2] !== "!=");
  const existence = existenceTerm.exec(part);
  if (existence === null) throw badRequest(`unable to parse requirement: ${JSON.stringify(whole)}`);
  const key = existence[2]!;
  return (labels) => Object.hasOwn(labels, key) === (existence[1] === "");
}

/** An absent label is in no set, and outside of every set. */
function oneOf(key: string, values: readonly string[], wanted: boolean): LabelTerm {
  return (labels) => (Object.hasOwn(labels, key) && values.includes(labels[key]!)) === wanted;
}

type FieldReader = (object: ApiObject) => string;

const common: Readonly<Record<string, FieldReader>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
};

const text = (part: JsonObject, member: string): string => String(part[member] ?? "");

// k8s.io/kubernetes pkg/apis/core/v1/conversion.go, of the fields that an object here has
const byKind: Readonly<Record<string, Readonly<Record<string, FieldReader>>>> = {
  "/pods": {
    "spec.nodeName": (pod) => text(objectAt(pod, "spec"), "nodeName"),
    "spec.restartPolicy": (pod) => text(objectAt(pod, "spec"), "restartPolicy"),
    "spec.serviceAccountName": (pod) => text(objectAt(pod, "spec"), "serviceAccountName"),
    "status.phase": (pod) => text(objectAt(pod, "status"), "phase"),
  },
  "/nodes": {
    "spec.unschedulable": (node) => text(objectAt(node, "spec"), "unschedulable") || "false",
  },
};

/**
 * `fieldSelector` on metadata.name and metadata.namespace, which every kind has, and on what its kind has besides.
 * @throws 400 for any other field
 */
export function parseFieldSelector(
  selector: string,
  kind?: Pick<ResourceKind, "group" | "resource">,
): Selector {
  const own = byKind[`${kind?.group}/${kind?.resource}`];
  const terms = selector.split(",").filter((part) => part !== "");
  const matchers = terms.map((part): Selector => {
    const parsed = equalityTerm.exec(part);
    if (parsed === null) throw badRequest(`invalid selector: '${selector}'; can't understand '${part}'`);
    const [, name, operator, value] = parsed;
    const read = new Map(Object.entries({ ...common, ...own })).get(name!);
    if (read === undefined)
      throw badRequest(
        own === undefined
          ? `"${name}" is not a known field selector: only "metadata.name", "metadata.namespace"`
          : `field label not supported: ${name}`,
      );
    return (object) => (read(object) === value) === (operator !== "!=");
  });
  return (object) => matchers.every((matches) => matches(object));
}

/** Both selectors of a query, together. */
export function parseSelectors(query: URLSearchParams, kind?: ResourceKind): Selector {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const byField = parseFieldSelector(query.get("fieldSelector") ?? "", kind);
  return (object) => labels(object) && byField(object);
}
