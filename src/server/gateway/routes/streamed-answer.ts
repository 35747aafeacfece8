import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { OpenStreams } from "./open-streams.ts";

/**
 * Hands a body on as it comes, as fast as the caller reads. A caller that goes away ends it, and that is nobody's failure.
 * @throws what broke the body off; the answer is cut then, so that nobody takes it for whole.
 */
export async function streamAnswer(
  body: Readable,
  response: ServerResponse,
  openStreams: OpenStreams,
): Promise<void> {
  if (response.destroyed) {
    body.destroy();
    return;
  }
  let isCallerGone = false;
  // before anybody ends the body because of it
  response.prependOnceListener("close", () => {
    isCallerGone = !response.writableFinished && body.errored === null;
  });
  const close = openStreams.open();
  try {
    await pipeline(body, response);
  } catch (error) {
    if (!isCallerGone) throw error;
  } finally {
    close();
  }
}
