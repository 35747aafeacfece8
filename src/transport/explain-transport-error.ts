import { missingSAN } from "./tls-client-options.ts";

const closed = "the connection was closed before an answer came";

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up",
  ECONNRESET: closed,
  UND_ERR_SOCKET: closed,
  EPROTO: "the peer does not speak TLS as we do",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other names than the one that was called",
  [missingSAN]: "its certificate has no subject alternative name, only a Common Name at best",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
};
const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

/** What an error of a socket or of TLS means. Node's own message can hold a header's value; its code cannot. */
export function explain(error: NodeJS.ErrnoException): string {
  const { code = "no code" } = error;
  if (untrusted.has(code)) return `its certificate is not signed by a CA we trust here (${code})`;
  if (isWeakDigest(error)) return "its certificate, or one that signed it, is signed with SHA-1";
  // undici has no code for every answer it cannot parse
  const unknown = error.name === "HTTPParserError" ? "the answer is not HTTP" : "the exchange failed";
  return `${explanations[code] ?? unknown} (${code})`;
}

/** OpenSSL's X509_V_ERR_CA_MD_TOO_WEAK, which Node has a text for but no code. */
export function isWeakDigest({ code, message }: NodeJS.ErrnoException): boolean {
  return code === "UNSPECIFIED" && message.includes("digest algorithm too weak");
}
