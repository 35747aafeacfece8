import { EvaluationError } from "@marcbachmann/cel-js";
import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import type { UserInfo } from "../apis/authentication.ts";
import type { ResourceAttributes } from "../apis/authorization.ts";
import { type CelLibrary, type CelType, celFunction } from "./cel-function.ts";
import type { AuthorizationDecision, CelRuntime } from "./cel-runtime.ts";
import { traversal } from "./cel-values.ts";

/** Upstream's price of asking an authorizer: two checks an expression. */
const checkCost = 350_000;

class AuthorizerValue {
  readonly user: UserInfo;
  readonly requestResource: ResourceCheck | undefined;
  constructor(user: UserInfo, requestResource?: ResourceCheck) {
    this.user = user;
    this.requestResource = requestResource;
  }
}

class PathCheck {
  readonly user: UserInfo;
  readonly path: string;
  constructor(user: UserInfo, path: string) {
    this.user = user;
    this.path = path;
  }
}

class GroupCheck {
  readonly user: UserInfo;
  readonly group: string;
  constructor(user: UserInfo, group: string) {
    this.user = user;
    this.group = group;
  }
}

class ResourceCheck {
  readonly user: UserInfo;
  readonly resource: ResourceAttributes;
  constructor(user: UserInfo, resource: ResourceAttributes) {
    this.user = user;
    this.resource = resource;
  }
}

class Decision {
  readonly decision: AuthorizationDecision;
  constructor(decision: AuthorizationDecision) {
    this.decision = decision;
  }
}

const authorizerType: CelType = {
  name: "kubernetes.authorization.Authorizer",
  valueClass: AuthorizerValue,
  fields: { requestResource: "kubernetes.authorization.ResourceCheck" },
};
const types: readonly CelType[] = [
  authorizerType,
  { name: "kubernetes.authorization.PathCheck", valueClass: PathCheck, fields: {} },
  { name: "kubernetes.authorization.GroupCheck", valueClass: GroupCheck, fields: {} },
  { name: "kubernetes.authorization.ResourceCheck", valueClass: ResourceCheck, fields: {} },
  { name: "kubernetes.authorization.Decision", valueClass: Decision, fields: {} },
];

/** The type of the variable `authorizer`. */
export const authorizerTypeName: string = authorizerType.name;

/** The value of `authorizer`: checks for who made the request; its `requestResource` is what the request is about. */
export function authorizerVariable(attributes: AdmissionAttributes): object {
  const { userInfo, resource, subResource = "", namespace = "", name = "" } = attributes;
  return new AuthorizerValue(
    userInfo,
    new ResourceCheck(userInfo, {
      group: resource.group,
      version: "*",
      resource: resource.resource,
      subresource: subResource,
      namespace,
      name,
    }),
  );
}

/** Kubernetes' authz library with its selectors (k8s.io/apiserver pkg/cel/library/authz.go). */
export function createAuthorizerLibrary(runtime: CelRuntime): CelLibrary {
  const type = (name: string): string => `kubernetes.authorization.${name}`;
  const narrowing = (
    name: string,
    narrowed: (value: string) => ResourceAttributes,
  ): CelLibrary["functions"] => [
    celFunction(
      `${type("ResourceCheck")}.${name}(string): ${type("ResourceCheck")}`,
      ({ user, resource }: ResourceCheck, value: string) =>
        new ResourceCheck(user, { ...resource, ...narrowed(value) }),
      (_check: ResourceCheck, value: string) => traversal(value),
    ),
  ];
  return {
    types,
    functions: [
      celFunction(`${type("Authorizer")}.path(string): ${type("PathCheck")}`, pathCheck),
      celFunction(
        `${type("Authorizer")}.group(string): ${type("GroupCheck")}`,
        ({ user }: AuthorizerValue, group: string) => new GroupCheck(user, group),
      ),
      celFunction(
        `${type("Authorizer")}.serviceAccount(string, string): ${type("Authorizer")}`,
        serviceAccount,
      ),
      celFunction(`${type("GroupCheck")}.resource(string): ${type("ResourceCheck")}`, resourceCheck),
      ...narrowing("subresource", (subresource) => ({ subresource })),
      ...narrowing("namespace", (namespace) => ({ namespace })),
      ...narrowing("name", (name) => ({ name })),
      // the API server parses them, and leaves out what does not parse
      ...narrowing("fieldSelector", (rawSelector) => ({ fieldSelector: { rawSelector } })),
      ...narrowing("labelSelector", (rawSelector) => ({ labelSelector: { rawSelector } })),
      celFunction(
        `${type("PathCheck")}.check(string): ${type("Decision")}`,
        ({ user, path }: PathCheck, verb: string) =>
          new Decision(runtime.decide({ user, nonResource: { path, verb } })),
        () => checkCost,
      ),
      celFunction(
        `${type("ResourceCheck")}.check(string): ${type("Decision")}`,
        ({ user, resource }: ResourceCheck, verb: string) =>
          new Decision(runtime.decide({ user, resource: { ...resource, verb } })),
        () => checkCost,
      ),
      celFunction(`${type("Decision")}.allowed(): bool`, ({ decision }: Decision) => decision.allowed),
      celFunction(`${type("Decision")}.reason(): string`, ({ decision }: Decision) => decision.reason),
      celFunction(`${type("Decision")}.errored(): bool`, ({ decision }: Decision) => decision.error !== ""),
      celFunction(`${type("Decision")}.error(): string`, ({ decision }: Decision) => decision.error),
    ],
  };
}

function pathCheck({ user }: AuthorizerValue, path: string): PathCheck {
  if (path.trim() === "") throw new EvaluationError("path must not be empty");
  return new PathCheck(user, path);
}

function resourceCheck({ user, group }: GroupCheck, resource: string): ResourceCheck {
  if (resource.trim() === "") throw new EvaluationError("resource must not be empty");
  return new ResourceCheck(user, { group, version: "*", resource });
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const namespaceName = new RegExp(`^${label}$`);
const subdomain = new RegExp(`^${label}(\\.${label})*$`);

function serviceAccount(_authorizer: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  if (name.length > 253 || !subdomain.test(name)) throw new EvaluationError("Invalid service account name");
  if (namespace.length > 63 || !namespaceName.test(namespace))
    throw new EvaluationError("Invalid service account namespace");
  return new AuthorizerValue({
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  });
}
