import { Environment } from "@marcbachmann/cel-js";
import { authorizerTypeName, createAuthorizerLibrary } from "./authorizer-library.ts";
import { type CelLibrary, functionKey, type LiteralChecks, registerFunction } from "./cel-function.ts";
import type { CelRuntime } from "./cel-runtime.ts";
import { registerComprehensionMacros } from "./comprehension-macros.ts";
import { conversionLibrary } from "./conversion-library.ts";
import { formatLibrary } from "./format-library.ts";
import { ipLibrary } from "./ip-library.ts";
import { createListLibrary } from "./list-library.ts";
import { optionalLibrary, registerOptionals } from "./optional-library.ts";
import { quantityLibrary } from "./quantity-library.ts";
import { createRegexLibrary } from "./regex-library.ts";
import { requestTypeName, requestTypes } from "./request-variables.ts";
import { semverLibrary } from "./semver-library.ts";
import { createStringLibrary } from "./string-library.ts";
import { timeLibrary } from "./time-library.ts";
import { urlLibrary } from "./url-library.ts";

/** The language of match conditions: the engine's environment, and what of it is ours. */
export interface CelEnvironment {
  readonly engine: Environment;
  /** Every function there is, by {@link functionKey}. */
  readonly functions: ReadonlySet<string>;
  readonly literalChecks: LiteralChecks;
}

/** Kubernetes' CEL environment of 1.37 for webhooks (k8s.io/apiserver pkg/cel/environment, pkg/admission/plugin/cel). */
export function createCelEnvironment(runtime: CelRuntime): CelEnvironment {
  const engine = new Environment({
    enableOptionalTypes: true,
    // checked after the engine: it takes a literal of a string and a dyn for mixed
    homogeneousAggregateLiterals: false,
  });
  const libraries: readonly CelLibrary[] = [
    { types: requestTypes, functions: [] },
    conversionLibrary,
    timeLibrary,
    createStringLibrary(runtime),
    createRegexLibrary(runtime),
    createListLibrary(runtime),
    optionalLibrary,
    urlLibrary,
    quantityLibrary,
    ipLibrary,
    semverLibrary,
    formatLibrary,
    createAuthorizerLibrary(runtime),
  ];
  for (const library of libraries) registerLibrary(engine, library, runtime);
  for (const op of ["<", "<=", ">", ">="]) engine.registerOperator(`bytes ${op} bytes: bool`, () => false);
  registerComprehensionMacros(engine, runtime);
  registerOptionals(engine);
  engine
    .registerVariable("object", "dyn")
    .registerVariable("oldObject", "dyn")
    .registerVariable("namespaceObject", "dyn")
    .registerVariable("request", requestTypeName)
    .registerVariable("authorizer", authorizerTypeName);
  return {
    engine,
    functions: new Set(
      libraries.flatMap(({ functions }) => functions.map(({ signature }) => functionKey(signature))),
    ),
    literalChecks: Object.assign({}, ...libraries.map(({ literalChecks }) => literalChecks)),
  };
}

function registerLibrary(engine: Environment, library: CelLibrary, runtime: CelRuntime): void {
  for (const { name, valueClass, fields = {} } of library.types ?? [])
    engine
      .registerType(name, { ctor: valueClass, fields })
      // compared as all values are: this only says that they can be
      .registerOperator(`${name} == ${name}`, () => false);
  for (const [name, { name: type, valueClass }] of Object.entries(library.namespaces ?? {}))
    engine
      .registerType(type, { ctor: valueClass, fields: {} })
      .registerConstant(name, type, Reflect.construct(valueClass as new () => object, []));
  for (const one of library.functions) registerFunction(engine, one, runtime);
}
