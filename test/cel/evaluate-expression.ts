import type { AdmissionAttributes } from "../../src/admission/admission-attributes.ts";
import type { AccessAttributes } from "../../src/authorization/authorizer.ts";
import {
  type CelExpression,
  compileMatchCondition,
  matchConditionVariables,
} from "../../src/cel/cel-expression.ts";
import type { AuthorizationDecision } from "../../src/cel/cel-runtime.ts";

/** A Deployment being created by a node. */
export const attributes: AdmissionAttributes = {
  operation: "CREATE",
  kind: { group: "apps", version: "v1", kind: "Deployment" },
  resource: { group: "apps", version: "v1", resource: "deployments" },
  namespace: "default",
  name: "web",
  userInfo: {
    username: "alice",
    uid: "u1",
    groups: ["system:nodes", "dev"],
    extra: { "example.com/scopes": ["a", "b"] },
  },
  options: { kind: "CreateOptions" },
  object: {
    metadata: { name: "web", labels: { app: "web", constructor: "odd" } },
    spec: {
      replicas: 5,
      cpu: 1.5,
      paused: false,
      template: { spec: { containers: [{ image: "registry.k8s.io/a" }, { image: "docker.io/b" }] } },
    },
    status: null,
  },
};

export interface EvaluationOptions {
  readonly attributes?: AdmissionAttributes;
  readonly limit?: number;
  readonly decide?: (attributes: AccessAttributes) => AuthorizationDecision;
}

/** What an expression is for a request: true, false or why it is neither. */
export function evaluateExpression(expression: string, options: EvaluationOptions = {}): boolean | string {
  let compiled: CelExpression;
  try {
    compiled = compileMatchCondition(expression);
  } catch (error) {
    return `compile error: ${(error as Error).message}`;
  }
  const { limit = 1_000_000, decide = () => ({ allowed: true, reason: "", error: "" }) } = options;
  const result = compiled.evaluate(matchConditionVariables(options.attributes ?? attributes, true), {
    limit,
    decide,
  });
  return result.error === undefined ? result.value : `error: ${result.error.message}`;
}
