import type {
  Webhook,
  WebhookConfiguration,
  WebhookConfigurationKind,
} from "../../apis/admissionregistration.ts";
import type { AgentConfiguration } from "../../configuration/agent-configuration.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import type {
  ServerConfiguration,
  WebhookRouteConfiguration,
} from "../../configuration/server-configuration.ts";
import type { FieldPath } from "../../configuration/yaml-document.ts";
import type { Kubeconfig, KubeconfigUser } from "../../kubeconfig/kubeconfig.ts";
import type { LintOrigin } from "./finding.ts";

/** A part of an object that rules look at, and where it stands in the object. */
export interface LintSubject {
  readonly origin: LintOrigin;
  readonly path: FieldPath;
}

/** A webhook configuration, of a file or of a cluster. */
export interface ConfigurationSubject extends LintSubject {
  readonly configuration: WebhookConfiguration;
}

/** One webhook of a configuration. */
export interface WebhookSubject extends LintSubject {
  readonly configuration: WebhookConfiguration;
  readonly kind: WebhookConfigurationKind;
  readonly webhook: Webhook;
}

/** The kubeconfig that an API server takes for its webhooks. */
export interface KubeconfigSubject extends LintSubject {
  readonly kubeconfig: Kubeconfig;
  readonly users: readonly UserSubject[];
}

/** One user of it. */
export interface UserSubject extends LintSubject {
  readonly kubeconfig: Kubeconfig;
  readonly name: string;
  readonly user: KubeconfigUser;
  /** The exec command as it is written: as it was read, a relative one is no longer. */
  readonly command: string | undefined;
  /** Files that the user names and that cannot be read here, by field, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** A ServerConfiguration. */
export interface ServerSubject extends LintSubject {
  readonly server: ServerConfiguration;
}

/** One route of it. */
export interface RouteSubject extends LintSubject {
  readonly route: WebhookRouteConfiguration;
}

/** An AgentConfiguration. */
export interface AgentSubject extends LintSubject {
  readonly agent: AgentConfiguration;
}

/** A GatewayConfiguration. */
export interface GatewaySubject extends LintSubject {
  readonly gateway: GatewayConfiguration;
}

/** A rule of a Role or ClusterRole. */
export interface RoleRuleSubject extends LintSubject {
  readonly kind: "ClusterRole" | "Role";
  readonly rule: RoleRule;
}

export interface RoleRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** An AdmissionConfiguration, with those of its plugins that call webhooks. */
export interface AdmissionSubject extends LintSubject {
  readonly apiVersion: string;
  readonly plugins: readonly PluginSubject[];
}

/** The WebhookAdmissionConfiguration of a plugin, inline or a file of its own. */
export interface PluginSubject extends LintSubject {
  /** Absent for a file of its own. */
  readonly name?: string;
  readonly configuration: PluginConfiguration | undefined;
}

export interface PluginConfiguration {
  readonly apiVersion: string;
  readonly kind: string;
  readonly kubeConfigFile?: string;
  readonly staticManifestsDir?: string;
}

/** All that is judged together. */
export interface LintInputs {
  readonly configurations: readonly ConfigurationSubject[];
  readonly kubeconfigs: readonly KubeconfigSubject[];
  readonly servers: readonly ServerSubject[];
  readonly agents: readonly AgentSubject[];
  readonly gateways: readonly GatewaySubject[];
  readonly admissions: readonly AdmissionSubject[];
  /** Files that are nothing but a WebhookAdmissionConfiguration. */
  readonly plugins: readonly PluginSubject[];
  readonly roleRules: readonly RoleRuleSubject[];
}
