import { request } from "node:https";
import { answerCalls } from "./child-calls.ts";

/** Whoever can reach the webhook's port and speaks TLS: all that it takes to call most webhooks. */
export interface PostedReview {
  readonly port: number;
  readonly caPem: string;
  readonly serverName: string;
  readonly path: string;
  /** Sent as they are, one header line each. */
  readonly authorization: readonly string[];
  readonly body: string;
}

export interface PostedAnswer {
  readonly status: number;
  readonly body: string;
}

function post({ port, caPem, serverName, path, authorization, body }: PostedReview): Promise<PostedAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: "127.0.0.1",
      port,
      ca: caPem,
      servername: serverName,
      method: "POST",
      path: `${path}?timeout=10s`,
      // a flat list: header lines that stand twice are sent twice
      headers: [
        ...["host", `${serverName}:${port}`],
        ...["content-type", "application/json"],
        ...["content-length", String(Buffer.byteLength(body))],
        ...authorization.flatMap((value) => ["authorization", value]),
      ],
    });
    sent.on("error", reject).on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("error", reject);
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.end(body);
  });
}

answerCalls({ post });
