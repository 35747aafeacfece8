import type { IncomingMessage, RequestListener } from "node:http";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TokenReview, UserInfo } from "../../src/apis/authentication.ts";
import type { Caller } from "../../src/authentication/authenticator.ts";
import type { DelegatingAuthenticator } from "../../src/authentication/delegating.ts";
import { presentedCredentials } from "../../src/authentication/presented-credentials.ts";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import { errorCodeOf } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { createSecureListener } from "../../src/server/listener/secure-listener.ts";
import {
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../src/testing/certificates/certificate-authority.ts";

const serving = createCertificateAuthority({ commonName: "serving-ca" });

/** What became of one request: who it is, or the code it was refused with. */
export interface Verdict {
  readonly user?: UserInfo;
  readonly method?: Caller["method"];
  readonly warnings?: readonly string[];
  /** What would be handed on. */
  readonly rawHeaders?: readonly string[];
  readonly refused?: string;
  /** Of the connection, for the next one. */
  readonly session?: Buffer | undefined;
  readonly resumed?: boolean;
}

export interface Sent {
  /** Leaf first; an intermediate's PEM may be appended. */
  readonly certificate?: IssuedCertificate | undefined;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
  readonly path?: string;
  readonly session?: Buffer | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
}

/** The listener that our servers listen with, answering who it is that calls. */
export interface AuthenticationRig {
  authenticator: DelegatingAuthenticator;
  ask(sent?: Sent): Promise<Verdict>;
  close(): Promise<void>;
}

export async function startAuthenticationRig(
  authenticator: DelegatingAuthenticator,
  clientCAs: readonly string[],
  listen: (handler: RequestListener) => Server = (handler) => ourListener(clientCAs, handler),
): Promise<AuthenticationRig> {
  const rig = { authenticator, ask, close };
  const server = listen((incoming, response) => {
    void judge(rig.authenticator, incoming).then((verdict) => response.end(JSON.stringify(verdict)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  function ask({ certificate, headers = [], path = "/", session, maxVersion }: Sent = {}): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      let next: Buffer | undefined;
      const outgoing = request({
        ...{ host: "127.0.0.1", port, path, agent: false, ca: serving.certificatePem },
        headers: ["Host", "localhost", ...headers],
        ...(certificate && { cert: certificate.certificatePem, key: certificate.keyPem }),
        ...(session && { session }),
        ...(maxVersion && { maxVersion }),
      });
      outgoing.once("error", reject);
      outgoing.once("socket", (socket) => socket.on("session", (one: Buffer) => (next = one)));
      outgoing.once("response", async (response) => {
        const resumed = (response.socket as TLSSocket).isSessionReused();
        let text = "";
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
        resolve({ ...(JSON.parse(text) as Verdict), session: next, resumed });
      });
      outgoing.end();
    });
  }

  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return rig;
}

const { certificatePem, keyPem } = serving.issue({ commonName: "localhost", ipAddresses: ["127.0.0.1"] });

function ourListener(clientCAs: readonly string[], handler: RequestListener): Server {
  return createSecureListener({
    tls: {
      keyPair: { certificate: certificatePem, key: new Secret(keyPem), notBefore: 0, notAfter: 9e15 },
      clientCAs: clientCAs.map((pem) => parseCABundle(pem, "test")),
      asksForCertificates: true,
      minVersion: "TLSv1.2",
    },
    requestTimeoutMs: 30_000,
    handler,
  });
}

/** One that lets sessions be taken up again, as node does where nothing is said of it. */
export function listenerWithTickets(handler: RequestListener): Server {
  return createServer(
    { cert: certificatePem, key: keyPem, requestCert: true, rejectUnauthorized: false },
    handler,
  );
}

async function judge(authenticator: DelegatingAuthenticator, incoming: IncomingMessage): Promise<Verdict> {
  try {
    const {
      user,
      method,
      warnings = [],
    } = await authenticator.authenticateRequest(presentedCredentials(incoming));
    return { user, method, warnings, rawHeaders: authenticator.withoutCredentials(incoming.rawHeaders) };
  } catch (error) {
    return { refused: errorCodeOf(error) };
  }
}

/** A TokenReview client that knows one token, `good`, and counts what it is asked. */
export function reviewsOfOneToken() {
  const asked: string[] = [];
  return {
    asked,
    async createTokenReview(review: TokenReview): Promise<TokenReview> {
      asked.push(review.spec.token);
      const user = { username: "token-user", groups: ["t"] };
      const status = review.spec.token === "good" ? { authenticated: true, user } : { authenticated: false };
      return { ...review, status };
    },
  };
}
