import type { AdmissionRequestEnvelope } from "../apis/admission.ts";
import type { Operation } from "../apis/admissionregistration.ts";
import type { GroupVersionKind, GroupVersionResource } from "../apis/meta.ts";
import {
  type EnvelopeCursor,
  fieldFault,
  nextMember,
  openMembers,
  skipMember,
  takeNull,
  takeString,
  unknownMember,
} from "./envelope-cursor.ts";
import { createMemberNames } from "./member-names.ts";
import { type RawSlot, takeSlot } from "./raw-slot.ts";
import { takeUserInfo } from "./review-user.ts";

export interface DecodedRequest {
  readonly envelope: AdmissionRequestEnvelope;
  readonly object: RawSlot | undefined;
  readonly oldObject: RawSlot | undefined;
  readonly options: RawSlot | undefined;
}

type Writable<T> = { -readonly [K in keyof T]?: T[K] };
type Draft = Writable<AdmissionRequestEnvelope>;
type Slots = Writable<Omit<DecodedRequest, "envelope">>;

const requestNames = createMemberNames(
  "uid",
  "kind",
  "resource",
  "subResource",
  "requestKind",
  "requestResource",
  "requestSubResource",
  "name",
  "namespace",
  "operation",
  "userInfo",
  "object",
  "oldObject",
  "dryRun",
  "options",
);

/** The review's `request`. */
export function takeRequest(cursor: EnvelopeCursor): DecodedRequest {
  const draft: Draft = {};
  const slots: Slots = {};
  const members = openMembers(cursor, "request", requestNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members))
    if (name === "object") slots.object = takeSlot(cursor, "request.object");
    else if (name === "oldObject") slots.oldObject = takeSlot(cursor, "request.oldObject");
    else if (name === "options") slots.options = takeSlot(cursor, "request.options");
    else if (name === unknownMember || !takeNull(cursor)) takeMember(cursor, name, draft);
  return {
    envelope: complete(draft),
    object: slots.object,
    oldObject: slots.oldObject,
    options: slots.options,
  };
}

/** Every store has a name of its own in the source: a computed one costs the hot path more than the decoding. */
function takeMember(cursor: EnvelopeCursor, name: string, draft: Draft): void {
  switch (name) {
    case "uid":
      draft.uid = takeString(cursor, "request", name);
      return;
    case "kind":
      draft.kind = takeKind(cursor, "request.kind");
      return;
    case "resource":
      draft.resource = takeResource(cursor, "request.resource");
      return;
    case "requestKind":
      draft.requestKind = takeKind(cursor, "request.requestKind");
      return;
    case "requestResource":
      draft.requestResource = takeResource(cursor, "request.requestResource");
      return;
    case "operation":
      draft.operation = takeOperation(cursor);
      return;
    case "userInfo":
      draft.userInfo = takeUserInfo(cursor, "request.userInfo");
      return;
    case "dryRun":
      draft.dryRun = takeBoolean(cursor, "request.dryRun");
      return;
    default:
      takeOptionalMember(cursor, name, draft);
  }
}

/** The strings that need not be there: an empty one is none. */
function takeOptionalMember(cursor: EnvelopeCursor, name: string, draft: Draft): void {
  const text = name === unknownMember ? skipMember(cursor, 2) : takeString(cursor, "request", name);
  if (text === undefined || text === "") return;
  if (name === "name") draft.name = text;
  else if (name === "namespace") draft.namespace = text;
  else if (name === "subResource") draft.subResource = text;
  else draft.requestSubResource = text;
}

const kindNames = createMemberNames("group", "version", "kind");

function takeKind(cursor: EnvelopeCursor, path: string): GroupVersionKind {
  let group: string | undefined;
  let version: string | undefined;
  let kind: string | undefined;
  const members = openMembers(cursor, path, kindNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members))
    if (name === "group") group = takeString(cursor, path, name);
    else if (name === "version") version = takeString(cursor, path, name);
    else if (name === "kind") kind = takeString(cursor, path, name);
    else skipMember(cursor, 3);
  return {
    group: present(group, path, "group"),
    version: filled(version, path, "version"),
    kind: filled(kind, path, "kind"),
  };
}

const resourceNames = createMemberNames("group", "version", "resource");

function takeResource(cursor: EnvelopeCursor, path: string): GroupVersionResource {
  let group: string | undefined;
  let version: string | undefined;
  let resource: string | undefined;
  const members = openMembers(cursor, path, resourceNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members))
    if (name === "group") group = takeString(cursor, path, name);
    else if (name === "version") version = takeString(cursor, path, name);
    else if (name === "resource") resource = takeString(cursor, path, name);
    else skipMember(cursor, 3);
  return {
    group: present(group, path, "group"),
    version: filled(version, path, "version"),
    resource: filled(resource, path, "resource"),
  };
}

/** The core group is the empty string, so that it is not the same as no group. */
function present(text: string | undefined, path: string, member: string): string {
  if (text === undefined) throw fieldFault(`${path}.${member}`, "is missing");
  return text;
}

function filled(text: string | undefined, path: string, member: string): string {
  if (text === undefined || text === "") throw fieldFault(`${path}.${member}`, "is missing or empty");
  return text;
}

function takeOperation(cursor: EnvelopeCursor): Operation {
  const operation = takeString(cursor, "request", "operation");
  if (operation === "CREATE" || operation === "UPDATE" || operation === "DELETE" || operation === "CONNECT")
    return operation;
  throw fieldFault("request.operation", "is none of CREATE, UPDATE, DELETE and CONNECT");
}

function takeBoolean(cursor: EnvelopeCursor, path: string): boolean {
  const byte = cursor.bytes[cursor.at];
  if (byte !== 0x74 && byte !== 0x66) throw fieldFault(path, "is not a boolean");
  skipMember(cursor, 2);
  return byte === 0x74;
}

const required = ["kind", "resource", "operation", "userInfo"] as const;

function complete(draft: Draft): AdmissionRequestEnvelope {
  if (draft.uid === undefined || draft.uid === "") throw fieldFault("request.uid", "is missing or empty");
  for (const name of required)
    if (draft[name] === undefined) throw fieldFault(`request.${name}`, "is missing");
  return draft as AdmissionRequestEnvelope;
}
