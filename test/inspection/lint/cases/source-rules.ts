import { agent, exec, kubeconfig, named, type RuleCase, service, url, validating } from "../lint-rig.ts";

const key = "countersign.dev/authentication-source";
const annotated = (text: string) => named(validating(), "images", { annotations: { [key]: text } });
const correct = annotated('{"images.example.com": {"tokenRequest": {}}}');
const annotation = {
  code: "authentication-source-annotation",
  severity: "error",
  clean: [correct],
  field: `metadata.annotations.${key}`,
} as const;
const manifest = (overrides: object, name = "images.static.k8s.io") => named(validating(overrides), name);
const static1 = url("https://hooks.example.com:443/v");

export const sourceCases: readonly RuleCase[] = [
  {
    code: "authentication-source-field",
    given: [validating({ clientConfig: { service, authenticationSource: { tokenRequest: {} } } })],
    severity: "warning",
    field: "webhooks[0].clientConfig.authenticationSource",
    says: [`${key}: '{"images.example.com":{"tokenRequest":{}}}'`],
    clean: [correct],
  },
  { ...annotation, name: "no JSON", given: [annotated("yes")], says: ["failed"] },
  {
    ...annotation,
    name: "a webhook that there is not",
    given: [annotated('{"image.example.com": {"tokenRequest": {}}}')],
    says: ["did you mean images.example.com?"],
  },
  {
    ...annotation,
    name: "another source",
    given: [annotated('{"images.example.com": {"basic": {}}}')],
    says: ["basic"],
  },
  {
    code: "static-manifest-service",
    given: [manifest({})],
    severity: "error",
    field: "webhooks[0].clientConfig.service",
    says: ["url"],
    clean: [manifest(static1)],
  },
  {
    code: "static-manifest-token",
    given: [manifest(static1), kubeconfig({ "hooks.example.com": exec() })],
    severity: "error",
    field: "webhooks[0].name",
    says: ["--mode audience"],
    clean: [manifest(static1), kubeconfig({ "hooks.example.com": exec(["--mode=audience"]) })],
  },
  {
    code: "static-manifest-token",
    name: "of an agent",
    given: [manifest(static1), agent({ tokenFiles: [{ host: "hooks.example.com:443", file: "/run/t" }] })],
    severity: "error",
    field: "webhooks[0].name",
    says: ["agent"],
    clean: [
      named(validating(static1), "images"),
      agent({ tokenFiles: [{ host: "hooks.example.com:443", file: "/run/t" }] }),
    ],
  },
];
