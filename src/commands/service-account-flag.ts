import type { ServiceAccountReference } from "../apis/authentication.ts";
import { dnsLabelRule, dnsSubdomainRule, isDNSLabel, isDNSSubdomain } from "../apis/dns-name.ts";
import { CountersignError } from "../errors.ts";

/**
 * Reads `NAMESPACE/NAME`, names that an API server takes.
 * @throws ERR_USAGE naming the flag, `--service-account` unless another is meant.
 */
export function parseServiceAccount(text: string, flag = "service-account"): ServiceAccountReference {
  const [namespace, name, ...rest] = text.split("/");
  const wrong = (why: string): CountersignError =>
    new CountersignError("ERR_USAGE", `--${flag}=${text}: ${why}`);
  if (!namespace || !name || rest.length > 0) throw wrong("must be NAMESPACE/NAME");
  if (!isDNSLabel(namespace)) throw wrong(`${namespace} is no namespace's name, which is ${dnsLabelRule}`);
  if (!isDNSSubdomain(name)) throw wrong(`${name} is no ServiceAccount's name, which is ${dnsSubdomainRule}`);
  return { namespace, name };
}
