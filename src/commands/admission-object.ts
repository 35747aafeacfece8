import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import { copyJSON } from "../admission/json-encoder.ts";
import { getOwn, isJSONObject, type JSONObject, type JSONValue } from "../admission/json-value.ts";
import type { UserInfo } from "../apis/authentication.ts";
import { reviewedUser } from "../authentication/self-subject-review.ts";
import { CountersignError } from "../errors.ts";
import { apiStatusOf } from "../transport/api-status.ts";
import { apiPath, type RestClient } from "../transport/rest-client.ts";
import { reviewSelf } from "../transport/self-subject-review.ts";
import type { NamespaceLabels } from "../webhook/matching/webhook-matcher.ts";

/** An object of a file, with what an API server knows of its kind. */
export interface AdmissionObject {
  readonly object: JSONObject;
  readonly kind: AdmissionAttributes["kind"];
  readonly resource: AdmissionAttributes["resource"];
  readonly name: string;
  /** Absent for what is in no namespace. */
  readonly namespace?: string;
}

/**
 * Reads one YAML or JSON object; `-` is stdin.
 * @throws ERR_USAGE naming the file and what it lacks.
 */
export async function readObject(file: string, stdin: NodeJS.ReadableStream): Promise<JSONObject> {
  const value = parseObject(await readText(file, stdin), file);
  for (const field of ["apiVersion", "kind"])
    if (typeof getOwn(value, field) !== "string") throw usage(`-f ${file}: ${field}: must be a string`);
  return value;
}

async function readText(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  if (file !== "-")
    return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
      throw new CountersignError("ERR_USAGE", `-f ${file} cannot be read (${cause.code})`, { cause });
    });
  let text = "";
  for await (const chunk of stdin) text += String(chunk);
  return text;
}

function parseObject(text: string, file: string): JSONObject {
  let value: JSONValue;
  try {
    value = copyJSON(parse(text, { intAsBigInt: true }), file);
  } catch (cause) {
    throw new CountersignError("ERR_USAGE", `-f ${file}: ${(cause as Error).message.split("\n")[0]}`, {
      cause,
    });
  }
  if (!isJSONObject(value)) throw usage(`-f ${file}: must hold one object`);
  return value;
}

/** What the object itself does not say. */
export interface ObjectPlace {
  /** Where the object names none. */
  readonly namespace: string;
  readonly subResource?: string | undefined;
  /** `GROUP/VERSION/RESOURCE`, `VERSION/RESOURCE` for the core group. */
  readonly resource?: string | undefined;
  readonly name?: string | undefined;
  /** Whether a resource that was named is taken as it was where the API server has none such. Default: it is an error. */
  readonly unserved?: boolean | undefined;
}

/**
 * What an API server's discovery says of the object's kind, or of the resource that was named, and the namespace it
 * would go to.
 * @throws ERR_USAGE where the server has no such kind or resource, and what asking it throws.
 */
export async function resolveObject(
  client: Pick<RestClient, "request">,
  object: JSONObject,
  place: ObjectPlace,
): Promise<AdmissionObject> {
  const [version = "", group = ""] = String(object.apiVersion).split("/").toReversed();
  const kind = { group, version, kind: String(object.kind) };
  const { resource, namespaced } = await resourceOf(client, kind, place);
  const metadata = (getOwn(object, "metadata") ?? {}) as {
    readonly name?: string;
    readonly namespace?: string;
  };
  return {
    ...{ object, kind, resource, name: place.name ?? metadata.name ?? "" },
    ...(namespaced ? { namespace: metadata.namespace ?? place.namespace } : {}),
  };
}

async function resourceOf(
  client: Pick<RestClient, "request">,
  { group, version, kind }: AdmissionAttributes["kind"],
  place: ObjectPlace,
): Promise<{ readonly resource: AdmissionAttributes["resource"]; readonly namespaced: boolean }> {
  const named = place.resource === undefined ? { group, version } : parseResource(place.resource);
  const served = await resourcesOf(client, named, place.unserved === true);
  const found = served.find((one) =>
    "resource" in named ? one.name === named.resource : one.kind === kind && !one.name.includes("/"),
  );
  if (found !== undefined) {
    const resource = { group: named.group, version: named.version, resource: found.name };
    return { resource, namespaced: found.namespaced };
  }
  if ("resource" in named && place.unserved === true) return { resource: named, namespaced: false };
  const what = "resource" in named ? named.resource : kind;
  const where = [named.group, named.version].filter(Boolean).join("/");
  const hint =
    place.subResource === undefined || "resource" in named ? "" : `: name its resource with --resource`;
  throw usage(`the API server has no ${what} in ${where}${hint}`);
}

async function resourcesOf(
  client: Pick<RestClient, "request">,
  { group, version }: { readonly group: string; readonly version: string },
  mayLack: boolean,
): Promise<NonNullable<APIResourceList["resources"]>> {
  const path = apiPath(...(group === "" ? ["api", version] : ["apis", group, version]));
  try {
    return (await client.request<APIResourceList>({ path })).body.resources ?? [];
  } catch (error) {
    if (mayLack && apiStatusOf(error)?.code === 404) return [];
    throw error;
  }
}

function parseResource(text: string): AdmissionAttributes["resource"] {
  const [, group = "", version, resource] = /^(?:([^/]+)\/)?([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (version === undefined || resource === undefined)
    throw usage(`--resource=${text}: must be GROUP/VERSION/RESOURCE, or VERSION/RESOURCE of the core group`);
  return { group, version, resource };
}

interface APIResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** The object of that name, or a subresource of it, as the API server has it now. */
export async function readLive(
  client: Pick<RestClient, "request">,
  { resource: { group, version, resource }, name, namespace }: AdmissionObject,
  subResource?: string,
): Promise<JSONValue> {
  const root = group === "" ? ["api", version] : ["apis", group, version];
  const scope = namespace === undefined ? [] : ["namespaces", namespace];
  const path = [...root, ...scope, resource, name, ...(subResource === undefined ? [] : [subResource])];
  return (await client.request<JSONValue>({ path: apiPath(...path) })).body;
}

/** The labels of namespaces as the API server has them now. */
export function liveNamespaceLabels(client: Pick<RestClient, "send">): NamespaceLabels {
  return async (name) => {
    const { status, body } = await client.send({ path: apiPath("api", "v1", "namespaces", name) });
    if (status === 404) return undefined;
    if (status !== 200)
      throw new CountersignError("ERR_API_STATUS", `GET namespace ${JSON.stringify(name)}: status ${status}`);
    return (
      (body as { readonly metadata?: { readonly labels?: Record<string, string> } }).metadata?.labels ?? {}
    );
  };
}

/** Who we are to the API server: the user of the review. Not known to a server older than 1.26. */
export async function whoWeAre(client: Pick<RestClient, "send">): Promise<UserInfo> {
  const found = await reviewSelf(client).catch(() => undefined);
  return { username: "countersign:call", ...(found && reviewedUser(found.review)) };
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
