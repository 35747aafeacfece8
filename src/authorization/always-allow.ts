import type { Authorizer } from "./authorizer.ts";

/** Allows everybody everything: the mode AlwaysAllow of an API server or a kubelet. Who somebody is still has to be known. */
export function createAlwaysAllowAuthorizer(): Authorizer {
  return { authorize: () => ({ decision: "allow", reason: "" }) };
}
