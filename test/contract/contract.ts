import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { describeAcceptedTypes } from "./accepted-types.ts";
import { describeAccessReviews } from "./access-reviews.ts";
import { describeAuthentication } from "./authentication.ts";
import { describeCertificateKeeping } from "./certificate-keeping.ts";
import { describeDelegatedAuthentication } from "./delegated-authentication.ts";
import { describeDiscovery } from "./discovery.ts";
import { describeFrontProxy } from "./front-proxy.ts";
import { describeImpersonation } from "./impersonation.ts";
import { describeListsAndWatches } from "./lists-and-watches.ts";
import { describeMatchConditions } from "./match-conditions.ts";
import { describeMutation } from "./mutation.ts";
import { describeNodes } from "./nodes.ts";
import { describeReinvocation } from "./reinvocation.ts";
import { describeSelfSubjectReviews } from "./self-subject-reviews.ts";
import { describeStatusBodies } from "./status-bodies.ts";
import { describeStoredObjects } from "./stored-objects.ts";
import type { Contract, Target, TargetKind, TargetOptions } from "./target.ts";
import { describeGateOff } from "./token-request-gate.ts";
import { describeTokenRequestOrder } from "./token-request-order.ts";
import { describeTokenRequestValidation } from "./token-request-validation.ts";
import { describeTokenRequests } from "./token-requests.ts";
import { describeTokenReviews } from "./token-reviews.ts";
import { describeWarnings } from "./warnings.ts";
import { describeWebhookCalls } from "./webhook-calls.ts";
import { describeWebhookConfigurations } from "./webhook-configurations.ts";
import { describeWebhookFailures } from "./webhook-failures.ts";

/** 2.6 s is what kube-apiserver takes on an idle machine; the suite also runs on busy ones. */
const startTimeoutMs = 180_000;
const caseTimeoutMs = 60_000;

/**
 * What a webhook, and whoever calls one, may expect of an API server. Written once against kube-apiserver 1.37.0; every other
 * target has to answer alike.
 */
export function describeContract(kind: TargetKind): void {
  describe(`contract on ${kind.name}`, () => {
    const titles = new Set<string>();
    describe("with the gate APIServerWebhookAuthenticationToken", () => {
      const contract = onTarget(kind, { attestations: true }, titles);
      describeDiscovery(contract);
      describeTokenRequests(contract);
      describeTokenRequestOrder(contract);
      describeTokenRequestValidation(contract);
      describeTokenReviews(contract);
      describeSelfSubjectReviews(contract);
      describeAuthentication(contract);
      describeImpersonation(contract);
      describeFrontProxy(contract);
      describeDelegatedAuthentication(contract);
      describeAccessReviews(contract);
      describeStatusBodies(contract);
      describeAcceptedTypes(contract);
      describeStoredObjects(contract);
      describeListsAndWatches(contract);
      describeNodes(contract);
      describeWebhookConfigurations(contract);
      describeCertificateKeeping(contract);
      describeWebhookCalls(contract);
      describeWebhookFailures(contract);
      describeMutation(contract);
      describeMatchConditions(contract);
      describeReinvocation(contract);
      describeWarnings(contract);
    });
    describe("without the gate", () => {
      describeGateOff(onTarget(kind, { attestations: false }, titles));
    });
    const unknown = Object.keys(kind.cannot ?? {}).filter((title) => !titles.has(title));
    if (unknown.length > 0) throw new Error(`no case of the contract is called ${unknown.join(", ")}`);
  });
}

function onTarget(kind: TargetKind, options: TargetOptions, titles: Set<string>): Contract {
  let target: Target | undefined;
  let admin: ApiClient | undefined;
  before(async function () {
    this.timeout(startTimeoutMs);
    target = await kind.start(options);
    admin = createApiClient({ url: target.url, caPem: target.caPem, token: target.adminToken });
  });
  after(async function () {
    this.timeout(startTimeoutMs);
    admin?.close();
    await target?.stop();
  });
  let count = 0;
  return {
    target: () => started(target),
    admin: () => started(admin),
    unique: (stem) => `${stem}-${++count}`,
    check: (title, run) => {
      titles.add(title);
      const reason = kind.cannot?.[title];
      if (reason !== undefined) it(`${title} (not here: ${reason})`);
      else it(title, run).timeout(caseTimeoutMs);
    },
  };
}

function started<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error("the target is used before it has started");
  return thing;
}
