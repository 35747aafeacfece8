import { expect } from "chai";
import { takenRegistries } from "../policies/built-in/taken-registries.ts";
import { faults, file, parse } from "./configuration-text.ts";

const withPolicy = (policy: string): string =>
  file().replace("policy: {file: policy.ts}", `policy: ${policy}`);
const withRegistries = (registries: string): string =>
  withPolicy(`{builtIn: trusted-registries, parameters: {registries: ${registries}}}`);
/** The faults without file, line and column, which stand before them. */
const said = (text: string): string[] => faults(text).map((fault) => fault.replace(/^[^ ]+ /, ""));

describe("policy.builtIn", () => {
  it("names one of those there are, with what it has to be told", () => {
    const [route] = parse(withRegistries("[registry.example/team/]")).webhooks;
    expect(route?.policy).to.deep.equal({
      builtIn: "trusted-registries",
      parameters: { registries: ["registry.example/team/"] },
    });
  });

  const cases: readonly (readonly [string, string, string])[] = [
    [
      "another name",
      "{builtIn: trusted}",
      'webhooks[0].policy.builtIn: must be trusted-registries, not "trusted"',
    ],
    [
      "a file beside it",
      "{builtIn: trusted-registries, file: a.ts}",
      "webhooks[0].policy: must name exactly one of file and builtIn",
    ],
    ["neither", "{}", "webhooks[0].policy: must name exactly one of file and builtIn"],
    [
      "parameters for a file",
      "{file: a.ts, parameters: {a: b}}",
      "webhooks[0].policy.parameters: are for built-in policies: a file holds its own",
    ],
    [
      "no parameters",
      "{builtIn: trusted-registries}",
      "webhooks[0].policy.parameters.registries: is required",
    ],
    [
      "parameters that are a list",
      "{builtIn: trusted-registries, parameters: []}",
      "webhooks[0].policy.parameters: must be a map of fields, not a list",
    ],
    [
      "a misspelt parameter",
      "{builtIn: trusted-registries, parameters: {registries: [a.b], registry: c}}",
      "webhooks[0].policy.parameters.registry: unknown field",
    ],
  ];
  for (const [what, policy, fault] of cases)
    it(`refuses ${what}`, () => expect(said(withPolicy(policy))).to.deep.equal([fault]));
});

describe("trusted-registries' parameters", () => {
  for (const registry of takenRegistries)
    it(`take ${registry}`, () => expect(faults(withRegistries(`["${registry}"]`))).to.deep.equal([]));

  const field = "webhooks[0].policy.parameters.registries";
  const shape = /must be a registry's host and/;
  const refused: readonly (readonly [string, RegExp])[] = [
    ["nginx", /must begin with a registry's host: Docker Hub's images are docker\.io/],
    ["team/", /must begin with a registry's host/],
    ["https://registry.example/", /must not begin with a scheme/],
    ["registry.example/*", /must not hold \*/],
    ["*.example", /must not hold \*/],
    ["", shape],
    ["/", shape],
    [".", shape],
    ["registry.example.", shape],
    ["registry.example//team", shape],
    ["registry.example/team//", shape],
    ["registry.example/../team", shape],
    ["registry.example/Team", shape],
    ["registry.example/team/app:v1", shape],
    ["registry.example/app@sha256:ab", shape],
    ["registry.example/team ", shape],
    ["user@registry.example/", shape],
    ["registry.example:port/", shape],
  ];
  for (const [registry, reason] of refused)
    it(`refuse ${registry === "" ? "an empty text" : registry}`, () => {
      const [fault, ...more] = said(withRegistries(JSON.stringify([registry])));
      expect(more).to.deep.equal([]);
      expect(fault).to.match(reason);
      expect(fault!.startsWith(`${field}[0]: `)).to.equal(true);
    });

  const lists: readonly (readonly [string, string])[] = [
    ["[]", `${field}: must not be empty`],
    ["[a.b, a.b]", `${field}[1]: stands in this list already`],
    ["a.b", `${field}: must be a list, not a string`],
    ["[1]", `${field}[0]: must be a string, not a number`],
  ];
  for (const [registries, fault] of lists)
    it(`refuse ${registries} for a list`, () =>
      expect(said(withRegistries(registries))).to.deep.equal([fault]));

  it("are shown with the line that is wrong, all of them at once", () => {
    const text = withPolicy(
      "\n      builtIn: trusted-registries\n      parameters:\n        registries:\n          - a.b\n          - nginx\n          - 4",
    );
    expect(faults(text).map((fault) => /^\S+?:(\d+):\d+: \S+/.exec(fault)?.[0])).to.deep.equal([
      `server.yaml:11:13: ${field}[1]:`,
      `server.yaml:12:13: ${field}[2]:`,
    ]);
  });
});
