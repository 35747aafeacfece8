import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { UserInfo } from "../../src/apis/authentication.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";

export interface FrontProxyOptions {
  /** What stands behind it. */
  readonly target: { readonly url: string; readonly caPem: string };
  /** How it says who its user is. */
  readonly by: "X-Remote-" | "Impersonate-";
  /** What it proves by that it may: the front proxy's certificate, or that of somebody who may impersonate. */
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Who everybody is that comes through it. */
  readonly user: UserInfo;
}

export interface FrontProxy {
  readonly url: string;
  readonly caPem: string;
  close(): Promise<void>;
}

/**
 * A front proxy: it authenticates nobody, and says of every request under its own certificate that it is its user's. What
 * a client sends of a credential or in the proxy's own words stays here; `Impersonate-*` goes through a proxy that does
 * not impersonate itself.
 */
export async function startFrontProxy(options: FrontProxyOptions): Promise<FrontProxy> {
  const { target, certificatePem: cert, keyPem: key } = options;
  const authority = createCertificateAuthority({ commonName: "front-proxy-serving-ca" });
  const pair = authority.issue({ commonName: "front-proxy", ipAddresses: ["127.0.0.1"] });
  const agent = new Agent({ keepAlive: true, ca: target.caPem, cert, key });
  const server = createServer({ cert: pair.certificatePem, key: pair.keyPem }, (request, response) =>
    pass(request, response, options, agent),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: authority.certificatePem,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { target, user, by }: FrontProxyOptions,
  agent: Agent,
): void {
  const { host: _, authorization: __, ...headers } = request.headersDistinct;
  const sent = Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith("x-remote-") && !name.startsWith(by.toLowerCase()),
    ),
  ) as Record<string, string[]>;
  const onward = httpsRequest(
    new URL(request.url ?? "/", target.url),
    { method: request.method, agent, headers: { ...sent, ...userHeaders(by, user) } },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    },
  );
  onward.once("error", () => response.destroy());
  request.pipe(onward);
}

/** Keys of extra as upstream writes them: percent-encoded. */
function userHeaders(
  by: FrontProxyOptions["by"],
  { username, uid, groups = [], extra = {} }: UserInfo,
): Record<string, string[]> {
  const extras = Object.entries(extra).map(([key, values]): [string, string[]] => [
    `${by}Extra-${encodeURIComponent(key)}`,
    [...values],
  ]);
  return {
    [`${by}User`]: [username],
    ...(uid === undefined ? {} : { [`${by}Uid`]: [uid] }),
    [`${by}Group`]: [...groups],
    ...Object.fromEntries(extras),
  };
}
