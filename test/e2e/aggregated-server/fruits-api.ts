import type { APIState } from "countersign/server";
import { type AdmissionAttributes, dispatchStatus } from "countersign/webhook";
import type { Context, Middleware } from "koa";
import type { createAdmission } from "./admission.ts";
import { documents } from "./discovery.ts";
import { readFruit, readPatch } from "./fruit-body.ts";
import { apiVersion, asJSON, decodeFruit, type Fruit, group, kind, resource, version } from "./fruit-kind.ts";
import { alreadyExists, conflict, isStatus, notFound, notServed, status } from "./fruit-status.ts";
import { bornFruit, type FruitStore } from "./fruit-store.ts";
import { tableOf } from "./fruit-table.ts";

type AccessContext = Context & { readonly state: APIState };

export interface FruitsAPIOptions {
  readonly admission: ReturnType<typeof createAdmission>;
  readonly store: FruitStore;
}

/** The REST of one kind, behind access and in front of the store. */
export function createFruitsAPI(options: FruitsAPIOptions): Middleware<APIState> {
  return async (context) => {
    const { info } = context.state;
    const isFruit = info.group === group && info.version === version && info.resource === resource;
    try {
      if (!info.isResourceRequest) serveDocument(context, info.path);
      else if (isFruit && info.subresource === "") await serve(options, context as AccessContext);
      else throw notServed();
    } catch (error) {
      answer(context, isStatus(error) ? error : dispatchStatus(error));
    }
  };
}

function answer(context: Context, answered: object & { readonly code: number }): void {
  context.status = answered.code;
  context.body = answered;
}

function serveDocument(context: Context, path: string): void {
  if (["/healthz", "/readyz", "/livez"].includes(path)) context.body = "ok";
  else if (Object.hasOwn(documents, path)) context.body = documents[path];
  else throw notServed();
}

async function serve(options: FruitsAPIOptions, context: AccessContext): Promise<void> {
  const { namespace, name, verb } = context.state.info;
  if (verb === "create") return create(options, context);
  if (verb === "list") return list(options, context);
  const old = options.store.get(namespace, name);
  if (old === undefined) throw notFound(name);
  if (verb === "get")
    context.body = wantsTable(context) ? tableOf([old], options.store.resourceVersion) : old;
  else if (verb === "update") await update(options, context, old, await readFruit(context));
  else if (verb === "patch") await update(options, context, old, await readPatch(context, old));
  else if (verb === "delete") await remove(options, context, old);
  else throw status(405, "MethodNotAllowed", "the server does not allow this method");
}

function list({ store }: FruitsAPIOptions, context: AccessContext): void {
  const items = store.list(context.state.info.namespace);
  const metadata = { resourceVersion: store.resourceVersion };
  context.body = wantsTable(context)
    ? tableOf(items, store.resourceVersion)
    : { kind: `${kind}List`, apiVersion, metadata, items };
}

async function create(options: FruitsAPIOptions, context: AccessContext): Promise<void> {
  const { namespace } = context.state.info;
  const sent = await readFruit(context);
  const fruit = bornFruit({ ...sent, metadata: { ...sent.metadata, namespace } });
  const { name = "" } = fruit.metadata;
  if (options.store.get(namespace, name) !== undefined) throw alreadyExists(name);
  const admitted = await admit(options, context, { operation: "CREATE", name, object: asJSON(fruit) });
  context.status = 201;
  context.body = keep(options, context, admitted);
}

async function update(
  options: FruitsAPIOptions,
  context: AccessContext,
  old: Fruit,
  sent: Fruit,
): Promise<void> {
  const { name = "", namespace = "", uid = "", creationTimestamp = "", resourceVersion = "" } = old.metadata;
  if ((sent.metadata.resourceVersion ?? resourceVersion) !== resourceVersion) throw conflict(name);
  const fruit = { ...sent, metadata: { ...sent.metadata, name, namespace, uid, creationTimestamp } };
  const objects = { object: asJSON(fruit), oldObject: asJSON(old) };
  const admitted = await admit(options, context, { operation: "UPDATE", name, ...objects });
  context.body = keep(options, context, admitted);
}

async function remove(options: FruitsAPIOptions, context: AccessContext, old: Fruit): Promise<void> {
  const { name = "" } = old.metadata;
  await admit(options, context, { operation: "DELETE", name, oldObject: asJSON(old) });
  if (!isDryRun(context)) options.store.delete(old);
  context.body = status(200, "", "", name);
}

/** What webhooks make of the object, whose warnings the client is told. */
async function admit(
  { admission }: FruitsAPIOptions,
  context: AccessContext,
  request: Pick<AdmissionAttributes, "operation" | "name" | "object" | "oldObject">,
): Promise<unknown> {
  const { info, user } = context.state;
  const { object, warnings } = await admission.admit({
    kind: { group, version, kind },
    resource: { group, version, resource },
    subResource: "",
    namespace: info.namespace,
    userInfo: user,
    dryRun: isDryRun(context),
    ...request,
  });
  for (const warning of warnings) context.append("Warning", `299 - ${JSON.stringify(warning)}`);
  return object;
}

function keep({ store }: FruitsAPIOptions, context: Context, admitted: unknown): Fruit {
  const fruit = decodeFruit(admitted);
  if (typeof fruit === "string") throw status(500, "InternalError", `as webhooks leave it: ${fruit}`);
  return isDryRun(context) ? fruit : store.put(fruit);
}

function isDryRun(context: Context): boolean {
  return context.query.dryRun === "All";
}

function wantsTable(context: Context): boolean {
  return context.get("Accept").startsWith("application/json;as=Table");
}
