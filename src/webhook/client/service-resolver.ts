import type { MaybePromise } from "../../maybe-promise.ts";
import type { WebhookService } from "./webhook-address.ts";

/** What is dialled for a Service: its name in the certificate and its Host header stay as they are. */
export interface ServiceResolver {
  resolve(service: WebhookService): MaybePromise<{ readonly host: string; readonly port: number }>;
}

/** `NAME.NAMESPACE.svc`, as cluster DNS knows it. */
export const dnsServiceResolver: ServiceResolver = {
  resolve: ({ name, namespace, port }) => ({ host: `${name}.${namespace}.svc`, port }),
};
