import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import type { JSONObject } from "../admission/json-value.ts";
import type { Operation } from "../apis/admissionregistration.ts";
import { CountersignError } from "../errors.ts";
import type { RestClient } from "../transport/rest-client.ts";
import { readLive, resolveObject, whoWeAre } from "./admission-object.ts";

/** What is done with an object, as flags say it. */
export interface CallSubject {
  readonly object: JSONObject;
  readonly operation: Operation;
  readonly dryRun: boolean;
  /** Where the object names none. */
  readonly namespace: string;
  readonly subResource: string | undefined;
  /** `GROUP/VERSION/RESOURCE`, where the object's kind does not say it. */
  readonly resource: string | undefined;
  /** Where the object has none: of a Pod that is connected to, say. */
  readonly name: string | undefined;
  /** Whether the resource may be one that the API server does not have. */
  readonly unserved: boolean;
}

/**
 * The request that an API server would show its webhooks, made by who we are to it. On UPDATE the old object is the
 * cluster's.
 * @throws ERR_USAGE, and what asking the cluster throws.
 */
export async function callAttributes(
  client: Pick<RestClient, "request" | "send">,
  subject: CallSubject,
): Promise<AdmissionAttributes> {
  const { operation, dryRun, subResource, object } = subject;
  if (operation === "CONNECT" && subResource === undefined)
    throw new CountersignError("ERR_USAGE", "--subresource is required: CONNECT is to one, as pods/exec is");
  const resolved = await resolveObject(client, object, subject);
  const { kind, resource, name, namespace } = resolved;
  const common: AdmissionAttributes = {
    ...{ operation, dryRun, kind, resource, name, userInfo: await whoWeAre(client) },
    ...(namespace === undefined ? {} : { namespace }),
    ...(subResource === undefined ? {} : { subResource }),
    ...optionsOf(operation, dryRun),
  };
  if (operation === "DELETE") return { ...common, oldObject: object };
  if (operation !== "UPDATE") return { ...common, object };
  return { ...common, object, oldObject: await readLive(client, resolved, subResource) };
}

/** As a client sends them that says nothing; a connection has none. */
function optionsOf(operation: Operation, dryRun: boolean): { readonly options?: JSONObject } {
  if (operation === "CONNECT") return {};
  const verb = operation[0] + operation.slice(1).toLowerCase();
  const options = { kind: `${verb}Options`, apiVersion: "meta.k8s.io/v1" };
  return { options: dryRun ? { ...options, dryRun: ["All"] } : options };
}
