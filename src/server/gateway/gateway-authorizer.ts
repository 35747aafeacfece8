import { AnswerStatusError } from "../../apis/answer-status.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import type { KubeletAuthorizer } from "../../authorization/kubelet-authorizer.ts";
import type { RequestInfo } from "../../authorization/request-attributes.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import { assertNodeScope } from "../../kubelet/node-scope.ts";
import { asksForInsecureBackend } from "../../kubelet/pod-log-options.ts";
import {
  createRequestAuthorizer,
  type RequestAuthorizer,
  type RequestToAuthorize,
} from "../api/request-authorizer.ts";
import { nodeProxyRequest } from "./routes/node-proxy-request.ts";
import { queryOf } from "./routes/request-query.ts";

/**
 * Who may read logs over a connection whose kubelet's certificate nobody looks at: whoever may read logs, whoever has the
 * verb `skip-tls-verify-backend` on `pods/log` as well, or nobody.
 */
export type InsecureBackend = "allow" | "authorize" | "deny";

export interface GatewayAuthorizerOptions {
  readonly authorizer: Authorizer;
  /** Judges requests for `nodes/NAME/proxy`, instead of the authorizer. */
  readonly kubeletAuthorizer: KubeletAuthorizer;
  readonly insecureBackend: InsecureBackend;
}

const podLogs = diagnosticsChannel("countersign:podLogs");

/** Every request is authorized by its attributes, but one for a kubelet: that by what it asks of the kubelet. */
export function createGatewayAuthorizer(options: GatewayAuthorizerOptions): RequestAuthorizer {
  const byAttributes = createRequestAuthorizer(options.authorizer);
  return {
    async assertAuthorized(request, asking) {
      const proxied = nodeProxyRequest(request);
      if (proxied !== undefined) {
        assertNodeScope(request.user, proxied.nodeName);
        const { user, method } = request;
        const { nodeName, path } = proxied;
        const decision = await options.kubeletAuthorizer.authorize(user, { nodeName, method, path }, asking);
        if (decision.decision !== "allow") throw new AnswerStatusError("ERR_ACCESS_DENIED", decision.status);
        return `nodes/${decision.subresource}`;
      }
      const permission = await byAttributes.assertAuthorized(request, asking);
      if (!skipsVerification(request)) return permission;
      const { namespace, name } = request.info;
      try {
        if (options.insecureBackend === "deny") throw switchedOff(request.info);
        if (options.insecureBackend === "authorize")
          await byAttributes.assertAuthorized(forSkipping(request), asking);
        return permission;
      } catch (error) {
        podLogs.publish({ usage: "skip_tls_denied", namespace, pod: name });
        throw error;
      }
    },
  };
}

function skipsVerification({ url, info }: RequestToAuthorize): boolean {
  const { isResourceRequest, group, resource, subresource } = info;
  if (!isResourceRequest || group !== "" || resource !== "pods" || subresource !== "log") return false;
  return asksForInsecureBackend(queryOf(url));
}

function forSkipping(request: RequestToAuthorize): RequestToAuthorize {
  return { ...request, info: { ...request.info, verb: "skip-tls-verify-backend" } };
}

function switchedOff({ name }: RequestInfo): AnswerStatusError {
  return new AnswerStatusError("ERR_ACCESS_DENIED", {
    code: 403,
    reason: "Forbidden",
    message: `pods ${JSON.stringify(name)} is forbidden: insecureSkipTLSVerifyBackend is switched off on this server (authorization.insecureBackend)`,
    details: { name, kind: "pods" },
  });
}
