import { isJsonObject, type JsonObject } from "../objects/api-object.ts";
import { decodeObject } from "../representations/body-decoder.ts";
import { isDryRun } from "../requests/api-call.ts";
import { badRequest } from "../status/status-error.ts";
import { remove } from "./delete-object.ts";
import { admissionOf, type ResourceRequest, type ResourceServices } from "./resource-context.ts";

/** POST pods/NAME/eviction: a `policy/v1 Eviction` goes through admission and the pod goes. No budget holds it here. */
export async function evictPod(request: ResourceRequest, services: ResourceServices): Promise<JsonObject> {
  const { call, kind, subresource } = request;
  const { namespace, name } = call.info;
  const eviction = decodeObject(call, subresource!);
  if (eviction.metadata.name && eviction.metadata.name !== name)
    throw badRequest("name in URL does not match name in Eviction object");
  const pod = services.store.require(kind, namespace, name);
  const object =
    (await services.admission.mutate(admissionOf(request, "CREATE", { name, object: eviction }))) ?? eviction;
  await services.admission.validate(admissionOf(request, "CREATE", { name, object }));
  const dryRun =
    isDryRun(call.query) ||
    (isJsonObject(eviction.deleteOptions) && eviction.deleteOptions.dryRun !== undefined);
  if (!dryRun) remove(kind, pod, services);
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}
