import type { TokenRequestClient } from "../credentials/token-request-source.ts";
import { apiPath, type RestClient } from "./rest-client.ts";

/** Posts TokenRequests through a REST client. */
export function createTokenRequestClient(client: RestClient): TokenRequestClient {
  return {
    createToken: ({ namespace, name }, request, { signal } = {}) =>
      client.send({
        path: apiPath("api", "v1", "namespaces", namespace, "serviceaccounts", name, "token"),
        body: request,
        signal,
      }),
  };
}
