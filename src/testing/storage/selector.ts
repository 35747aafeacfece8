import type { ApiObject } from "../objects/api-object.ts";
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

const fields: Readonly<Record<string, (object: ApiObject) => string>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
};

/**
 * `fieldSelector` on metadata.name and metadata.namespace, the two that every kind has.
 * @throws 400 for any other field
 */
export function parseFieldSelector(text: string): Selector {
  const terms = text.split(",").filter((part) => part !== "");
  const matchers = terms.map((part): Selector => {
    const parsed = equalityTerm.exec(part);
    if (parsed === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, name, operator, value] = parsed;
    const read = Object.hasOwn(fields, name!) ? fields[name!] : undefined;
    if (read === undefined)
      throw badRequest(`"${name}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
    return (object) => (read(object) === value) === (operator !== "!=");
  });
  return (object) => matchers.every((matches) => matches(object));
}

/** Both selectors of a query, together. */
export function parseSelectors(query: URLSearchParams): Selector {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const byField = parseFieldSelector(query.get("fieldSelector") ?? "");
  return (object) => labels(object) && byField(object);
}
