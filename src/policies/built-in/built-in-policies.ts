import type { Policy } from "../../admission/policy.ts";
import {
  type BuiltInName,
  type BuiltInParameters,
  builtInParameters,
} from "../../configuration/built-in-parameters.ts";
import { createTrustedRegistries } from "./trusted-registries.ts";

/** Each built-in policy by its name. */
const builtInPolicies: {
  readonly [Name in BuiltInName]: (parameters: BuiltInParameters<Name>) => Policy;
} = {
  "trusted-registries": createTrustedRegistries,
};

/** A built-in policy, told what the configuration says under `policy.parameters`, which was judged with it. */
export function createBuiltInPolicy<Name extends BuiltInName>(name: Name, parameters: unknown): Policy {
  const schema = builtInParameters[name];
  return builtInPolicies[name](schema.parse(parameters) as BuiltInParameters<Name>);
}
