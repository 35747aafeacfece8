import type { ServiceReference } from "../../apis/admissionregistration.ts";
import { isDNSSubdomain } from "../../apis/dns-name.ts";

interface ServiceFault {
  readonly field: keyof ServiceReference;
  readonly message: string;
}

/** What k8s.io/apiserver pkg/util/webhook/validation.go has against a webhook's Service. */
export function webhookServiceFaults({
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
  const wrong = segments.filter((segment) => !isDNSSubdomain(segment));
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
