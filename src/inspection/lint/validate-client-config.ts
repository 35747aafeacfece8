import type { ServiceReference } from "../../apis/admissionregistration.ts";

/** k8s.io/apiserver pkg/util/webhook/validation.go, as admission asks for it: what an API server would not store. */

const form = "write https://host[:port][/path]";

/** What is wrong with a webhook's URL. */
export function urlFaults(url: string): readonly string[] {
  const [, scheme = "", authority = "", rest = ""] = /^([^:/?#]*):\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  if (scheme === "" || /[\s\\]/.test(url)) return [`is not a URL: ${form}`];
  // an empty query or fragment is none to Go's parser
  const [, query = "", fragment = ""] = /^[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(rest) ?? [];
  const host = authority.replace(/^.*@/, "");
  const hasHost = host !== "" && !host.startsWith(":");
  return [
    ...(scheme.toLowerCase() === "https"
      ? []
      : [`"${scheme}" is not https, the only scheme that is called: ${form}`]),
    ...(hasHost ? [] : [`names no host: ${form}`]),
    ...(hasHost && !URL.canParse(`https://${host}`) ? ["its host or port is none"] : []),
    ...(authority.includes("@")
      ? ["user information is not permitted: it would be a credential in clear"]
      : []),
    ...(query === "" ? [] : ["a query is not permitted: the API server adds its own"]),
    ...(fragment === "" ? [] : ["a fragment is not permitted: none is ever sent"]),
  ];
}

interface ServiceFault {
  readonly field: keyof ServiceReference;
  readonly message: string;
}

const dns1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What is wrong with a webhook's Service. */
export function serviceFaults({
  name,
  namespace,
  port = 443,
  path = "",
}: ServiceReference): readonly ServiceFault[] {
  const required = "is required: a Service is called by name and namespace";
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
  return [
    ...(name ? [] : [{ field: "name", message: required } as const]),
    ...(namespace ? [] : [{ field: "namespace", message: required } as const]),
    ...(isPort ? [] : [{ field: "port", message: "must be a port from 1 to 65535" } as const]),
    ...pathFaults(path).map((message) => ({ field: "path", message }) as const),
  ];
}

function pathFaults(path: string): readonly string[] {
  if (path === "" || path === "/") return [];
  const segments = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  const wrong = segments.filter((segment) => segment.length > 253 || !dns1123Subdomain.test(segment));
  return [
    ...(path.startsWith("/") ? [] : ['must begin with "/"']),
    ...wrong.map((segment) =>
      segment === ""
        ? "has an empty segment, which an API server does not store"
        : `its segment "${segment}" is not made of lower-case letters, digits, - and ., which an API server does not ` +
          "store; a URL may have it",
    ),
  ];
}
