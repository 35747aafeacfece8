import { type FieldError, forbiddenField, invalidObject, notSupported } from "../status/field-error.ts";
import { badRequest, tooLargeVersion } from "../status/status-error.ts";
import type { ApiCall } from "./api-call.ts";

const optionsKinds: Readonly<Record<string, string>> = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  delete: "DeleteOptions",
  deletecollection: "DeleteOptions",
};

/** k8s.io/apimachinery pkg/apis/meta/v1/validation: `dryRun` has one value. @throws 422 */
export function assertDryRun({ query, info }: ApiCall): void {
  const asked = query.getAll("dryRun");
  const kind = optionsKinds[info.verb];
  if (kind === undefined || asked.every((value) => value === "All")) return;
  throw invalidOptions(kind, [notSupported("dryRun", asked, ["All"])]);
}

const fieldValidations = ["", "Ignore", "Strict", "Warn"];

/** Likewise `fieldValidation`. @throws 422 */
export function assertFieldValidation({ query, info }: ApiCall): void {
  const asked = query.get("fieldValidation");
  const kind = optionsKinds[info.verb];
  if (kind === undefined || asked === null || fieldValidations.includes(asked)) return;
  throw invalidOptions(kind, [notSupported("fieldValidation", asked, fieldValidations)]);
}

/** k8s.io/apimachinery pkg/apis/meta/internalversion/validation: what of a list's or watch's options goes together. @throws 422 */
export function assertListOptions(query: URLSearchParams): void {
  const match = query.get("resourceVersionMatch");
  const field = "resourceVersionMatch";
  const faults: FieldError[] = [];
  if (query.has("sendInitialEvents")) {
    if (match !== "NotOlderThan")
      faults.push(
        forbiddenField(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
      );
    if (match !== null && match !== "NotOlderThan") faults.push(notSupported(field, match, ["NotOlderThan"]));
  } else if (match !== null && !query.get("resourceVersion"))
    faults.push(
      forbiddenField(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
    );
  if (faults.length > 0) throw invalidOptions("ListOptions", faults);
}

/** @throws 400 for a version that is no number, 504 for one that is still to come */
export function assertResourceVersion(query: URLSearchParams, current: number): void {
  const version = query.get("resourceVersion") ?? "";
  if (version === "") return;
  const quoted = JSON.stringify(version);
  if (!/^\d+$/.test(version))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
    );
  if (Number(version) > current) throw tooLargeVersion(version, current);
}

function invalidOptions(kind: string, faults: readonly FieldError[]): Error {
  return invalidObject({ group: "meta.k8s.io", resource: kind }, "", faults);
}
