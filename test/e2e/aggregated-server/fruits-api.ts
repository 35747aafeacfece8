import { type AdmissionAttributes, dispatchStatus } from "countersign/webhook";
import type { Context, Middleware } from "koa";
import { type AccessContext, answer } from "./access.ts";
import type { createAdmission } from "./admission.ts";
import { documents } from "./discovery.ts";
import {
  apiVersion,
  asJSON,
  decodeFruit,
  type Fruit,
  group,
  kind,
  resource,
  unknownFields,
  version,
} from "./fruit-kind.ts";
import { bornFruit, type FruitStore } from "./fruit-store.ts";
import { tableOf } from "./fruit-table.ts";

export interface FruitsAPIOptions {
  readonly admission: ReturnType<typeof createAdmission>;
  readonly store: FruitStore;
}

type Operation = AdmissionAttributes["operation"];

/** The REST of one kind, behind access and in front of the store; admission is in `admit`. */
export function createFruitsAPI({ admission, store }: FruitsAPIOptions): Middleware {
  /** What is stored in the end. */
  async function admit(
    context: AccessContext,
    operation: Operation,
    object: Fruit | undefined,
    oldObject?: Fruit,
  ): Promise<Fruit | undefined> {
    const { info, caller } = context.state;
    const admitted = await admission.admit({
      operation,
      kind: { group, version, kind },
      resource: { group, version, resource },
      subResource: "",
      namespace: info.namespace,
      name: (object ?? oldObject)?.metadata.name ?? "",
      userInfo: caller.user,
      dryRun: isDryRun(context),
      ...(object && { object: asJSON(object) }),
      ...(oldObject && { oldObject: asJSON(oldObject) }),
    });
    for (const warning of admitted.warnings) context.append("Warning", `299 - ${JSON.stringify(warning)}`);
    if (object === undefined) return undefined;
    const decoded = decodeFruit(admitted.object);
    if (typeof decoded === "string") throw new Error(`a webhook has made it something else: ${decoded}`);
    return decoded;
  }

  const keep = (context: Context, fruit: Fruit): Fruit => (isDryRun(context) ? fruit : store.put(fruit));

  async function create(context: AccessContext): Promise<void> {
    const { namespace } = context.state.info;
    const sent = await readFruit(context);
    const fruit = bornFruit({ ...sent, metadata: { ...sent.metadata, namespace } });
    if (store.get(namespace, fruit.metadata.name!)) throw conflict("AlreadyExists", fruit.metadata.name!);
    const admitted = await admit(context, "CREATE", fruit);
    context.status = 201;
    context.body = keep(context, admitted!);
  }

  async function update(context: AccessContext, old: Fruit, sent: Fruit): Promise<void> {
    const { uid, creationTimestamp, name, namespace } = old.metadata;
    const expected = sent.metadata.resourceVersion;
    if (expected !== undefined && expected !== old.metadata.resourceVersion)
      throw conflict("Conflict", name!);
    const metadata = { ...sent.metadata, uid, creationTimestamp, name, namespace } as Fruit["metadata"];
    const admitted = await admit(context, "UPDATE", { ...sent, metadata }, old);
    context.body = keep(context, admitted!);
  }

  async function change(context: AccessContext, old: Fruit): Promise<void> {
    const { verb } = context.state.info;
    if (verb === "get") context.body = asks(context) ? tableOf([old], store.resourceVersion) : old;
    else if (verb === "update") await update(context, old, await readFruit(context));
    else if (verb === "patch") await update(context, old, await patchedFruit(context, old));
    else if (verb === "delete") {
      await admit(context, "DELETE", undefined, old);
      if (!isDryRun(context)) store.delete(old);
      context.body = status(200, "", "", old.metadata.name);
    } else throw status(405, "MethodNotAllowed", "the server does not allow this method");
  }

  async function serve(context: AccessContext): Promise<void> {
    const { namespace, name, verb } = context.state.info;
    if (verb === "create") return create(context);
    if (verb === "list") {
      const items = store.list(namespace);
      const metadata = { resourceVersion: store.resourceVersion };
      context.body = asks(context)
        ? tableOf(items, store.resourceVersion)
        : { kind: `${kind}List`, apiVersion, metadata, items };
      return;
    }
    const old = store.get(namespace, name);
    if (old === undefined)
      throw status(404, "NotFound", `${resource}.${group} ${JSON.stringify(name)} not found`, name);
    return change(context, old);
  }

  return async (context) => {
    const { info } = context.state as AccessContext["state"];
    try {
      if (!info.isResourceRequest) serveDocument(context, info.path);
      else if (
        info.group === group &&
        info.version === version &&
        info.resource === resource &&
        !info.subresource
      )
        await serve(context as AccessContext);
      else throw status(404, "NotFound", "the server could not find the requested resource");
    } catch (error) {
      answer(context, isStatus(error) ? error : dispatchStatus(error));
    }
  };
}

function serveDocument(context: Context, path: string): void {
  if (["/healthz", "/readyz", "/livez"].includes(path)) context.body = "ok";
  else if (Object.hasOwn(documents, path)) context.body = documents[path];
  else throw status(404, "NotFound", "the server could not find the requested resource");
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

async function readFruit(context: Context): Promise<Fruit> {
  return checked(context, await readJSON(context));
}

function checked(context: Context, body: unknown): Fruit {
  const fruit = decodeFruit(body);
  if (typeof fruit === "string") throw status(400, "BadRequest", fruit);
  const unknown = unknownFields(body as Readonly<Record<string, unknown>>);
  const faults = unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
  const validation = context.query.fieldValidation;
  if (validation === "Strict" && faults.length > 0)
    throw status(
      400,
      "BadRequest",
      `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${faults.join(", ")}`,
    );
  if (validation !== "Ignore")
    for (const fault of faults) context.append("Warning", `299 - ${JSON.stringify(fault)}`);
  return fruit;
}

async function patchedFruit(context: Context, old: Fruit): Promise<Fruit> {
  if (context.get("Content-Type") !== "application/merge-patch+json")
    throw status(415, "UnsupportedMediaType", "patch by application/merge-patch+json");
  return checked(context, merged(old, await readJSON(context)));
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

function isDryRun(context: Context): boolean {
  return context.query.dryRun === "All";
}

function asks(context: Context): boolean {
  return /^application\/json;as=Table/.test(context.get("Accept"));
}

type AnswerStatus = Readonly<Record<string, unknown>> & { readonly kind: "Status"; readonly code: number };

function status(code: number, reason: string, message: string, name?: string): AnswerStatus {
  const details = name === undefined ? {} : { details: { name, group, kind: resource } };
  const outcome = code < 400 ? { status: "Success" } : { status: "Failure", reason, message };
  return { kind: "Status", apiVersion: "v1", metadata: {}, ...outcome, ...details, code };
}

function conflict(reason: "AlreadyExists" | "Conflict", name: string): AnswerStatus {
  const what = `${resource}.${group} ${JSON.stringify(name)}`;
  return reason === "AlreadyExists"
    ? status(409, reason, `${what} already exists`, name)
    : status(409, reason, `Operation cannot be fulfilled on ${what}: the object has been modified`, name);
}

function isStatus(error: unknown): error is AnswerStatus {
  return typeof error === "object" && error !== null && "kind" in error && error.kind === "Status";
}
