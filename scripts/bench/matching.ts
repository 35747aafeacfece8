import type {
  RuleWithOperations,
  Webhook,
  WebhookConfiguration,
} from "../../src/apis/admissionregistration.ts";
import { createHookIndexes } from "../../src/webhook/matching/indexed-hooks.ts";
import { matchWebhook } from "../../src/webhook/matching/webhook-matcher.ts";
import { type BenchOptions, median, microseconds, type Row, ratio } from "./row.ts";

const kind = "ValidatingWebhookConfiguration";
const attributes = {
  operation: "CREATE",
  kind: { group: "apps", version: "v1", kind: "Deployment" },
  resource: { group: "apps", version: "v1", resource: "deployments" },
  name: "web",
  namespace: "shop",
  userInfo: { username: "jane" },
  object: { metadata: { name: "web", labels: { app: "web" } } },
} as const;

/** Ten webhooks each; every fiftieth configuration is for Deployments and selects namespaces. */
function configurations(count: number): readonly WebhookConfiguration[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: `configuration-${index}`, uid: `uid-${index}` },
    webhooks: Array.from({ length: 10 }, (_, webhook) => webhookOf(index, webhook)),
  }));
}

function webhookOf(configuration: number, index: number): Webhook {
  const everybodys = configuration % 50 === 0;
  const rule: RuleWithOperations = {
    apiGroups: [everybodys ? "apps" : `group-${configuration}.example.com`],
    apiVersions: ["*"],
    operations: ["CREATE", "UPDATE"],
    resources: everybodys ? ["deployments", "statefulsets"] : [`widgets${index}`],
  };
  return {
    name: `hook-${index}.example.com`,
    clientConfig: {},
    rules: [rule],
    namespaceSelector: { matchLabels: { team: "a" } },
    objectSelector: { matchLabels: { app: "web" } },
    admissionReviewVersions: ["v1"],
  };
}

/** What matching one request costs, the configurations being as they were before. */
async function nanosecondsToMatch(list: readonly WebhookConfiguration[], times: number): Promise<number> {
  const indexOf = createHookIndexes(kind);
  const labels = { team: "a" };
  const namespaceLabels = () => labels;
  const matchAll = async (): Promise<void> => {
    let matched = 0;
    const index = indexOf({ fixed: [], configurations: list });
    for (const { hook } of index.candidates(attributes.operation, [attributes.resource]))
      if ((await matchWebhook(hook.webhook, attributes, { namespaceLabels })) !== undefined) matched += 1;
    if (matched !== 200) throw new Error(`${matched} webhooks matched`);
  };
  const rounds: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    const begin = process.hrtime.bigint();
    for (let count = 0; count < times; count += 1) await matchAll();
    rounds.push(Number(process.hrtime.bigint() - begin) / times);
  }
  return median(rounds);
}

/** 1 000 configurations with 200 webhooks that match, and a tenth of both. */
export async function matchingRows({ short }: BenchOptions): Promise<readonly Row[]> {
  const times = short ? 200 : 2_000;
  const thousand = configurations(1_000);
  const all = await nanosecondsToMatch(thousand, times);
  const theirs = thousand.filter((_, index) => index % 50 === 0);
  const matchingAlone = await nanosecondsToMatch(theirs, times);
  const growth = all / matchingAlone;
  return [
    {
      what: "1 000 configurations × 10 webhooks: matching one request that 200 of them match",
      mustReach: "<= 200 µs",
      reached: microseconds(all),
      met: all <= 200_000,
      note: `rules, namespace and object selectors; ${ratio(growth)} times what these 200 alone cost`,
    },
  ];
}
