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

const qualifiedPart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** What is wrong with the key of a label or annotation: a name of at most 63 characters, after a DNS name and `/` or not. */
export function qualifiedNameFaults(value: string): readonly string[] {
  const parts = value.split("/");
  const form =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  if (parts.length > 2)
    return [
      `a qualified name ${form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1]!] : [undefined, parts[0]!];
  const faults = (prefix === undefined ? [] : dnsSubdomainFaults(prefix)).map(
    (fault) => `prefix part ${fault}`,
  );
  if (prefix === "") faults.unshift("prefix part must be non-empty");
  if (name === "") faults.push("name part must be non-empty");
  if (name.length > 63) faults.push("name part must be no more than 63 characters");
  if (!qualifiedPart.test(name)) faults.push(`name part ${form}`);
  return faults;
}

/** What is wrong with a label's value: likewise, but it may be empty. */
export function labelValueFaults(value: string): readonly string[] {
  const faults: string[] = [];
  if (value.length > 63) faults.push("must be no more than 63 characters");
  if (value !== "" && !qualifiedPart.test(value))
    faults.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
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
