const form = "write https://host[:port][/path]";

/** What k8s.io/apiserver pkg/util/webhook/validation.go has against a webhook's URL. */
export function webhookURLFaults(url: string): readonly string[] {
  // as Go parses it, by string: an empty query or fragment is none
  const [, scheme, authority = "", query = "", fragment = ""] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#\s\\]*)(?:\/[^?#\s]*)?(?:\?([^#\s]*))?(?:#(\S*))?$/.exec(url) ?? [];
  if (scheme === undefined) return [`is not a URL: ${form}`];
  const faults = [];
  if (scheme.toLowerCase() !== "https")
    faults.push(`"${scheme}" is not https, the only scheme there is: ${form}`);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (host === "" || host.startsWith(":")) faults.push(`names no host: ${form}`);
  else if (!URL.canParse(`https://${host}`)) faults.push("its host or port is none");
  if (authority.includes("@")) faults.push("user information is not permitted");
  if (query !== "") faults.push("a query is not permitted");
  if (fragment !== "") faults.push("a fragment is not permitted");
  return faults;
}
