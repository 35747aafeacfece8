import { CountersignError } from "../errors.ts";

/** RFC 3986's pchar without escapes and without `;`, which some servers take for the end of a segment. */
const plainSegment = /^[A-Za-z0-9._~!$&'()*+,=:@-]*$/;
/** What of a request target is no query's business either: controls, space, non-ASCII, and `#`, behind which a parser may stop. */
const plainTarget = /^[!"$-~]*$/;
const onlyDots = /^\.+$/;

/**
 * Holds a request target, as it came, to one reading: what is authorized is then byte for byte what is forwarded, and no
 * router, proxy or file server behind this one finds another path in it. Refused in the path: everything percent-encoded
 * (a name that needs it cannot be asked for), empty segments, segments of dots only, `\`, `;`, and whatever a URL has to
 * escape; in path and query: control and non-ASCII characters, spaces, `#`. Targets that are no path (`http://host/…`,
 * `host:port`, `*`) are refused, too. A slash at the end is a path's own.
 * @throws ERR_REQUEST_PATH saying what is wrong, without the path.
 */
export function assertPlainPath(url: string): void {
  if (!url.startsWith("/")) throw refusal("it is not a path");
  if (!plainTarget.test(url)) throw refusal("it holds a character that a URL has to escape");
  const end = url.indexOf("?");
  const segments = (end < 0 ? url : url.slice(0, end)).slice(1).split("/");
  for (const [index, segment] of segments.entries()) {
    if (segment === "" && index < segments.length - 1) throw refusal("it has an empty segment");
    if (segment.includes("%")) throw refusal("it is percent-encoded");
    if (!plainSegment.test(segment)) throw refusal("a segment holds a character that is not taken literally");
    if (onlyDots.test(segment)) throw refusal("it has a dot segment");
  }
}

const dotSegment = /^(?:\.|%2e){1,2}$/i;

/**
 * Holds a request target to what every reader takes for the same path: one that begins with one slash and holds neither `\`
 * nor `#` nor, written or escaped, a segment of one dot or two. Koa finds another path in the others, and so does `URL`, than
 * the one that was authorized: `/apis/g\v1\secrets#` is no resource to one, and a resource to the other. No object has such a
 * name, and no client writes such a target. {@link assertPlainPath} is stricter.
 * @throws ERR_REQUEST_PATH saying what is wrong, without the path.
 */
export function assertPathTarget(url: string): void {
  if (!url.startsWith("/") || url.startsWith("//")) throw refusal("it is not a path");
  if (/[\\#]/.test(url)) throw refusal("it holds a character that a URL has to escape");
  const end = url.indexOf("?");
  const segments = (end < 0 ? url : url.slice(0, end)).split("/");
  if (segments.some((segment) => dotSegment.test(segment))) throw refusal("it has a dot segment");
}

function refusal(why: string): CountersignError {
  return new CountersignError("ERR_REQUEST_PATH", `the request's path could be read in two ways: ${why}`);
}
