import { expect } from "chai";
import type { ApiAnswer } from "../rig/api-client.ts";
import { createServiceAccount, grant, type IssuedToken, object, paths, requestToken } from "./objects.ts";
import type { Contract } from "./target.ts";
import { answering, type HookedCase, type HookOptions, useWebhook } from "./webhook-fixture.ts";

interface Invalid {
  readonly details: { readonly causes: readonly { readonly field: string; readonly message: string }[] };
}

type FailurePolicy = "Fail" | "Ignore";

/** What finds out whether the webhook is in effect has to reach it. */
const probing = 'object.metadata.name.startsWith("in-effect")';
const conditions = (...expressions: readonly string[]) =>
  expressions.map((expression, index) => ({ name: `c${index}`, expression: `${probing} || ${expression}` }));

/** Fails when it is evaluated: the object has no data. */
const failing = 'object.data.missing == "x"';

/** `matchConditions`: kubernetes/apiserver pkg/admission/plugin/webhook/matchconditions. */
export function describeMatchConditions(contract: Contract): void {
  const { check, admin, unique } = contract;

  describe("a webhook with match conditions", () => {
    const { hook, create, namespace, configMaps } = useWebhook(contract);
    const hooked = (
      failurePolicy: FailurePolicy,
      expressions: readonly string[],
      options: HookOptions = {},
    ): Promise<HookedCase> =>
      hook({ ...options, webhook: { failurePolicy, matchConditions: conditions(...expressions) } });

    for (const kind of ["validating", "mutating"] as const)
      for (const failurePolicy of ["Fail", "Ignore"] as const) {
        const under = `under ${failurePolicy} (${kind})`;

        check(`is called where all of them are true, ${under}`, async () => {
          const one = await hooked(failurePolicy, ["true", 'request.operation == "CREATE"'], { kind });
          expect((await create(one)).status).to.equal(201);
          expect(one.calls()).to.have.length(1);
        });

        check(`is not called where one of them is false, ${under}`, async () => {
          const one = await hooked(failurePolicy, ["true", "false"], { kind });
          expect((await create(one)).status).to.equal(201);
          expect(one.calls()).to.have.length(0);
        });

        check(`is not called where one is false and another fails, ${under}`, async () => {
          const one = await hooked(failurePolicy, [failing, "false"], { kind });
          expect((await create(one)).status).to.equal(201);
          expect(one.calls()).to.have.length(0);
        });
      }

    for (const kind of ["validating", "mutating"] as const) {
      check(`that fail refuses the request without a call under Fail (${kind})`, async () => {
        const one = await hooked("Fail", ["true", failing], { kind });
        const answer = await create(one);
        expect(answer.body, answer.text).to.containSubset({
          kind: "Status",
          code: 403,
          reason: "Forbidden",
          details: { kind: "configmaps" },
        });
        const { message } = answer.body as { message: string };
        expect(message).to.match(
          /^configmaps "reviewed-\d+" is forbidden: expression '.*' resulted in error: no such key: data$/,
        );
        expect(one.calls()).to.have.length(0);
      });

      check(`that fail is left out under Ignore (${kind})`, async () => {
        const one = await hooked("Ignore", ["true", failing], { kind });
        expect((await create(one)).status).to.equal(201);
        expect(one.calls()).to.have.length(0);
      });
    }

    check("of which two fail tells of both", async () => {
      const one = await hooked("Fail", [failing, 'object.data.other == "x"']);
      const { message } = (await create(one)).body as { message: string };
      expect(message).to.match(
        /is forbidden: \[expression '.*' resulted in error: .*, expression '.*' resulted/,
      );
    });

    check("may look at the request", async () => {
      const one = await hooked("Fail", [
        'request.kind.kind == "ConfigMap" && request.resource.resource == "configmaps"',
        `request.namespace == "${namespace()}" && request.name == object.metadata.name`,
        '"system:masters" in request.userInfo.groups',
        "has(request.options) && request.dryRun == false && oldObject == null",
      ]);
      expect((await create(one)).status).to.equal(201);
      expect(one.calls()).to.have.length(1);
    });

    check("may ask what the user may do", async () => {
      const asks = 'authorizer.group("").resource("secrets").namespace("x").check("get").allowed()';
      const one = await hooked("Fail", [asks, 'authorizer.requestResource.check("create").allowed()']);
      expect((await create(one)).status).to.equal(201);
      expect(one.calls()).to.have.length(1);
    });

    check("is left out for a user who may not do what they ask", async () => {
      const account = await createServiceAccount(contract, namespace());
      const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create"] }];
      await grant(contract, account, rules, {
        resource: "configmaps",
        verb: "create",
        namespace: namespace(),
      });
      const { status } = object<IssuedToken>(await requestToken(contract, account, {}));
      const one = await hooked("Fail", ['authorizer.group("").resource("secrets").check("get").allowed()']);
      const client = admin().as(status.token);
      const metadata = { name: unique("reviewed"), labels: one.labels };
      const answer = await client.post(configMaps(), { metadata });
      client.close();
      expect(answer.status, answer.text).to.equal(201);
      expect(one.calls()).to.have.length(0);
    });

    check("sees what mutating webhooks before it have made", async () => {
      const first = await hook({ kind: "mutating" });
      const second = await hooked("Fail", ['has(object.data) && object.data.by == "first"'], {
        kind: "mutating",
        labels: first.labels,
      });
      const patch = Buffer.from('[{"op":"add","path":"/data","value":{"by":"first"}}]').toString("base64");
      first.answer(answering({ allowed: true, patchType: "JSONPatch", patch }));
      object(await create(first));
      expect(second.calls()).to.have.length(1);
    });

    const rejected: readonly (readonly [string, object[], string, RegExp])[] = [
      [
        "that does not parse",
        [{ name: "c", expression: "object.metadata.name ==" }],
        "[0].expression",
        /compilation failed/,
      ],
      [
        "of another type than bool",
        [{ name: "c", expression: "object.metadata.name" }],
        "[0].expression",
        /must evaluate to bool/,
      ],
      ["of a plain string", [{ name: "c", expression: '"true"' }], "[0].expression", /must evaluate to bool/],
      [
        "that names what there is not",
        [{ name: "c", expression: "params.x" }],
        "[0].expression",
        /compilation failed/,
      ],
      [
        "with a field that the request has not",
        [{ name: "c", expression: 'request.uid == ""' }],
        "[0].expression",
        /compilation failed/,
      ],
      [
        "with a pattern that RE2 does not know",
        [{ name: "c", expression: '"a".matches("(?=a)")' }],
        "[0].expression",
        /compilation failed/,
      ],
      ["that is empty", [{ name: "c", expression: " " }], "[0].expression", /Required value/],
      ["without a name", [{ name: "", expression: "true" }], "[0].name", /Required value/],
      [
        "with a name that is none",
        [{ name: "c d", expression: "true" }],
        "[0].name",
        /name part must consist of/,
      ],
      [
        "of a name that another has",
        [
          { name: "c", expression: "true" },
          { name: "c", expression: "true" },
        ],
        "[1].name",
        /Duplicate value: "c"/,
      ],
    ];
    const register = (matchConditions: readonly object[]): Promise<ApiAnswer> =>
      admin().post(paths.validating, {
        metadata: { name: unique("conditions") },
        webhooks: [
          {
            name: "hook.contract.example.com",
            clientConfig: { url: "https://hooks.example.com/review" },
            sideEffects: "None",
            admissionReviewVersions: ["v1"],
            matchConditions,
          },
        ],
      });
    for (const [title, matchConditions, field, message] of rejected)
      check(`is not registered with one ${title}`, async () => {
        const answer = await register(matchConditions);
        expect(answer.body, answer.text).to.containSubset({ code: 422, reason: "Invalid" });
        const { causes } = (answer.body as Invalid).details;
        expect(causes.map((cause) => cause.field)).to.deep.equal([`webhooks[0].matchConditions${field}`]);
        expect(causes[0]!.message).to.match(message);
      });

    check("is not registered with more than 64 of them", async () => {
      const many = Array.from({ length: 65 }, (_, index) => ({ name: `c${index}`, expression: "true" }));
      const answer = await register(many);
      expect(answer.body, answer.text).to.containSubset({
        code: 422,
        details: {
          causes: [
            {
              field: "webhooks[0].matchConditions",
              reason: "FieldValueTooMany",
              message: "Too many: 65: must have at most 64 items",
            },
          ],
        },
      });
    });
  });
}
