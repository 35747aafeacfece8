import { isDNSSubdomain } from "../../apis/dns-name.ts";
import type { LabelSelectorRequirement } from "../../apis/meta.ts";
import { holdsCertificates } from "../../certificates/ca-bundle.ts";
import { checkDistinct, type Part, reporter, reportRepeats } from "../../configuration/distinct-entries.ts";
import { webhookURLFaults } from "./webhook-url-faults.ts";

/** What a static manifest has to hold beside the right types, in the words of whoever writes one. */

/** Reserved by kube-apiserver: no configuration of such a name can be created over the API. */
const staticSuffix = ".static.k8s.io";

function subdomainFault(name: string): string | undefined {
  if (name === "") return "is required";
  return isDNSSubdomain(name) ? undefined : "must be a lower-case name of letters, digits, - and .";
}

export function checkManifestName(part: Part<string>): void {
  const suffix = part.value.endsWith(staticSuffix) ? undefined : `must end with "${staticSuffix}"`;
  const fault = subdomainFault(part.value) ?? suffix;
  if (fault !== undefined) reporter(part)([], fault);
}

export function checkWebhookName(part: Part<string>): void {
  const labels = part.value.split(".").length;
  const fault =
    subdomainFault(part.value) ?? (labels < 3 ? "must be a domain of at least three segments" : undefined);
  if (fault !== undefined) reporter(part)([], fault);
}

export function checkDistinctNames(part: Part<unknown>): void {
  if (!Array.isArray(part.value)) return;
  const names = part.value.map((entry: { readonly name?: unknown }) => entry?.name);
  reportRepeats(names, (index) => [index, "name"], reporter(part), "stands in this list already");
}

/** `*` says all, so that nothing may stand beside it. */
export function checkAlone(part: Part<readonly unknown[]>): void {
  if (part.value.includes("*") && part.value.length > 1)
    reporter(part)([], "must hold nothing else where it holds *");
}

export function checkReviewVersions(part: Part<readonly string[]>): void {
  checkDistinct(part);
  if (!part.value.some((version) => version === "v1" || version === "v1beta1"))
    reporter(part)([], "must hold v1 or v1beta1");
}

export function checkSelectorRequirement(part: Part<LabelSelectorRequirement>): void {
  const { operator, values = [] } = part.value;
  const known = ["In", "NotIn", "Exists", "DoesNotExist"].indexOf(operator);
  const needsValues = known < 2;
  if (known === -1) reporter(part)(["operator"], "must be one of In, NotIn, Exists, DoesNotExist");
  else if (needsValues !== values.length > 0)
    reporter(part)(["values"], `${operator} ${needsValues ? "needs" : "has no"} values`);
}

export function checkWebhookURL(part: Part<string>): void {
  for (const fault of webhookURLFaults(part.value)) reporter(part)([], fault);
}

interface ClientConfigPart {
  readonly url?: string;
  readonly service?: unknown;
}

/** A server that reads manifests may be what Services need to work. */
export function checkStaticClientConfig(part: Part<ClientConfigPart>): void {
  const { url, service } = part.value;
  if (service !== undefined) reporter(part)(["service"], "is not for static manifests: use url");
  else if (url === undefined) reporter(part)(["url"], "is required in static manifests");
}

export function checkAuthenticationSource(part: Part<object>): void {
  if (Object.keys(part.value).length === 0) reporter(part)([], "names no source: write tokenRequest: {}");
}

export function checkCABundle(part: Part<string>): void {
  if (part.value !== "" && !holdsCertificates(part.value))
    reporter(part)([], "must be certificates in PEM, in base64");
}
