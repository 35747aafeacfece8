import { webhookDefaults } from "../../webhook/sources/webhook-defaults.ts";
import {
  type ApiObject,
  defined,
  isJsonObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
} from "../objects/api-object.ts";
import { dnsSubdomainFaults } from "../objects/object-name.ts";
import { duplicate, type FieldError, invalid, notSupported, required } from "../status/field-error.ts";
import { validateMatchConditions } from "./match-condition-validation.ts";

/** k8s.io/kubernetes pkg/apis/admissionregistration/v1/defaults.go. `clientConfig.authenticationSource` stays. */
export function defaultWebhookConfiguration(configuration: ApiObject): ApiObject {
  const mutating = configuration.kind === "MutatingWebhookConfiguration";
  const webhooks = listAt(configuration, "webhooks").filter(isJsonObject);
  if (webhooks.length === 0) return configuration;
  return { ...configuration, webhooks: webhooks.map((webhook) => defaultWebhook(webhook, mutating)) };
}

function defaultWebhook(webhook: JsonObject, mutating: boolean): JsonObject {
  const rules = listAt(webhook, "rules").filter(isJsonObject);
  const clientConfig = objectAt(webhook, "clientConfig");
  const service = isJsonObject(clientConfig.service)
    ? { service: { port: 443, ...clientConfig.service } }
    : {};
  return defined({
    ...webhookDefaults(mutating),
    ...webhook,
    clientConfig: { ...clientConfig, ...service },
    rules: rules.length === 0 ? undefined : rules.map((rule) => ({ scope: "*", ...rule })),
  });
}

/** The faults an author makes, in the words of k8s.io/kubernetes pkg/apis/admissionregistration/validation. */
export function validateWebhookConfiguration(configuration: ApiObject): readonly FieldError[] {
  const webhooks = listAt(configuration, "webhooks").filter(isJsonObject);
  const names = webhooks.map((webhook) => stringAt(webhook, "name") ?? "");
  return webhooks.flatMap((webhook, index) => {
    const path = `webhooks[${index}]`;
    const repeated = names.indexOf(names[index]!) < index ? [duplicate(`${path}.name`, names[index]!)] : [];
    return [...validateWebhook(webhook, path), ...repeated];
  });
}

function validateWebhook(webhook: JsonObject, path: string): readonly FieldError[] {
  return [
    ...validateName(stringAt(webhook, "name") ?? "", `${path}.name`),
    ...validateVersions(webhook, path),
    ...listAt(webhook, "rules")
      .filter(isJsonObject)
      .flatMap((rule, index) => validateRule(rule, `${path}.rules[${index}]`)),
    ...oneOf(webhook, "failurePolicy", ["Fail", "Ignore"], path),
    ...oneOf(webhook, "matchPolicy", ["Equivalent", "Exact"], path),
    ...(webhook.sideEffects === undefined
      ? [required(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun")]
      : oneOf(webhook, "sideEffects", ["None", "NoneOnDryRun"], path)),
    ...validateTimeout(webhook.timeoutSeconds, `${path}.timeoutSeconds`),
    ...oneOf(webhook, "reinvocationPolicy", ["IfNeeded", "Never"], path),
    ...validateClientConfig(objectAt(webhook, "clientConfig"), `${path}.clientConfig`),
    ...validateMatchConditions(webhook, path),
  ];
}

/** Fully qualified: at least three labels. */
function validateName(name: string, path: string): readonly FieldError[] {
  if (name === "") return [required(path)];
  const faults = dnsSubdomainFaults(name).map((fault) => invalid(path, name, fault));
  if (faults.length > 0 || name.split(".").length >= 3) return faults;
  return [invalid(path, name, "should be a domain with at least three segments separated by dots")];
}

function validateVersions(webhook: JsonObject, path: string): readonly FieldError[] {
  const versions = listAt(webhook, "admissionReviewVersions");
  const field = `${path}.admissionReviewVersions`;
  if (versions.length === 0) return [required(field, "must specify one of v1, v1beta1")];
  const repeated = versions.flatMap((version, index) =>
    versions.indexOf(version) < index ? [invalid(`${field}[${index}]`, version, "duplicate version")] : [],
  );
  const known = versions.some((version) => version === "v1" || version === "v1beta1");
  return known
    ? repeated
    : [...repeated, invalid(field, versions, "must include at least one of v1, v1beta1")];
}

const operations = ["CONNECT", "CREATE", "DELETE", "UPDATE", "*"];

function validateRule(rule: JsonObject, path: string): readonly FieldError[] {
  const members = ["operations", "apiGroups", "apiVersions", "resources"];
  const empty = members
    .filter((member) => listAt(rule, member).length === 0)
    .map((member) => required(`${path}.${member}`));
  const crowded = members.slice(0, 3).flatMap((member) => {
    const values = listAt(rule, member);
    return values.length > 1 && values.includes("*")
      ? [invalid(`${path}.${member}`, values, `if '*' is present, must not specify other ${nounOf[member]}`)]
      : [];
  });
  const unknown = listAt(rule, "operations").flatMap((operation, index) =>
    operations.includes(String(operation))
      ? []
      : [notSupported(`${path}.operations[${index}]`, operation, operations)],
  );
  return [...empty, ...crowded, ...unknown, ...oneOf(rule, "scope", ["*", "Cluster", "Namespaced"], path)];
}

const nounOf: Readonly<Record<string, string>> = {
  operations: "operations",
  apiGroups: "API groups",
  apiVersions: "API versions",
};

function oneOf(
  parent: JsonObject,
  member: string,
  supported: readonly string[],
  path: string,
): readonly FieldError[] {
  const value = parent[member];
  return value === undefined || supported.includes(String(value))
    ? []
    : [notSupported(`${path}.${member}`, value, supported)];
}

function validateTimeout(value: JsonObject[string], path: string): readonly FieldError[] {
  const fits = value === undefined || (typeof value === "number" && value >= 1 && value <= 30);
  return fits ? [] : [invalid(path, value, "the timeout value must be between 1 and 30 seconds")];
}

/** `caBundle` is not looked into: a wrong one fails the call, as it does upstream. */
function validateClientConfig(config: JsonObject, path: string): readonly FieldError[] {
  const url = isJsonObject(config.service) ? undefined : stringAt(config, "url");
  if ((config.url === undefined) === (config.service === undefined))
    return [required(path, "exactly one of url or service is required")];
  if (url !== undefined) return validateUrl(url, `${path}.url`);
  return validateService(objectAt(config, "service"), `${path}.service`);
}

const urlForm = "; desired format: https://host[/path]";

/** k8s.io/apiserver pkg/util/webhook/validation.go, with https forced. */
function validateUrl(text: string, path: string): readonly FieldError[] {
  const parsed = URL.parse(text);
  if (parsed === null) return [required(path, `url must be a valid URL: ${text}${urlForm}`)];
  const faults: FieldError[] = [];
  if (parsed.protocol !== "https:")
    faults.push(
      invalid(path, parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${urlForm}`),
    );
  // WHATWG takes `path` of `https:///path` for the host
  if (parsed.host === "" || /^[a-z]+:\/\/(\/|$)/i.test(text))
    faults.push(invalid(path, "", `host must be specified${urlForm}`));
  if (parsed.username !== "" || parsed.password !== "")
    faults.push(invalid(path, parsed.username, "user information is not permitted in the URL"));
  if (parsed.hash !== "")
    faults.push(invalid(path, parsed.hash.slice(1), "fragments are not permitted in the URL"));
  if (parsed.search !== "")
    faults.push(invalid(path, parsed.search.slice(1), "query parameters are not permitted in the URL"));
  return faults;
}

function validateService(service: JsonObject, path: string): readonly FieldError[] {
  const missing = ["name", "namespace"].filter((member) => (stringAt(service, member) ?? "") === "");
  const faults = missing.map((member) => required(`${path}.${member}`, `service ${member} is required`));
  const { port } = service;
  if (typeof port !== "number" || port < 1 || port > 65_535)
    faults.push(invalid(`${path}.port`, port, `port is not valid: must be between 1 and 65535, inclusive`));
  return [...faults, ...validateServicePath(stringAt(service, "path") ?? "", `${path}.path`)];
}

function validateServicePath(value: string, path: string): readonly FieldError[] {
  if (value === "" || value === "/") return [];
  if (value === "//") return [invalid(path, value, "segment[0] may not be empty")];
  const faults = value.startsWith("/") ? [] : [invalid(path, value, "must start with a '/'")];
  const segments = value.replace(/^\//, "").replace(/\/$/, "").split("/");
  const wrong = segments.flatMap((segment, index) => {
    if (segment === "") return [invalid(path, value, `segment[${index}] may not be empty`)];
    return dnsSubdomainFaults(segment).map((fault) => invalid(path, value, `segment[${index}]: ${fault}`));
  });
  return [...faults, ...wrong];
}
