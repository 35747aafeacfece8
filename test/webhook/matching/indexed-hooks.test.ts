import { expect } from "chai";
import fc from "fast-check";
import { rulesMatch } from "../../../src/admission/rules.ts";
import type {
  Operation,
  RuleWithOperations,
  WebhookConfiguration,
  WebhookConfigurationKind,
} from "../../../src/apis/admissionregistration.ts";
import { createHookIndexes } from "../../../src/webhook/matching/indexed-hooks.ts";

const rule = (members: Partial<RuleWithOperations> = {}): RuleWithOperations => ({
  apiGroups: ["*"],
  apiVersions: ["*"],
  operations: ["*"],
  resources: ["*"],
  ...members,
});

function configuration(
  name: string,
  rules: readonly (readonly RuleWithOperations[])[],
  kind: WebhookConfigurationKind = "ValidatingWebhookConfiguration",
): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name, uid: `uid-of-${name}` },
    webhooks: rules.map((one, index) => ({
      name: `${name}-${index}`,
      clientConfig: {},
      rules: one,
      admissionReviewVersions: ["v1"],
    })),
  };
}

const deployments = { group: "apps", resource: "deployments" };
const create = (): ReturnType<typeof createHookIndexes> =>
  createHookIndexes("ValidatingWebhookConfiguration");
const namesOf = (found: readonly { readonly hook: { readonly webhook: { readonly name: string } } }[]) =>
  found.map(({ hook }) => hook.webhook.name);

describe("indexed hooks", () => {
  it("come in the order they are called: manifests first, configurations by name, webhooks as listed", () => {
    const index = create()({
      fixed: [configuration("z", [[rule()]])],
      configurations: [
        configuration("b", [[rule()]]),
        configuration("a", [[rule()], [rule()]]),
        configuration("B", [[rule()]]),
      ],
    });
    const found = index.candidates("CREATE", [deployments]);
    expect(namesOf(found)).to.deep.equal(["z-0", "B-0", "a-0", "a-1", "b-0"]);
    expect(found.map(({ index: place }) => place)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(found.map(({ fixed }) => fixed)).to.deep.equal([true, false, false, false, false]);
  });

  it("keep their place among all, whether the others are candidates or not", () => {
    const index = create()({
      fixed: [],
      configurations: [configuration("a", [[rule({ apiGroups: ["batch"] })], [rule()]])],
    });
    expect(index.candidates("CREATE", [deployments]).map((one) => one.index)).to.deep.equal([1]);
  });

  it("are those of one kind", () => {
    const mutating = configuration("m", [[rule()]], "MutatingWebhookConfiguration");
    const lists = { fixed: [], configurations: [mutating, configuration("v", [[rule()]])] };
    expect(namesOf(create()(lists).candidates("CREATE", [deployments]))).to.deep.equal(["v-0"]);
  });

  it("are found by any of several resources, once", () => {
    const rules = [rule({ apiGroups: ["extensions", "apps"], resources: ["deployments"] })];
    const index = create()({ fixed: [], configurations: [configuration("a", [rules])] });
    const extensions = { group: "extensions", resource: "deployments" };
    expect(namesOf(index.candidates("UPDATE", [deployments, extensions]))).to.deep.equal(["a-0"]);
  });

  it("have none without rules", () => {
    const { webhooks, ...rest } = configuration("a", []);
    expect(create()({ fixed: [], configurations: [rest] }).candidates("CREATE", [deployments])).to.deep.equal(
      [],
    );
    const bare = { ...rest, webhooks: [{ name: "a", clientConfig: {}, admissionReviewVersions: ["v1"] }] };
    expect(create()({ fixed: [], configurations: [bare] }).candidates("CREATE", [deployments])).to.deep.equal(
      [],
    );
  });

  it("are the same index while the configurations are the same, whatever array holds them", () => {
    const indexOf = create();
    const one = configuration("a", [[rule()]]);
    const index = indexOf({ fixed: [], configurations: [one] });
    expect(indexOf({ fixed: [], configurations: [one] })).to.equal(index);
    expect(indexOf({ fixed: [], configurations: [{ ...one }] })).to.not.equal(index);
  });

  it("see a configuration that was added to the same array, or put in another's place", () => {
    const indexOf = create();
    const list = [configuration("a", [[rule()]])];
    const found = () =>
      namesOf(indexOf({ fixed: [], configurations: list }).candidates("CREATE", [deployments]));
    expect(found()).to.deep.equal(["a-0"]);
    list.push(configuration("b", [[rule()]]));
    expect(found()).to.deep.equal(["a-0", "b-0"]);
    list[0] = configuration("c", [[rule()]]);
    expect(found()).to.deep.equal(["b-0", "c-0"]);
  });

  it("stay the same objects while their configuration does", () => {
    const indexOf = create();
    const one = configuration("a", [[rule()]]);
    const hookOf = (configurations: readonly WebhookConfiguration[]) =>
      indexOf({ fixed: [], configurations }).candidates("CREATE", [deployments]).at(-1)!.hook;
    expect(hookOf([one])).to.equal(hookOf([configuration("Z", [[rule()]]), one]));
  });

  const groups = ["", "apps", "batch", "*"];
  const resources = ["pods", "pods/status", "*", "*/*", "*/status", "deployments", "deployments/*"];
  const arbitraryRule = fc.record({
    apiGroups: fc.uniqueArray(fc.constantFrom(...groups), { minLength: 1, maxLength: 3 }),
    apiVersions: fc.uniqueArray(fc.constantFrom("v1", "v1beta1", "*"), { minLength: 1 }),
    operations: fc.uniqueArray(
      fc.constantFrom<Operation | "*">("CREATE", "UPDATE", "DELETE", "CONNECT", "*"),
      {
        minLength: 1,
      },
    ),
    resources: fc.uniqueArray(fc.constantFrom(...resources), { minLength: 1, maxLength: 4 }),
    scope: fc.constantFrom("Cluster", "Namespaced", "*", undefined),
  });
  const arbitraryConfigurations = fc
    .array(fc.array(fc.array(arbitraryRule, { maxLength: 3 }), { maxLength: 4 }), { maxLength: 6 })
    .map((all) => all.map((rules, index) => configuration(`c${index}`, rules as RuleWithOperations[][])));
  const arbitraryRequest = fc.record({
    operation: fc.constantFrom<Operation>("CREATE", "UPDATE", "DELETE", "CONNECT"),
    resource: fc.record({
      group: fc.constantFrom("", "apps", "extensions"),
      version: fc.constantFrom("v1", "v2"),
      resource: fc.constantFrom("pods", "deployments", "nodes"),
    }),
    subResource: fc.constantFrom("", "status", "scale"),
    namespace: fc.constantFrom("", "shop"),
  });

  it("with their rules matched are what matching all of them gives, in the same order", () => {
    fc.assert(
      fc.property(arbitraryConfigurations, arbitraryRequest, (configurations, request) => {
        const index = create()({ fixed: [], configurations });
        const fits = ({ rules = [] }: { readonly rules?: readonly RuleWithOperations[] }): boolean =>
          rulesMatch(rules, request);
        const found = index.candidates(request.operation, [request.resource]);
        const all = configurations.flatMap(({ webhooks = [] }) => webhooks);
        expect(namesOf(found.filter(({ hook }) => fits(hook.webhook)))).to.deep.equal(
          all.filter(fits).map(({ name }) => name),
        );
        expect(found.every(({ hook, index: place }) => all[place] === hook.webhook)).to.equal(true);
      }),
    );
  });
});
