import { X509Certificate } from "node:crypto";
import type { RequestHeaderConfiguration } from "../../authentication/request-header.ts";

/**
 * Which front proxy the control plane believes, and where it writes its user: kube-apiserver's `--requestheader-*` flags as
 * kubeadm sets them, with the header of the uid.
 */
export function frontProxyConfiguration(caPem: string): RequestHeaderConfiguration {
  return {
    ca: [new X509Certificate(caPem)],
    allowedNames: ["front-proxy-client"],
    usernameHeaders: ["X-Remote-User"],
    uidHeaders: ["X-Remote-Uid"],
    groupHeaders: ["X-Remote-Group"],
    extraHeaderPrefixes: ["X-Remote-Extra-"],
  };
}
