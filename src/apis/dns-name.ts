const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What each is made of, for whoever wrote something else. */
export const dnsLabelRule = "of lower-case letters, digits and -, at most 63";
export const dnsSubdomainRule = "of lower-case letters, digits, - and .";

/** Whether it is an RFC 1123 label, as the name of every namespace is (apimachinery pkg/util/validation). */
export function isDNSLabel(text: string): boolean {
  return label.test(text);
}

/** Whether it is an RFC 1123 subdomain, as the names of nodes, ServiceAccounts and most else are. */
export function isDNSSubdomain(text: string): boolean {
  return text.length <= 253 && subdomain.test(text);
}
