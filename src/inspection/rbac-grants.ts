import type { Webhook, WebhookConfiguration } from "../apis/admissionregistration.ts";
import { admissionReviewAPIGroups, type ServiceAccountReference } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import { clusterGrant, namespaceGrant, type RBACObject, serviceAccountSubject } from "./rbac-objects.ts";

export interface RBACGrantsOptions {
  readonly configuration: WebhookConfiguration;
  /** One webhook of the configuration; all of them where absent. */
  readonly webhook?: string;
  /** The ServiceAccount tokens are minted for. */
  readonly serviceAccount: ServiceAccountReference;
  /** The ServiceAccount that asks for the tokens. Default: the one they are minted for. */
  readonly requester?: ServiceAccountReference;
  /** The groups to attest. Default: those the webhooks' rules name; core and `*` have to be said. */
  readonly apiGroups?: readonly string[];
}

/**
 * What has to be granted so that webhook-bound tokens for this configuration can be had, and nothing more: `attest` on
 * each API group for the ServiceAccount (the issuer asks about the ServiceAccount, not about who requests), `create` on
 * its `serviceaccounts/token` for the requester, and reading webhook configurations, by which `exec-credential` finds
 * the one it is called for. Source: KEP-6060; kubernetes/website extensible-admission-controllers.
 * @throws ERR_WEBHOOK_NOT_FOUND where the configuration has no such webhook.
 * @throws ERR_USAGE where a group is core, fits no rule, or has to be said.
 */
export function rbacGrants(options: RBACGrantsOptions): readonly RBACObject[] {
  const { serviceAccount } = options;
  const requester = options.requester ?? serviceAccount;
  const apiGroups = attestedGroups(options);
  const name = (part: string, of: ServiceAccountReference): string =>
    `countersign:${part}:${of.namespace}:${of.name}`;
  const own = name("webhook-token-requester", serviceAccount);
  const requesterName =
    options.requester === undefined ? own : `${own}:${requester.namespace}:${requester.name}`;
  return [
    // an object for each group and requester, so that what is granted for one configuration stays when another's is applied
    ...apiGroups.flatMap((group) =>
      clusterGrant(
        `${name("webhook-attester", serviceAccount)}:${group}`,
        serviceAccountSubject(serviceAccount),
        [
          {
            apiGroups: ["authentication.k8s.io"],
            resources: [admissionReviewAPIGroups],
            resourceNames: [group],
            verbs: ["attest"],
          },
        ],
      ),
    ),
    ...namespaceGrant(requesterName, serviceAccount.namespace, serviceAccountSubject(requester), [
      {
        apiGroups: [""],
        resources: ["serviceaccounts/token"],
        resourceNames: [serviceAccount.name],
        verbs: ["create"],
      },
    ]),
    ...clusterGrant(name("webhook-configuration-reader", requester), serviceAccountSubject(requester), [
      {
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
        verbs: ["get", "list", "watch"],
      },
    ]),
  ];
}

function attestedGroups(options: RBACGrantsOptions): readonly string[] {
  const webhooks = chosenWebhooks(options);
  const ruled = [
    ...new Set(webhooks.flatMap((webhook) => webhook.rules ?? []).flatMap((rule) => rule.apiGroups)),
  ];
  if (options.apiGroups === undefined) return namedGroups(ruled, options.configuration.metadata.name);
  for (const group of options.apiGroups) assertAttestable(group, ruled);
  return [...new Set(options.apiGroups)];
}

function chosenWebhooks({ configuration, webhook }: RBACGrantsOptions): readonly Webhook[] {
  const all = configuration.webhooks ?? [];
  const chosen = webhook === undefined ? all : all.filter(({ name }) => name === webhook);
  if (chosen.length > 0) return chosen;
  const known = all.map(({ name }) => name).join(", ") || "none";
  throw new CountersignError(
    "ERR_WEBHOOK_NOT_FOUND",
    `${configuration.kind} ${configuration.metadata.name} has no webhook ${webhook ?? "at all"}; it has: ${known}`,
  );
}

function namedGroups(ruled: readonly string[], configuration: string | undefined): readonly string[] {
  const unsayable = ruled.filter((group) => group === "" || group === "*");
  if (unsayable.length === 0 && ruled.length > 0) return ruled;
  throw new CountersignError(
    "ERR_USAGE",
    `the rules of ${configuration} cover ${unsayable.includes("*") ? "all API groups" : "the core API group"}, ` +
      "so the group has to be said: --api-group GROUP for an aggregated API server, --api-group '*' for kube-apiserver " +
      "(for '*' the issuer checks neither rules nor audience: grant it to nobody else)",
  );
}

function assertAttestable(group: string, ruled: readonly string[]): void {
  if (group === "*") return;
  if (group === "")
    throw new CountersignError(
      "ERR_USAGE",
      "--api-group: the core group cannot be attested by itself; kube-apiserver uses '*'",
    );
  if (ruled.includes(group) || ruled.includes("*")) return;
  throw new CountersignError(
    "ERR_USAGE",
    `--api-group ${group}: no rule names this group, so the issuer would refuse the token; the rules name: ${ruled.map((name) => name || '""').join(", ")}`,
  );
}
