import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";
import { reachedRoute, routesBehind } from "./reached-route.ts";
import { addressOf, audienceOf } from "./webhook-audiences.ts";

/** Whether a webhook's calls are accepted by the server they arrive at. */

const audience: LintRule<WebhookSubject> = {
  code: "audience-not-accepted",
  severity: "error",
  check(subject, context) {
    const reached = reachedRoute(subject, context);
    const own = audienceOf(subject);
    const accepted = reached?.route.audiences;
    return faultIf(
      accepted !== undefined && own !== undefined && !accepted.includes(own),
      ["clientConfig"],
      `its tokens are minted for "${own}", and route ${reached?.route.path} of ${reached?.origin.object} accepts ` +
        `${accepted?.map((one) => `"${one}"`).join(", ")}, compared to the byte; add it to the route's audiences`,
    );
  },
};

const path: LintRule<WebhookSubject> = {
  code: "route-missing",
  severity: "error",
  check(subject, context) {
    const routes = routesBehind(subject, context);
    const paths = [...new Set(routes.map(({ route }) => route.path))];
    return faultIf(
      routes.length > 0 && reachedRoute(subject, context) === undefined,
      ["clientConfig"],
      `the API server asks for ${addressOf(subject)?.path}, and the server at this host and port has no such route, only ` +
        `${paths.join(", ")}`,
    );
  },
};

const kind: LintRule<WebhookSubject> = {
  code: "route-kind",
  severity: "error",
  check(subject, context) {
    const reached = reachedRoute(subject, context);
    const kinds = reached?.route.authentication.webhookTokens?.kinds;
    return faultIf(
      kinds !== undefined && !kinds.includes(subject.kind),
      [],
      `its tokens are bound to a ${subject.kind}, and route ${reached?.route.path} accepts those of ${kinds?.join(", ")} only; ` +
        "add the kind to webhookTokens.kinds",
    );
  },
};

const pin: LintRule<WebhookSubject> = {
  code: "route-pin",
  severity: "error",
  check(subject, context) {
    const { name = "", uid } = subject.configuration.metadata;
    const reached = reachedRoute(subject, context);
    const pins = reached?.route.authentication.webhookTokens?.configurations;
    if (pins === undefined) return [];
    const named = pins.filter((one) => one.name === name);
    if (named.length === 0) {
      const message = `route ${reached?.route.path} accepts tokens of ${pins.map((one) => one.name).join(", ")} only: add ${name} to webhookTokens.configurations`;
      return [{ path: [], message }];
    }
    const fits = uid === undefined || named.some((one) => one.uid === undefined || one.uid === uid);
    return faultIf(
      !fits,
      [],
      `route ${reached?.route.path} accepts ${name} with uid ${named.map((one) => one.uid).join(", ")} only, and its uid is ` +
        `${uid}: it was created anew; say the new uid, or none`,
    );
  },
};

const type: LintRule<WebhookSubject> = {
  code: "route-type",
  severity: "error",
  check(subject, context) {
    const reached = reachedRoute(subject, context);
    if (reached === undefined) return [];
    const { type: routeType, path: routePath } = reached.route;
    const isMutating = subject.kind === "MutatingWebhookConfiguration";
    if (isMutating === (routeType === "mutating")) return [];
    if (isMutating)
      return [
        {
          path: [],
          severity: "warning",
          message: `route ${routePath} is validating, so it never patches: say type: mutating`,
        },
      ];
    return [
      {
        path: [],
        message: `route ${routePath} is mutating, and a validating webhook that answers with a patch has failed`,
      },
    ];
  },
};

/** Rules about webhooks and the routes of a server that is given with them. */
export const reachedRouteRules: readonly LintRule<WebhookSubject>[] = [audience, path, kind, pin, type];
