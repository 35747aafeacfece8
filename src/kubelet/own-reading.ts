import { AnswerStatusError } from "../apis/answer-status.ts";
import type { TypeMeta } from "../apis/meta.ts";
import { CountersignError, errorCodeOf, errorMessageOf } from "../errors.ts";
import { apiStatusOf } from "../transport/api-status.ts";
import { apiPath, type RestClient } from "../transport/rest-client.ts";

interface NamedObject extends TypeMeta {
  readonly metadata?: { readonly name?: string };
}

/**
 * Reads one object as the gateway itself. That there is none is told in the API server's words; whatever else goes wrong
 * is the gateway's own affair and no answer to whoever asked: a 403 would name the gateway, a 401 would be taken for the
 * caller's.
 * @throws AnswerStatusError: ERR_NOT_SERVED (404), or 500 with the code of what went wrong, naming what could not be read.
 */
export async function readOwn<T extends NamedObject>(
  client: Pick<RestClient, "request">,
  segments: readonly string[],
  signal?: AbortSignal,
): Promise<T> {
  const [resource, name] = segments.slice(-2) as [string, string];
  try {
    const { body } = await client.request<T>({ path: apiPath(...segments), signal });
    if (body?.metadata?.name === name) return body;
    throw new CountersignError("ERR_API_STATUS", "the answer is not this object");
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, reason, message, details } = apiStatusOf(cause) ?? {};
    if (code === 404)
      throw new AnswerStatusError(
        "ERR_NOT_SERVED",
        { code, reason: reason ?? "NotFound", message: message ?? "", details: details ?? {} },
        { cause },
      );
    const text = `this server could not read ${resource} ${JSON.stringify(name)}: ${errorMessageOf(cause)}`;
    throw new AnswerStatusError(
      errorCodeOf(cause),
      {
        ...{ code: 500, reason: "InternalError", message: `Internal error occurred: ${text}` },
        details: { causes: [{ message: text }] },
      },
      { cause },
    );
  }
}
