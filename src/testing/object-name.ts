import { randomInt } from "node:crypto";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(\\.${label})*$`);

/** What is wrong with a DNS-1123 label, in the words of k8s.io/apimachinery pkg/util/validation. */
export function dnsLabelFaults(value: string): readonly string[] {
  const faults: string[] = [];
  if (value.length > 63) faults.push("must be no more than 63 characters");
  if (!dnsLabel.test(value))
    faults.push(
      `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    );
  return faults;
}

/** What is wrong with a DNS-1123 subdomain, likewise. */
export function dnsSubdomainFaults(value: string): readonly string[] {
  const faults: string[] = [];
  if (value.length > 253) faults.push("must be no more than 253 characters");
  if (!dnsSubdomain.test(value))
    faults.push(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    );
  return faults;
}

/** What is wrong with a name that stands in a path, as RBAC's kinds check theirs. */
export function pathSegmentFaults(value: string): readonly string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

// without vowels, nor digits that look like them: k8s.io/apimachinery pkg/util/rand
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** generateName and five random characters, cut to 63 as k8s.io/apiserver pkg/storage/names does. */
export function generateName(base: string): string {
  const suffix = Array.from({ length: 5 }, () => suffixAlphabet[randomInt(suffixAlphabet.length)]);
  return `${base.slice(0, 63 - 5)}${suffix.join("")}`;
}
