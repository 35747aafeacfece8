import { CountersignError, type ErrorCode, errorCodes } from "../errors.ts";
import { Secret } from "../secret.ts";

/**
 * What the credential plugin and the agent say to one another: a connection carries one question and one answer, each one
 * line of JSON that says its version. The question holds nothing confidential; the answer does.
 */

const version = 1;

/** An environment string of Linux is at most 128 KiB, and the endpoint comes from one. */
export const maxQuestionBytes = 256 * 1024;
/** A token of 2 KiB, a certificate chain and a key. */
export const maxAnswerBytes = 128 * 1024;

/** The webhook endpoint a token is wanted for. */
export interface AgentQuestion {
  /** `https://host[:port]`. */
  readonly server: string;
  /** base64 of PEM. */
  readonly certificateAuthority?: string | undefined;
}

/** A client certificate and its key, both PEM. */
export interface PresentedKeyPair {
  readonly certificate: string;
  readonly key: Secret;
}

/** A token, or why there is none; and what is presented in either case. */
export interface AgentAnswer {
  readonly token?: AgentToken | undefined;
  /** Where there is no token. */
  readonly failure?: CountersignError | undefined;
  readonly clientCertificate?: PresentedKeyPair | undefined;
}

export interface AgentToken {
  readonly token: Secret;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** Epoch ms at which the plugin is to come back. */
  readonly askAgainAt: number;
}

export function encodeQuestion({ server, certificateAuthority }: AgentQuestion): string {
  return `${JSON.stringify({ version, server, certificateAuthority })}\n`;
}

/** @throws ERR_AGENT for anything but a question of this version. */
export function decodeQuestion(line: string): AgentQuestion {
  const said = decodeLine(line);
  const { server, certificateAuthority } = said;
  if (typeof server !== "string" || !isOptionalText(certificateAuthority))
    throw misunderstood("names no server");
  return { server, certificateAuthority };
}

export function encodeAnswer({ token, failure, clientCertificate }: AgentAnswer): string {
  const said = {
    version,
    ...(token === undefined ? {} : { token: { ...token, token: token.token.reveal() } }),
    ...(failure === undefined ? {} : { failure: { code: failure.code, message: failure.message } }),
    ...(clientCertificate === undefined
      ? {}
      : { clientCertificate: { ...clientCertificate, key: clientCertificate.key.reveal() } }),
  };
  return `${JSON.stringify(said)}\n`;
}

/** @throws ERR_AGENT for anything but an answer of this version. Nothing of the text is repeated. */
export function decodeAnswer(line: string): AgentAnswer {
  const { token, failure, clientCertificate } = decodeLine(line);
  if ((token === undefined) === (failure === undefined)) throw misunderstood("is neither token nor failure");
  return {
    token: token === undefined ? undefined : decodeToken(token),
    failure: failure === undefined ? undefined : decodeFailure(failure),
    clientCertificate: clientCertificate === undefined ? undefined : decodeKeyPair(clientCertificate),
  };
}

function decodeToken(said: unknown): AgentToken {
  const { token, expiresAt, askAgainAt } = asObject(said);
  // what stands in a header field: no space, no control character
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) throw misunderstood("holds no token");
  if (!Number.isSafeInteger(expiresAt) || !Number.isSafeInteger(askAgainAt))
    throw misunderstood("does not say when the token ends");
  return {
    token: new Secret(token),
    expiresAt: expiresAt as number,
    askAgainAt: Math.min(askAgainAt as number, expiresAt as number),
  };
}

function decodeFailure(said: unknown): CountersignError {
  const { code, message } = asObject(said);
  if (typeof code !== "string" || typeof message !== "string") throw misunderstood("gives no reason");
  // an agent of another version may know codes that we do not
  const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : "ERR_AGENT";
  return new CountersignError(known, message);
}

function decodeKeyPair(said: unknown): PresentedKeyPair {
  const { certificate, key } = asObject(said);
  if (typeof certificate !== "string" || typeof key !== "string")
    throw misunderstood("holds half a key pair");
  return { certificate, key: new Secret(key) };
}

function decodeLine(line: string): Readonly<Record<string, unknown>> {
  const said = asObject(parse(line));
  if (said.version !== version) throw misunderstood(`is not of version ${version}`);
  return said;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // without cause: the parser's message quotes the text, and the text may hold a token
    throw misunderstood("is not JSON");
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw misunderstood("is not what was agreed");
  return value as Readonly<Record<string, unknown>>;
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function misunderstood(problem: string): CountersignError {
  return new CountersignError(
    "ERR_AGENT",
    `what came over the agent's socket ${problem}: are plugin and agent of one version?`,
  );
}
