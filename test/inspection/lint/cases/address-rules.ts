import { caBundle, named, type RuleCase, service, serviceConfig, url, validating } from "../lint-rig.ts";

const urlField = "webhooks[0].clientConfig.url";
const invalidUrl = (name: string, text: string, ...says: readonly string[]): RuleCase => ({
  code: "client-config-invalid",
  name,
  given: [validating(url(text))],
  severity: "error",
  field: urlField,
  says,
  clean: [validating(url("https://hooks.example.com:8443/v"))],
});
const invalidService = (
  name: string,
  changed: object,
  field: string,
  ...says: readonly string[]
): RuleCase => ({
  code: "client-config-invalid",
  name,
  given: [validating(serviceConfig(changed))],
  severity: "error",
  field: `webhooks[0].clientConfig.service.${field}`,
  says,
  clean: [validating(serviceConfig({ path: "/a/b.c-d/", port: 65_535 }))],
});

export const addressCases: readonly RuleCase[] = [
  {
    code: "client-config-choice",
    name: "both url and service",
    given: [validating({ clientConfig: { url: "https://a.example.com/v", service } })],
    severity: "error",
    field: "webhooks[0].clientConfig",
    says: ["both", "exactly one"],
    clean: [validating()],
  },
  {
    code: "client-config-choice",
    name: "neither",
    given: [validating({ clientConfig: { caBundle } })],
    severity: "error",
    field: "webhooks[0].clientConfig",
    says: ["neither"],
    clean: [validating(url("https://a.example.com/v"))],
  },
  invalidUrl("another scheme", "http://hooks.example.com/v", '"http"', "https://host"),
  invalidUrl("no URL at all", "hooks.example.com", "is not a URL"),
  invalidUrl("no host", "https:///v", "no host"),
  invalidUrl("a port that is none", "https://hooks.example.com:99999/v", "port"),
  invalidUrl("user information", "https://a:b@hooks.example.com/v", "user information"),
  invalidUrl("a query", "https://hooks.example.com/v?a=b", "query"),
  invalidUrl("a fragment", "https://hooks.example.com/v#a", "fragment"),
  invalidService("no name", { name: "" }, "name", "required"),
  invalidService("no namespace", { namespace: "" }, "namespace", "required"),
  invalidService("no such port", { port: 65_536 }, "port", "65535"),
  invalidService("a relative path", { path: "v" }, "path", "begin"),
  invalidService("an empty segment", { path: "/a//b" }, "path", "empty segment"),
  invalidService("an upper-case segment", { path: "/Validate" }, "path", '"Validate"'),
  {
    code: "trailing-slash",
    given: [validating(serviceConfig({ path: "/validate/" }))],
    severity: "warning",
    field: "webhooks[0].clientConfig.service.path",
    says: ['asks for "/validate"', '"https://images.shop.svc:443/validate/"'],
    clean: [validating(serviceConfig({ path: "/" })), validating(url("https://a.example.com:443/"))],
  },
  {
    code: "trailing-slash",
    name: "of a URL",
    given: [validating(url("https://a.example.com/v/"))],
    severity: "warning",
    field: urlField,
    says: ['asks for "/v"'],
    clean: [validating(url("https://a.example.com/v"))],
  },
  ...["//v", "/a/../b", "/a/./b", "/a%2Fb"].map(
    (path): RuleCase => ({
      code: "path-cleaned",
      name: path,
      given: [validating(url(`https://a.example.com${path}`))],
      severity: "warning",
      field: urlField,
      says: ["asks for", `"https://a.example.com${path}"`],
      clean: [
        validating(url("https://a.example.com/a/b..c")),
        validating(url("https://a.example.com/a%20(b)")),
      ],
    }),
  ),
  {
    code: "bare-host",
    given: [validating(url("https://my-webhook.example.com"))],
    severity: "warning",
    field: urlField,
    says: ['"https://my-webhook.example.com/"', "host, port and path"],
    clean: [validating(url("https://my-webhook.example.com/"))],
  },
  {
    code: "upper-case-host",
    given: [validating(url("https://Hooks.example.com/v"))],
    severity: "warning",
    field: urlField,
    says: ["lower case"],
    clean: [validating(url("https://hooks.example.com/V"))],
  },
  {
    code: "ipv6-without-port",
    given: [validating(url("https://[2001:db8::1]/v"))],
    severity: "warning",
    field: urlField,
    says: ["[[2001:db8::1]]:443", "write the port"],
    clean: [validating(url("https://[2001:db8::1]:443/v"))],
  },
  {
    code: "ca-bundle-missing",
    given: [validating({ clientConfig: { service } })],
    severity: "warning",
    field: "webhooks[0].clientConfig.caBundle",
    says: ["*.svc"],
    clean: [
      validating(url("https://a.example.com/v")),
      named(validating({ clientConfig: { service } }), "injected", {
        annotations: { "cert-manager.io/inject-ca-from": "shop/images" },
      }),
      named(validating({ clientConfig: { service } }), "kept", {
        annotations: { "countersign.dev/inject-ca-from-secret": "shop/images-tls" },
      }),
    ],
  },
];
