import { AnswerStatusError, type AnswerStatusParts, badRequest } from "../../apis/answer-status.ts";
import type { APIGroup, APIResourceList } from "../../apis/discovery.ts";
import {
  answerSelfSubjectReview,
  assertSelfSubjectReview,
  type SelfSubjectReviewKind,
  type SelfSubjectReviewSwitches,
  servedSelfSubjectReviews,
} from "../../authentication/self-subject-review.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { collectBody, lingerThenClose } from "../parts/request-body.ts";
import { jsonAnswer, statusAnswer, writeAPIAnswer } from "./api-answer.ts";
import type { APIContext, APIMiddleware } from "./api-state.ts";
import { methodNotServed } from "./unserved.ts";

/** Which questions are answered, and when it is. */
export interface SelfSubjectReviewsOptions extends SelfSubjectReviewSwitches {
  readonly clock?: Clock;
}

/** What discovery has to say of them. */
export interface SelfSubjectReviewDiscovery {
  /** `/apis/authentication.k8s.io` */
  readonly group: APIGroup;
  /** `/apis/authentication.k8s.io/VERSION`, one for each version of the group, in the group's order. */
  readonly resourceLists: readonly APIResourceList[];
}

/** kubectl's question has 83 bytes, and nothing that could be in it counts. */
const bodyLimitBytes = 64 * 1024;
const bodyTimeoutMs = 10_000;
const authenticatedBy = "Countersign-Authenticated-By";

/**
 * Who am I: answers `POST /apis/authentication.k8s.io/{v1,v1beta1,v1alpha1}/selfsubjectreviews`, and
 * `…/v1alpha1/selfsubjectattributesreview` of KEP-3325 as it was proposed, with the user as whom the request is made. It
 * stands behind {@link createAPIAccess}, whose authorizer says who may ask: clusters let everybody who is authenticated
 * (`system:basic-user`). The answer is JSON also for who would rather have protobuf; its header
 * `Countersign-Authenticated-By` names the authenticator that knew the caller (an `AuthenticationMethod`). What is switched
 * off, and every other path, is the next middleware's, whose 404 makes kubectl say that the API is not enabled.
 * What is wrong with a request is answered, not thrown: 400 for another kind or version and for what cannot be read, 405, 406, 413, 415.
 */
export function createSelfSubjectReviews(options: SelfSubjectReviewsOptions = {}): APIMiddleware {
  const { clock = systemClock } = options;
  const served = servedSelfSubjectReviews(options);
  return async (context, next) => {
    const asked = askedFor(context, served);
    if (asked === undefined) {
      await next();
      return;
    }
    try {
      if (context.method !== "POST") throw methodNotServed();
      assertAcceptable(context.get("Accept"));
      assertSelfSubjectReview({ mediaType: mediaTypeOf(context), body: await readBody(context) }, asked);
      const { caller, user } = context.state;
      context.set(authenticatedBy, caller.method);
      writeAPIAnswer(context, jsonAnswer(201, answerSelfSubjectReview(asked, user, clock.now())));
    } catch (error) {
      if (!(error instanceof AnswerStatusError)) throw error;
      writeAPIAnswer(context, statusAnswer(error.answer));
    }
  };
}

/** The discovery documents of what those switches leave; undefined where they leave nothing. */
export function selfSubjectReviewDiscovery(
  switches: SelfSubjectReviewSwitches = {},
): SelfSubjectReviewDiscovery | undefined {
  const served = servedSelfSubjectReviews(switches);
  const versions = [...new Set(served.map(({ version }) => version))].map((version) => ({
    groupVersion: `${served[0]!.group}/${version}`,
    version,
  }));
  const [preferredVersion] = versions;
  if (preferredVersion === undefined) return undefined;
  return {
    group: { kind: "APIGroup", apiVersion: "v1", name: served[0]!.group, versions, preferredVersion },
    resourceLists: versions.map(({ groupVersion, version }) => ({
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion,
      resources: served
        .filter((each) => each.version === version)
        .map(({ kind, resource }) => ({
          name: resource,
          singularName: kind.toLowerCase(),
          namespaced: false,
          kind,
          verbs: ["create"],
        })),
    })),
  };
}

/** By what was authorized, not by the path: the two cannot differ then. */
function askedFor(
  { state: { info } }: APIContext,
  served: readonly SelfSubjectReviewKind[],
): SelfSubjectReviewKind | undefined {
  if (!info.isResourceRequest || info.namespace !== "" || info.parts.length !== 1) return undefined;
  return served.find(
    ({ group, version, resource }) =>
      group === info.group && version === info.version && resource === info.parts[0],
  );
}

/** Protobuf is read here and not written: every client that asks for it reads JSON as well. */
const acceptable = new Set([
  "application/json",
  "application/vnd.kubernetes.protobuf",
  "application/*",
  "*/*",
]);

function assertAcceptable(accept: string): void {
  const entries = accept.split(",").map((entry) => entry.toLowerCase().split(";"));
  // `as=Table` and the like are other objects than this one
  const isPlain = ([type = "", ...parameters]: readonly string[]): boolean =>
    acceptable.has(type.trim()) && !parameters.some((parameter) => parameter.trim().startsWith("as="));
  if (accept.trim() === "" || entries.some(isPlain)) return;
  const message = "only the following media types are accepted: application/json";
  throw refused({ code: 406, reason: "NotAcceptable", message });
}

function mediaTypeOf(context: APIContext): string | undefined {
  const type = context.get("Content-Type").split(";")[0]!.trim().toLowerCase();
  return type === "" ? undefined : type;
}

async function readBody({ req }: APIContext): Promise<Buffer> {
  const { bytes, state } = await collectBody(req, {
    keepBytes: bodyLimitBytes,
    limitBytes: bodyLimitBytes,
    timeoutMs: bodyTimeoutMs,
  });
  if (state === "complete") return bytes;
  lingerThenClose(req);
  if (state === "tooLarge") {
    const message = `Request entity too large: limit is ${bodyLimitBytes}`;
    throw refused({ code: 413, reason: "RequestEntityTooLarge", message });
  }
  throw badRequest(`the body was not sent to its end within ${bodyTimeoutMs / 1000} s`);
}

function refused(parts: AnswerStatusParts): AnswerStatusError {
  return new AnswerStatusError("ERR_REQUEST_INVALID", parts);
}
