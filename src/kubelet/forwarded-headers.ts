/** What a kubelet is told of a request's own headers; no credential, no name, nothing about the connection. */
const toKubelet = new Set(["accept", "accept-encoding", "user-agent"]);

/** What whoever asked is told of a kubelet's; no cookie, no redirect, nothing that would speak for the gateway's origin. */
const fromKubelet = new Set([
  "content-type",
  "content-encoding",
  "content-length",
  "content-disposition",
  "last-modified",
  "date",
]);

/**
 * Of a request's raw headers, names and values in turn, those that a kubelet is shown: `Accept`, `Accept-Encoding` and
 * `User-Agent`. Never `Authorization`, `Cookie`, `Impersonate-*`, `X-Remote-*`, `X-Forwarded-*`, `Range`, a condition, or
 * anything that says where a body ends.
 */
export function headersToKubelet(rawHeaders: readonly string[]): string[] {
  return allowed(rawHeaders, toKubelet);
}

/**
 * Of a kubelet's raw headers those that its answer is given out with. Never `Location`, `Set-Cookie`, `WWW-Authenticate`,
 * `Warning` or a hop's own. `Content-Length` goes along only where one was said and nothing contradicts it.
 */
export function headersFromKubelet(rawHeaders: readonly string[]): string[] {
  return allowed(rawHeaders, fromKubelet);
}

function allowed(rawHeaders: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (names.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1]!);
  }
  return kept;
}
