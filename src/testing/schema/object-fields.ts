import { apiFields } from "./api-fields.ts";
import { nodeFields } from "./node-fields.ts";
import { podFields } from "./pod-fields.ts";

/** One field of a message. */
export interface MessageField {
  /** Its number in protobuf. */
  readonly number: number;
  /** Its name in JSON. */
  readonly name: string;
  /** `string`, `bytes`, `bool`, `int32`, `int64`, `any`, or the name of a message. */
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** Whether zero and false stand for an absent member, as for what is no pointer in Go. */
  readonly omitZero: boolean;
  /** Whether the message's members stand in JSON among those of the message around it. */
  readonly inline: boolean;
}

/** The fields of a kind, or of a part of one: how it is read from protobuf, and what its JSON may hold. */
export interface Message {
  readonly name: string;
  readonly byNumber: ReadonlyMap<number, MessageField>;
  /** Those of inlined messages included. */
  readonly byName: ReadonlyMap<string, MessageField>;
}

// A field is `number name type`: `[x]` is a list, `{x}` a map from string, `x?` left out where it is zero, `~` inlined.
const own: Readonly<Record<string, string>> = {
  Time: "1 seconds int64, 2 nanos int64?",
  MicroTime: "1 seconds int64, 2 nanos int64?",
  IntOrString: "1 type int32?, 2 intVal int32?, 3 strVal string",
  Quantity: "1 string string",
  StringList: "1 items [string]",
  // KEP-2510's field has no number upstream, nor do released API servers keep it
  WebhookClientConfig: `${apiFields.WebhookClientConfig}, 0 authenticationSource AuthenticationSource`,
  AuthenticationSource: "0 tokenRequest any",
  // KEP-3325 as it was proposed: the type, and beside it the members of its example
  SelfSubjectAttributesReview: "1 metadata ObjectMeta, 2 status SelfSubjectAttributesReviewStatus",
  SelfSubjectAttributesReviewStatus:
    "1 userInfo UserInfo, 0 name string, 0 uid string, 0 groups [string], 0 extra {StringList}",
};

const tables: Readonly<Record<string, string>> = { ...podFields, ...nodeFields, ...apiFields, ...own };

const rbac = "rbac.authorization.k8s.io/v1";
const kinds: Readonly<Record<string, readonly string[]>> = {
  v1: ["ConfigMap", "Namespace", "Node", "Pod", "Secret", "Service", "ServiceAccount"],
  [rbac]: ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  "admissionregistration.k8s.io/v1": ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
  "apps/v1": ["Deployment"],
  "authentication.k8s.io/v1": ["SelfSubjectReview", "TokenRequest", "TokenReview"],
  "authentication.k8s.io/v1alpha1": ["SelfSubjectAttributesReview", "SelfSubjectReview"],
  "authentication.k8s.io/v1beta1": ["SelfSubjectReview"],
  "authorization.k8s.io/v1": [
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
  ],
  "autoscaling/v1": ["Scale"],
  "policy/v1": ["Eviction"],
};

const parsed = new Map<string, Message>();

/** The message of that name. */
export function messageOf(name: string): Message {
  const found = parsed.get(name) ?? parseMessage(name);
  parsed.set(name, found);
  return found;
}

/** The message of a kind of Kubernetes' own; undefined for any other. */
export function kindMessage(apiVersion: string, kind: string): Message | undefined {
  const known = Object.hasOwn(kinds, apiVersion) ? kinds[apiVersion]! : [];
  return known.includes(kind) ? messageOf(kind) : undefined;
}

function parseMessage(name: string): Message {
  const table = tables[name] ?? "";
  const fields = table === "" ? [] : table.split(", ").map(parseField);
  const named = fields.flatMap((field) =>
    field.inline ? [...messageOf(field.type).byName.values()] : [field],
  );
  return {
    name,
    byNumber: new Map(fields.map((field) => [field.number, field])),
    byName: new Map(named.map((field) => [field.name, field])),
  };
}

function parseField(text: string): MessageField {
  const [number, name = "", notation = ""] = text.split(" ");
  return {
    number: Number(number),
    name,
    type: notation.replace(/[[\]{}?]/g, ""),
    repeated: notation.startsWith("["),
    map: notation.startsWith("{"),
    omitZero: notation.endsWith("?"),
    inline: name === "~",
  };
}
