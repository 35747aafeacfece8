import type { JSONValue } from "../../admission/json-value.ts";
import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import type { GroupVersionKind } from "../../apis/meta.ts";
import type { MatchConditionEvaluator } from "../../cel/match-condition-evaluator.ts";
import type { Clock } from "../../clock.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { WebhookClient } from "../client/webhook-client.ts";
import type { EquivalentResources } from "../matching/equivalent-resources.ts";
import type { NamespaceLabels } from "../matching/webhook-matcher.ts";
import type { ExcludedResource } from "./excluded-resources.ts";

/** What a dispatcher needs to know which webhooks to call, and how. */
export interface DispatcherOptions {
  readonly client: WebhookClient;
  /**
   * The configurations as they are now. One that has not changed has to be the same object as before, and one that has
   * another: what was found out about its webhooks is kept with it.
   */
  readonly configurations: () => readonly WebhookConfiguration[];
  /**
   * Configurations of a manifest directory. They come before the others, and they alone are shown webhook configurations
   * and admission policies. Default: none.
   */
  readonly staticConfigurations?: () => readonly WebhookConfiguration[];
  /** Asked when a namespaceSelector has to be decided. */
  readonly namespaceLabels: NamespaceLabels;
  /** Default: `matchConditions` cannot be evaluated, which fails the request or under `Ignore` leaves the webhook out. */
  readonly matchConditions?: MatchConditionEvaluator;
  /** Default: nothing is served in several groups or versions, so that `matchPolicy: Equivalent` finds nothing more. */
  readonly equivalents?: EquivalentResources;
  /** Resources that no webhook is called for. Default: the six of kube-apiserver 1.37; an aggregated server has none. */
  readonly excluded?: readonly ExcludedResource[];
  readonly clock?: Clock;
}

/** What an API server makes of an object that a patch has made: a throw fails the request with 500. */
export interface PatchedObjects {
  /** Reads it as that kind: without what the kind does not have. */
  decode(object: JSONValue, kind: GroupVersionKind): MaybePromise<JSONValue>;
  /** Fills in what the kind has defaults for. */
  default(object: JSONValue, kind: GroupVersionKind): MaybePromise<JSONValue>;
}
