import { type AnswerStatusError, badRequest } from "../apis/answer-status.ts";
import { headerKey, headerText } from "../apis/raw-headers.ts";

/** As whom a request is to be made, as its `Impersonate-*` headers have it: nothing is added yet. */
export interface ImpersonationRequest {
  readonly username: string;
  /** Empty where none is asked for. */
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

const prefix = "impersonate-";
const extraPrefix = "impersonate-extra-";

/** Whether any header speaks of impersonation, whatever it says. */
export function mentionsImpersonation(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some((name, index) => index % 2 === 0 && isImpersonation(name));
}

/** Whether a header of this name speaks of impersonation. */
export function isImpersonation(name: string): boolean {
  return name.slice(0, prefix.length).toLowerCase() === prefix;
}

/**
 * What a request's `Impersonate-*` headers ask for; undefined where there are none. Keys of extra are lower-cased, then
 * percent-decoded, and kept as they are where they cannot be (kubernetes/apiserver pkg/endpoints/filters/impersonation).
 * @throws AnswerStatusError, 400: in upstream's words where no user is named; and in ours for a second user or uid and for
 * a header that is not known, which upstream passes over.
 */
export function impersonationRequest(rawHeaders: readonly string[]): ImpersonationRequest | undefined {
  if (!mentionsImpersonation(rawHeaders)) return undefined;
  const values = new Map<string, string[]>();
  const extra = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (!isImpersonation(rawHeaders[index]!)) continue;
    const name = rawHeaders[index]!.toLowerCase();
    const value = headerText(rawHeaders[index + 1]!);
    if (name.startsWith(extraPrefix)) append(extra, headerKey(name.slice(extraPrefix.length)), value);
    else append(values, name, value);
  }
  for (const name of values.keys()) if (!known.has(name)) throw invalid(`${name} is not known here`);
  const request = {
    username: sole(values, "impersonate-user"),
    uid: sole(values, "impersonate-uid"),
    groups: values.get("impersonate-group") ?? [],
    extra,
  };
  if (request.username === "") throw invalid(`${written(request)} without impersonating a user name`);
  return request;
}

const known = new Set(["impersonate-user", "impersonate-uid", "impersonate-group"]);

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function sole(values: ReadonlyMap<string, readonly string[]>, name: string): string {
  const [value = "", ...more] = values.get(name) ?? [];
  if (more.length > 0) throw invalid(`${name} more than once`);
  return value;
}

/** As Go prints the user that was asked for. */
function written({ username, uid, groups, extra }: ImpersonationRequest): string {
  const list = (items: readonly string[]): string => `[]string{${items.map(quoted).join(", ")}}`;
  const keys = [...extra.keys()].sort();
  const entries = keys.map((key) => `${quoted(key)}:${list(extra.get(key)!)}`).join(", ");
  const writtenGroups = groups.length === 0 ? "[]string(nil)" : list(groups);
  const writtenExtra = entries === "" ? "map[string][]string(nil)" : `map[string][]string{${entries}}`;
  return `&user.DefaultInfo{Name:${quoted(username)}, UID:${quoted(uid)}, Groups:${writtenGroups}, Extra:${writtenExtra}}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function invalid(what: string): AnswerStatusError {
  const message = `requested ${what}`;
  return badRequest(message);
}
