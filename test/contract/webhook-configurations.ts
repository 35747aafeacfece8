import { expect } from "chai";
import { type ConfigurationKind, createConfiguration, object, paths, rule } from "./objects.ts";
import type { Contract } from "./target.ts";

const url = "https://hooks.example.com/review";
const minimal = {
  name: "hook.contract.example.com",
  clientConfig: { url },
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

interface Invalid {
  readonly title: string;
  readonly webhook: object;
  readonly field: string;
  readonly message: RegExp;
}

const clientConfig = (title: string, value: unknown, field: string, message: RegExp): Invalid => ({
  title,
  webhook: { clientConfig: value },
  field: `clientConfig${field}`,
  message,
});
const service = (more: object) => ({ service: { name: "hooks", namespace: "backend", ...more } });

const invalid: readonly Invalid[] = [
  clientConfig("neither url nor service", {}, "", /exactly one of url or service is required/),
  clientConfig(
    "both url and service",
    { url, ...service({}) },
    "",
    /exactly one of url or service is required/,
  ),
  clientConfig(
    "a url over http",
    { url: "http://hooks.example.com" },
    ".url",
    /'https' is the only allowed URL scheme; desired format: https:\/\/host\[\/path\]/,
  ),
  clientConfig(
    "a url without a host",
    { url: "https:///path" },
    ".url",
    /host must be specified; desired format: https:\/\/host\[\/path\]/,
  ),
  clientConfig(
    "a url with a user",
    { url: "https://u:p@hooks.example.com" },
    ".url",
    /user information is not permitted in the URL/,
  ),
  clientConfig(
    "a url with a query",
    { url: `${url}?a=b` },
    ".url",
    /query parameters are not permitted in the URL/,
  ),
  clientConfig(
    "a url with a fragment",
    { url: `${url}#a` },
    ".url",
    /fragments are not permitted in the URL/,
  ),
  clientConfig(
    "a service port beyond 65535",
    service({ port: 65536 }),
    ".service.port",
    /port is not valid: must be between 1 and 65535, inclusive/,
  ),
  clientConfig(
    "a service path without a leading slash",
    service({ path: "a" }),
    ".service.path",
    /must start with a '\/'/,
  ),
  clientConfig(
    "a service path with an empty segment",
    service({ path: "/a//b" }),
    ".service.path",
    /segment\[1\] may not be empty/,
  ),
  clientConfig(
    "a service path that is no DNS name",
    service({ path: "/A" }),
    ".service.path",
    /segment\[0\]: a lowercase RFC 1123 subdomain must consist of/,
  ),
  {
    title: "a name of fewer than three labels",
    webhook: { name: "hook.example" },
    field: "name",
    message: /should be a domain with at least three segments separated by dots/,
  },
  {
    title: "side effects that are not declared none",
    webhook: { sideEffects: "Some" },
    field: "sideEffects",
    message: /Unsupported value: "Some": supported values: "None", "NoneOnDryRun"/,
  },
  {
    title: "no side effects declared",
    webhook: { sideEffects: undefined },
    field: "sideEffects",
    message: /Required value: must specify one of None, NoneOnDryRun/,
  },
  {
    title: "no review version",
    webhook: { admissionReviewVersions: [] },
    field: "admissionReviewVersions",
    message: /Required value: must specify one of v1, v1beta1/,
  },
  {
    title: "only unknown review versions",
    webhook: { admissionReviewVersions: ["v2"] },
    field: "admissionReviewVersions",
    message: /must include at least one of v1, v1beta1/,
  },
  {
    title: "a timeout of 31 s",
    webhook: { timeoutSeconds: 31 },
    field: "timeoutSeconds",
    message: /the timeout value must be between 1 and 30 seconds/,
  },
  {
    title: "an unknown failurePolicy",
    webhook: { failurePolicy: "Maybe" },
    field: "failurePolicy",
    message: /Unsupported value: "Maybe": supported values: "Fail", "Ignore"/,
  },
  {
    title: "a rule without operations",
    webhook: { rules: [{ ...rule("apps", "x"), operations: [] }] },
    field: "rules[0].operations",
    message: /Required value/,
  },
  {
    title: "* beside other groups",
    webhook: { rules: [{ ...rule("apps", "x"), apiGroups: ["*", "apps"] }] },
    field: "rules[0].apiGroups",
    message: /if '\*' is present, must not specify other API groups/,
  },
];

/** kubernetes/kubernetes pkg/apis/admissionregistration: v1 defaults, and validation. */
export function describeWebhookConfigurations(contract: Contract): void {
  const { check, admin, unique } = contract;
  const post = (kind: ConfigurationKind, webhooks: readonly unknown[]) =>
    admin().post(paths[kind], { metadata: { name: unique("config") }, webhooks });

  describe("webhook configurations", () => {
    check("validating: get their defaults when created", async () => {
      const { webhooks } = object<{ webhooks: readonly unknown[] }>(
        await post("validating", [
          {
            ...minimal,
            rules: [
              {
                apiGroups: ["contract.example.com"],
                apiVersions: ["v1"],
                operations: ["CREATE"],
                resources: ["deployments"],
              },
            ],
          },
        ]),
      );
      expect(webhooks).to.deep.equal([
        {
          ...minimal,
          rules: [
            {
              apiGroups: ["contract.example.com"],
              apiVersions: ["v1"],
              operations: ["CREATE"],
              resources: ["deployments"],
              scope: "*",
            },
          ],
          failurePolicy: "Fail",
          matchPolicy: "Equivalent",
          namespaceSelector: {},
          objectSelector: {},
          timeoutSeconds: 10,
        },
      ]);
    });

    check("mutating: get reinvocationPolicy Never besides", async () => {
      const { webhooks } = object<{ webhooks: readonly unknown[] }>(await post("mutating", [minimal]));
      expect(webhooks).to.deep.equal([
        {
          ...minimal,
          failurePolicy: "Fail",
          matchPolicy: "Equivalent",
          namespaceSelector: {},
          objectSelector: {},
          reinvocationPolicy: "Never",
          timeoutSeconds: 10,
        },
      ]);
    });

    check("get port 443 for a service, and no path", async () => {
      const configuration = await createConfiguration(contract, "validating", [
        { clientConfig: service({}) },
      ]);
      expect(configuration)
        .to.have.nested.property("webhooks[0].clientConfig")
        .that.deep.equals({ service: { name: "hooks", namespace: "backend", port: 443 } });
    });

    check("keep a url as it was written", async () => {
      for (const written of [
        "https://hooks.example.com",
        "https://HOOKS.example.com:443/a//b/",
        "https://hooks.example.com/%2Fa/",
      ]) {
        const configuration = await createConfiguration(contract, "mutating", [
          { clientConfig: { url: written } },
        ]);
        expect(configuration).to.have.nested.property("webhooks[0].clientConfig.url", written);
      }
    });

    check("count a generation when their webhooks change, none when labels do", async () => {
      const { metadata } = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      const path = `${paths.validating}/${metadata.name}`;
      const patched = async (patch: unknown) =>
        object(await admin().patch(path, "application/merge-patch+json", patch), 200).metadata.generation;
      expect(metadata.generation).to.equal(1);
      expect(await patched({ metadata: { labels: { a: "b" } } })).to.equal(1);
      expect(await patched({ webhooks: [] })).to.equal(2);
    });

    check("lose a field that the API does not know", async () => {
      const configuration = await createConfiguration(contract, "validating", [
        { clientConfig: { url, authenticationSource: { tokenRequest: {} } } },
      ]);
      expect(configuration).to.have.nested.property("webhooks[0].clientConfig").that.deep.equals({ url });
    });

    check("are refused with an unknown field when the client asks for strictness", async () => {
      const webhooks = [{ ...minimal, clientConfig: { url, authenticationSource: { tokenRequest: {} } } }];
      const answer = await admin().post(`${paths.validating}?fieldValidation=Strict`, {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: unique("strict") },
        webhooks,
      });
      expect(answer.body, answer.text).to.containSubset({ code: 400, reason: "BadRequest" });
      expect((answer.body as { message: string }).message).to.contain(
        'unknown field "webhooks[0].clientConfig.authenticationSource"',
      );
    });

    // 1.37 names the other one of the two fields, so only the refusal is held
    for (const missing of ["name", "namespace"])
      check(`refuse a service without a ${missing}`, async () => {
        const answer = await post("validating", [{ ...minimal, clientConfig: service({ [missing]: "" }) }]);
        expect(answer.body, answer.text).to.containSubset({ code: 422, reason: "Invalid" });
        expect((answer.body as { message: string }).message).to.match(
          /webhooks\[0\]\.clientConfig\.service\.(name|namespace): Required value/,
        );
      });

    check("may have a caBundle that holds no certificate", async () => {
      const configuration = await createConfiguration(contract, "validating", [
        { clientConfig: { url, caBundle: "Ym9ndXM=" } },
      ]);
      expect(configuration).to.have.nested.property("webhooks[0].clientConfig.caBundle", "Ym9ndXM=");
    });

    check("refuse two webhooks of one name", async () => {
      const answer = await post("validating", [minimal, minimal]);
      expect(answer.body, answer.text).to.containSubset({
        code: 422,
        details: { causes: [{ reason: "FieldValueDuplicate", field: "webhooks[1].name" }] },
      });
    });

    for (const { title, webhook, field, message } of invalid)
      check(`refuse ${title}`, async () => {
        for (const kind of ["validating", "mutating"] as const) {
          const answer = await post(kind, [{ ...minimal, ...webhook }]);
          expect(answer.body, answer.text).to.containSubset({ kind: "Status", code: 422, reason: "Invalid" });
          const { causes } = (
            answer.body as { details: { causes: readonly { field: string; message: string }[] } }
          ).details;
          expect(
            causes.find((cause) => cause.field === `webhooks[0].${field}`)?.message,
            answer.text,
          ).to.match(message);
        }
      });
  });
}
