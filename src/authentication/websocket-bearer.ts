import { isUtf8 } from "node:buffer";
import { headerValues } from "../apis/raw-headers.ts";
import { CountersignError } from "../errors.ts";
import { andThen } from "../maybe-promise.ts";
import { Secret } from "../secret.ts";
import type { RequestAuthenticator, TokenAuthenticator } from "./authenticator.ts";

const tokenProtocol = "base64url.bearer.authorization.k8s.io.";
const header = "sec-websocket-protocol";

/**
 * Authenticates WebSocket requests by a token among their subprotocols, `base64url.bearer.authorization.k8s.io.TOKEN`: a
 * browser can send no header (kubernetes/apiserver pkg/authentication/request/websocket). Base64url without padding. No
 * opinion on other requests, without such a subprotocol, and on an empty token.
 * @returns an authenticator that throws ERR_AUTHORIZATION_DUPLICATE for two of them, ERR_AUTHORIZATION_MALFORMED for one
 * that cannot be decoded and one without another subprotocol beside it, ERR_TOKEN_UNACCEPTED for a token that nobody knows,
 * and what `authenticator` throws.
 */
export function createWebSocketBearerAuthenticator(authenticator: TokenAuthenticator): RequestAuthenticator {
  return {
    authenticateRequest({ rawHeaders = [] }) {
      const token = isWebSocket(rawHeaders) ? presentedToken(protocolsOf(rawHeaders)) : undefined;
      if (token === undefined) return undefined;
      return andThen(authenticator.authenticateToken(token), (caller) => {
        if (caller === undefined)
          throw new CountersignError("ERR_TOKEN_UNACCEPTED", "WebSocket bearer token: nobody knows it");
        return caller;
      });
    },
  };
}

/** The headers without tokens among their WebSocket subprotocols; the same list where there is none. */
export function withoutTokenProtocols(rawHeaders: readonly string[]): readonly string[] {
  const protocols = protocolsOf(rawHeaders);
  const kept = protocols.filter((protocol) => !isTokenProtocol(protocol));
  if (kept.length === protocols.length) return rawHeaders;
  const others = rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)]!.toLowerCase() !== header);
  return kept.length === 0 ? others : [...others, "Sec-WebSocket-Protocol", kept.join(",")];
}

function isWebSocket(rawHeaders: readonly string[]): boolean {
  const [upgrade = ""] = headerValues(rawHeaders, "upgrade");
  if (upgrade.toLowerCase() !== "websocket") return false;
  return headerValues(rawHeaders, "connection").some((value) => value.toLowerCase().includes("upgrade"));
}

function presentedToken(protocols: readonly string[]): Secret | undefined {
  const [encoded, ...more] = protocols.filter(isTokenProtocol);
  if (encoded === undefined) return undefined;
  if (more.length > 0)
    throw new CountersignError(
      "ERR_AUTHORIZATION_DUPLICATE",
      `WebSocket bearer token: ${more.length + 1} subprotocols hold one, exactly one may`,
    );
  const token = decodedToken(encoded.slice(tokenProtocol.length));
  if (token === "") return undefined;
  if (protocols.length === 1) throw malformed("no other subprotocol stands beside it, to be answered with");
  return new Secret(token);
}

function decodedToken(encoded: string): string {
  if (!/^[\w-]*$/.test(encoded) || encoded.length % 4 === 1)
    throw malformed("it is not base64url without padding");
  const bytes = Buffer.from(encoded, "base64url");
  if (!isUtf8(bytes)) throw malformed("it is not UTF-8");
  return bytes.toString("utf8");
}

/** Whether a WebSocket subprotocol is a bearer token. */
export function isTokenProtocol(protocol: string): boolean {
  return protocol.startsWith(tokenProtocol);
}

function protocolsOf(rawHeaders: readonly string[]): readonly string[] {
  return headerValues(rawHeaders, header).flatMap((value) =>
    value.split(",").map((protocol) => protocol.trim()),
  );
}

function malformed(why: string): CountersignError {
  return new CountersignError("ERR_AUTHORIZATION_MALFORMED", `WebSocket bearer token: ${why}`);
}
