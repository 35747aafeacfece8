import type { Context } from "koa";
import { decodeFruit, type Fruit, kind, unknownFields, version } from "./fruit-kind.ts";
import { status } from "./fruit-status.ts";

/** The fruit that was sent. @throws a Status for what is none, and as `fieldValidation` says for what no fruit has */
export async function readFruit(context: Context): Promise<Fruit> {
  return checked(context, await readJSON(context));
}

/** The fruit as a merge patch leaves it. @throws likewise */
export async function readPatch(context: Context, old: Fruit): Promise<Fruit> {
  if (context.get("Content-Type") !== "application/merge-patch+json")
    throw status(415, "UnsupportedMediaType", "patch by application/merge-patch+json");
  return checked(context, merged(old, await readJSON(context)));
}

async function readJSON({ req }: Context): Promise<unknown> {
  let text = "";
  for await (const chunk of req.setEncoding("utf8")) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    throw status(400, "BadRequest", "the body is not JSON");
  }
}

function checked(context: Context, body: unknown): Fruit {
  const fruit = decodeFruit(body);
  if (typeof fruit === "string") throw status(400, "BadRequest", fruit);
  const unknown = unknownFields(body as Readonly<Record<string, unknown>>);
  const faults = unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
  const validation = context.query.fieldValidation;
  if (validation === "Strict" && faults.length > 0) {
    const what = `${kind} in version "${version}" cannot be handled as a ${kind}`;
    throw status(400, "BadRequest", `${what}: strict decoding error: ${faults.join(", ")}`);
  }
  if (validation !== "Ignore")
    for (const fault of faults) context.append("Warning", `299 - ${JSON.stringify(fault)}`);
  return fruit;
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result = new Map(Object.entries(typeof target === "object" && target !== null ? target : {}));
  for (const [name, value] of Object.entries(patch))
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value));
  return Object.fromEntries(result);
}
