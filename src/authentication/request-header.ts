import type { X509Certificate } from "node:crypto";
import type { UserInfo } from "../apis/authentication.ts";
import { headerKey, headerText } from "../apis/raw-headers.ts";
import type { Clock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { RequestAuthenticator } from "./authenticator.ts";
import { certificateSubject } from "./certificate-subject.ts";
import { quoted, quotedList } from "./token-check.ts";
import { createCertificateVerifier } from "./verified-certificate.ts";

/** Which front proxy is believed, and where it writes its user: kube-apiserver's `--requestheader-*` flags. */
export interface RequestHeaderConfiguration {
  /** Signs the proxy's certificate, and should sign nobody else's: whoever has one says who the user is. */
  readonly ca: readonly X509Certificate[];
  /** Common names of proxies. Empty: any that the CA has signed. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** Which front proxy is believed now. */
export interface RequestHeaderOptions {
  /** Asked at every request; undefined while nobody is. */
  readonly configuration: () => RequestHeaderConfiguration | undefined;
  readonly clock?: Clock;
}

/**
 * Authenticates requests that come through a front proxy, such as kube-apiserver's aggregation layer: by its own
 * certificate first, and only then by what it says of its user (kubernetes/apiserver
 * pkg/authentication/request/headerrequest). No opinion on a request without a certificate, and on one of a proxy that
 * names no user. Names and prefixes are compared without case; the first user name and uid that are not empty count; groups
 * are never split at commas.
 * @returns an authenticator that throws ERR_CERTIFICATE_UNTRUSTED for a certificate without a chain to the proxy's CA, and
 * ERR_CERTIFICATE_UNNAMED for a common name that is not allowed, whatever headers there are.
 */
export function createRequestHeaderAuthenticator(options: RequestHeaderOptions): RequestAuthenticator {
  const { configuration, clock } = options;
  const verifier = createCertificateVerifier({
    ca: () => configuration()?.ca ?? none,
    what: "front proxy's certificate",
    whose: "the front proxy's CA",
    clock,
  });
  return {
    authenticateRequest({ clientCertificate, rawHeaders = [] }) {
      const believed = configuration();
      if (believed === undefined || clientCertificate === undefined) return undefined;
      assertAllowed(verifier.verify(clientCertificate).leaf, believed);
      const user = userOf(rawHeaders, believed);
      return user && { method: "requestHeader", user };
    },
  };
}

const none: readonly X509Certificate[] = [];

function assertAllowed(leaf: X509Certificate, { allowedNames }: RequestHeaderConfiguration): void {
  if (allowedNames.length === 0) return;
  const { commonName = "" } = certificateSubject(leaf);
  if (!allowedNames.includes(commonName))
    throw new CountersignError(
      "ERR_CERTIFICATE_UNNAMED",
      `front proxy's certificate: expected one of the names ${quotedList(allowedNames)}, got ${quoted(commonName)}`,
    );
}

type Headers = readonly (readonly [name: string, value: string])[];

function userOf(
  rawHeaders: readonly string[],
  { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes }: RequestHeaderConfiguration,
): UserInfo | undefined {
  const headers = decoded(rawHeaders);
  const username = firstOf(headers, usernameHeaders);
  if (username === undefined) return undefined;
  const uid = firstOf(headers, uidHeaders);
  return {
    username,
    ...(uid !== undefined && { uid }),
    groups: groupHeaders.flatMap((name) => valuesOf(headers, name)).filter((value) => value !== ""),
    extra: extraOf(headers, extraHeaderPrefixes),
  };
}

function decoded(rawHeaders: readonly string[]): Headers {
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push([rawHeaders[index]!.toLowerCase(), headerText(rawHeaders[index + 1]!)]);
  }
  return headers;
}

function valuesOf(headers: Headers, name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([candidate]) => candidate === wanted).map(([, value]) => value);
}

/** Of each header the first value, as Go's `Header.Get` has it. */
function firstOf(headers: Headers, names: readonly string[]): string | undefined {
  return names.map((name) => valuesOf(headers, name)[0]).find((value) => value !== undefined && value !== "");
}

function extraOf(headers: Headers, prefixes: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes.map((one) => one.toLowerCase()))
    for (const [name, value] of headers) {
      if (!name.startsWith(prefix)) continue;
      const key = headerKey(name.slice(prefix.length));
      const values = extra.get(key);
      if (values === undefined) extra.set(key, [value]);
      else values.push(value);
    }
  // unlike assignment this makes a member even of `__proto__`
  return Object.fromEntries(extra);
}
