import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import { decodeAdmission, decodePlugin } from "./decode-admission.ts";
import { decodeKubeconfig } from "./decode-kubeconfig.ts";
import { decodeAgent, decodeGateway, decodeServer } from "./decode-own-configuration.ts";
import { decodeRole } from "./decode-role.ts";
import { type Decoded, decodeWith, originOf } from "./decoded.ts";
import type { Finding } from "./finding.ts";
import type { LintDocument } from "./lint-document.ts";
import type { ConfigurationSubject, LintInputs } from "./lint-subjects.ts";
import { strictWebhookConfiguration, webhookConfigurationSchema } from "./webhook-configuration-schema.ts";

/** What could be read of the documents, and what is wrong with them so far. */
export interface DecodedInputs {
  readonly inputs: LintInputs;
  readonly findings: readonly Finding[];
}

interface Parts {
  readonly configurations: ConfigurationSubject[];
  readonly kubeconfigs: LintInputs["kubeconfigs"][number][];
  readonly servers: LintInputs["servers"][number][];
  readonly agents: LintInputs["agents"][number][];
  readonly gateways: LintInputs["gateways"][number][];
  readonly admissions: LintInputs["admissions"][number][];
  readonly plugins: LintInputs["plugins"][number][];
  readonly roleRules: LintInputs["roleRules"][number][];
  readonly findings: Finding[];
}

/** Reads each document as what it says it is. Kinds that there is nothing to say of are left out; nothing at all is said. */
export function decodeLintInputs(documents: readonly LintDocument[]): DecodedInputs {
  const parts: Parts = {
    configurations: [],
    kubeconfigs: [],
    servers: [],
    agents: [],
    gateways: [],
    admissions: [],
    plugins: [],
    roleRules: [],
    findings: [],
  };
  const idle = new Set(documents.map(({ file }) => file));
  for (const document of documents) {
    parts.findings.push(...syntaxFindings(document));
    if (decodeInto(parts, document) || document.faults.length > 0) idle.delete(document.file);
  }
  for (const file of idle) parts.findings.push(nothingToLint(file));
  const { findings, ...inputs } = parts;
  return { inputs, findings };
}

/** False for a kind of which there is nothing to say. */
function decodeInto(parts: Parts, document: LintDocument): boolean {
  const take = <T>(into: T[], { subjects, findings }: Decoded<T>): true => {
    into.push(...subjects);
    parts.findings.push(...findings);
    return true;
  };
  const { apiVersion, kind } = (document.value ?? {}) as {
    readonly apiVersion?: unknown;
    readonly kind?: unknown;
  };
  const group = String(apiVersion).split("/")[0];
  switch (`${group} ${String(kind)}`) {
    case "admissionregistration.k8s.io ValidatingWebhookConfiguration":
    case "admissionregistration.k8s.io MutatingWebhookConfiguration":
      return take(parts.configurations, decodeConfiguration(document));
    case "countersign.dev ServerConfiguration":
      return take(parts.servers, decodeServer(document));
    case "countersign.dev AgentConfiguration":
      return take(parts.agents, decodeAgent(document));
    case "countersign.dev GatewayConfiguration":
      return take(parts.gateways, decodeGateway(document));
    case "v1 Config":
      return take(parts.kubeconfigs, decodeKubeconfig(document));
    case "apiserver.config.k8s.io AdmissionConfiguration":
    case "apiserver.k8s.io AdmissionConfiguration":
      return take(parts.admissions, decodeAdmission(document));
    case "apiserver.config.k8s.io WebhookAdmissionConfiguration":
    case "apiserver.config.k8s.io WebhookAdmission":
      return take(parts.plugins, decodePlugin(document));
    case "rbac.authorization.k8s.io ClusterRole":
    case "rbac.authorization.k8s.io Role":
      return take(parts.roleRules, decodeRole(document));
    default:
      return false;
  }
}

function decodeConfiguration(document: LintDocument): Decoded<ConfigurationSubject> {
  const { value, findings } = decodeWith<WebhookConfiguration>(
    document,
    strictWebhookConfiguration,
    webhookConfigurationSchema,
  );
  const subjects =
    value === undefined ? [] : [{ origin: originOf(document), path: [], configuration: value }];
  return { subjects, findings };
}

/** A configuration that a cluster has; its API server has validated it. */
export function liveConfiguration(configuration: WebhookConfiguration): ConfigurationSubject {
  const object = `${configuration.kind}/${configuration.metadata.name ?? ""}`;
  return { origin: { object, lineOf: () => undefined }, path: [], configuration };
}

function syntaxFindings({ file, faults }: LintDocument): readonly Finding[] {
  return faults.map(({ position, message }) => ({
    severity: "error",
    code: "syntax",
    object: "",
    field: "",
    file,
    line: position.line,
    message,
  }));
}

function nothingToLint(file: string): Finding {
  const message =
    "holds nothing that is judged here: webhook configurations, configurations of countersign.dev, webhook kubeconfigs, " +
    "AdmissionConfigurations, Roles and ClusterRoles are";
  return { severity: "warning", code: "nothing-to-lint", object: "", field: "", file, message };
}
