import { Document, isScalar, parseDocument, visit } from "yaml";
import type { SelfSubjectReview, UserAttributes } from "../apis/authentication.ts";
import { reviewedUser } from "../authentication/self-subject-review.ts";
import type { CredentialKind } from "../transport/cluster-connection.ts";

/** kubectl's columns are at least this far apart. */
const columnGap = 3;

/** Who one is as `kubectl auth whoami` prints it: without `-o`, and with `-o json` and `-o yaml`. */
export function printReview(review: SelfSubjectReview, output: "table" | "json" | "yaml"): string {
  if (output === "table") return tableOf(reviewedUser(review));
  const ordered = inOrder(review);
  if (output === "json") return `${escapeAsGo(JSON.stringify(ordered, undefined, 4))}\n`;
  return yamlOf(ordered);
}

/** Quotes as Go's YAML does: double what would be no text without them (dates, `yes`, `1e3`), else single. */
function yamlOf(value: object): string {
  const document = new Document(value, { version: "1.1", sortMapEntries: true });
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && !isTextUnquoted(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ indentSeq: false, lineWidth: 0, singleQuote: true });
}

function isTextUnquoted(text: string): boolean {
  const { contents } = parseDocument(text, { version: "1.1" });
  return contents !== null && !(isScalar(contents) && typeof contents.value !== "string");
}

function tableOf({ username = "", uid = "", groups = [], extra = {} }: UserAttributes): string {
  const rows: readonly (readonly [string, string])[] = [
    ["ATTRIBUTE", "VALUE"],
    ["Username", username],
    ["UID", uid],
    ["Groups", groups.length === 0 ? "" : `[${groups.join(" ")}]`],
    ...Object.entries(extra)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, values]) => [`Extra: ${key}`, `[${values.join(" ")}]`] as const),
  ];
  const shown = rows
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [printable(name), printable(value)] as const);
  const width = Math.max(...shown.map(([name]) => [...name].length)) + columnGap;
  return shown.map(([name, value]) => `${name}${" ".repeat(width - [...name].length)}${value}\n`).join("");
}

/** A server may say anything: what would move a terminal's cursor is shown instead. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, escaped);
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Members in the order of Kubernetes' types, whatever the server's. */
function inOrder(review: SelfSubjectReview): object {
  const { kind, apiVersion, metadata, status } = review;
  const { userInfo, ...flat } = typeof status === "object" && status !== null ? status : {};
  const user = reviewedUser(review);
  return {
    kind,
    apiVersion,
    metadata: metadata ?? {},
    status: {
      ...((userInfo !== undefined || Object.keys(flat).length === 0) && { userInfo: user }),
      ...flat,
    },
  };
}

/** As Go's encoder writes strings. */
function escapeAsGo(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, escaped);
}

const credentialNames: Readonly<Record<CredentialKind, string>> = {
  clientCertificate: "client certificate",
  token: "token",
  tokenFile: "token of a file",
  exec: "token of an exec plugin",
  basic: "user name and password",
};

/** What was presented, as whom was asked, and who took it: kinds and names, never values. */
export interface WhoamiExplanation {
  readonly authenticatedBy: string | undefined;
  readonly credentials: readonly CredentialKind[];
  /** The user that was asked for by `--as` or the kubeconfig's `as`. */
  readonly impersonated: string | undefined;
  /** Why it was refused, in the server's words: kubectl's hide who may not do what. */
  readonly refusal?: string | undefined;
}

export function printExplanation(explanation: WhoamiExplanation): string {
  const { authenticatedBy, credentials, impersonated, refusal } = explanation;
  const lines = [
    ["Authenticated by", authenticatedBy ?? "not told"],
    ["Presented", credentials.map((kind) => credentialNames[kind]).join(", ") || "nothing"],
    ...(impersonated === undefined ? [] : [["Acting as", impersonated]]),
    ...(refusal ? [["The server says", refusal]] : []),
  ] as const;
  return lines.map(([name, value]) => `${name}: ${printable(value!)}\n`).join("");
}
