import { AnswerStatusError } from "../../../apis/answer-status.ts";
import { apiStatusOf } from "../../../transport/api-status.ts";
import type { RestClient } from "../../../transport/rest-client.ts";

/** The API server, asked as the gateway itself. */
export type Cluster = Pick<RestClient, "request" | "stream">;

/** What the API server says of the request is the caller's answer; what it says of the gateway is not. */
const relayed = new Set([400, 404, 409, 410, 422, 429]);

/** Asks the cluster. @throws AnswerStatusError with the cluster's Status, or 500 where it does not let the gateway ask. */
export async function askCluster<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const status = apiStatusOf(error);
    if (status?.code === undefined) throw error;
    const { code, reason, message = "", details } = status;
    if (relayed.has(code))
      throw new AnswerStatusError(
        "ERR_API_STATUS",
        { code, message, ...(reason !== undefined && { reason }), ...(details !== undefined && { details }) },
        { cause: error },
      );
    throw new AnswerStatusError(
      "ERR_API_STATUS",
      {
        code: 500,
        reason: "InternalError",
        message: `Internal error occurred: the API server refuses the gateway (${code}): ${message}`,
        details: {},
      },
      { cause: error },
    );
  }
}
