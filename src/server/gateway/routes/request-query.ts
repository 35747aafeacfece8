/** The query of a request target as it came: one reading for whoever authorizes by it and whoever serves by it. */
export function queryOf(url = ""): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
}
