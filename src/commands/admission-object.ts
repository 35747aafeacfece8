import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { copyJSON } from "../admission/json-encoder.ts";
import { getOwn, isJSONObject, type JSONObject, type JSONValue } from "../admission/json-value.ts";
import type { UserInfo } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import { apiPath, type RestClient } from "../transport/rest-client.ts";
import type { AdmissionAttributes } from "../webhook/matching/admission-attributes.ts";

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

/**
 * What an API server's discovery says of the object's kind, and the namespace it would go to.
 * @throws ERR_USAGE where the server has no such kind, and what asking it throws.
 */
export async function resolveObject(
  client: Pick<RestClient, "request">,
  object: JSONObject,
  namespace: string,
): Promise<AdmissionObject> {
  const [version = "", group = ""] = String(object.apiVersion).split("/").toReversed();
  const kind = String(object.kind);
  const path = group === "" ? apiPath("api", version) : apiPath("apis", group, version);
  const { body } = await client.request<APIResourceList>({ path });
  const found = body.resources?.find((one) => one.kind === kind && !one.name.includes("/"));
  if (found === undefined) throw usage(`the API server has no ${kind} in ${String(object.apiVersion)}`);
  const metadata = (getOwn(object, "metadata") ?? {}) as {
    readonly name?: string;
    readonly namespace?: string;
  };
  return {
    object,
    kind: { group, version, kind },
    resource: { group, version, resource: found.name },
    name: metadata.name ?? "",
    ...(found.namespaced ? { namespace: metadata.namespace ?? namespace } : {}),
  };
}

interface APIResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** The object of that name as the API server has it now. */
export async function readLive(
  client: Pick<RestClient, "request">,
  { resource: { group, version, resource }, name, namespace }: AdmissionObject,
): Promise<JSONValue> {
  const root = group === "" ? ["api", version] : ["apis", group, version];
  const scope = namespace === undefined ? [] : ["namespaces", namespace];
  return (await client.request<JSONValue>({ path: apiPath(...root, ...scope, resource, name) })).body;
}

/** Who we are to the API server: the user of the review. Not known to a server older than 1.28. */
export async function whoWeAre(client: Pick<RestClient, "request">): Promise<UserInfo> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const path = apiPath("apis", "authentication.k8s.io", "v1", "selfsubjectreviews");
  const answer = await client
    .request<{ readonly status?: { readonly userInfo?: UserInfo } }>({ path, body })
    .catch(() => undefined);
  return answer?.body.status?.userInfo ?? { username: "countersign:call" };
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
