import { expect } from "chai";
import fc from "fast-check";
import { faults, file } from "./configuration-text.ts";

describe("a wrong configuration", () => {
  const cases: Record<string, { text: string; expected: readonly string[] }> = {
    "of another version": {
      text: file().replace("v1alpha1", "v1"),
      expected: ['1:13: apiVersion: must be countersign.dev/v1alpha1, not "countersign.dev/v1"'],
    },
    "of another kind": {
      text: file().replace("kind: ServerConfiguration", "kind: GuardConfiguration"),
      expected: ['2:7: kind: must be ServerConfiguration, not "GuardConfiguration"'],
    },
    "with a misspelt field": {
      text: file({ top: "lissten: {port: 1}" }),
      expected: ["8:1: lissten: unknown field (did you mean listen?)"],
    },
    "with a field far from any other": {
      text: file({ route: "zzzzzz: 1\n    authentication: {mode: off}" }),
      expected: ["7:5: webhooks[0].zzzzzz: unknown field"],
    },
    "with a field whose case is wrong": {
      text: file().replace("certFile", "certfile"),
      expected: [
        "3:6: tls.certFile: is required beside keyFile",
        "3:7: tls.certfile: unknown field (did you mean certFile?)",
      ],
    },
    "with a field that stands twice": {
      text: file({ top: "drain: {delay: 1s}\ndrain: {delay: 2s}" }),
      expected: ["9:1: the field stands here twice: keep one"],
    },
    "with a number where a string belongs": {
      text: file().replace("tls.crt", "3"),
      expected: ["3:17: tls.certFile: must be a string, not a number"],
    },
    "with a list where fields belong": {
      text: file({ top: "listen: []" }),
      expected: ["8:9: listen: must be a map of fields, not a list"],
    },
    "with nothing where a value belongs": {
      text: file({ top: "limits: {maxBodyBytes: }" }),
      expected: ["8:24: limits.maxBodyBytes: must be a number, not empty"],
    },
    "with a port there is not": {
      text: file({ top: "listen: {port: 70000}" }),
      expected: ["8:16: listen.port: must be at most 65535"],
    },
    "with a duration without its unit": {
      text: file({ top: "drain: {delay: '10'}" }),
      expected: ['8:16: drain.delay: "10" is not a duration: write it as 10s, 2m or 1m30s'],
    },
    "with a mode of its own": {
      text: file({ route: "authentication: {mode: enforced}" }),
      expected: [
        '7:28: webhooks[0].authentication.mode: must be one of off, observe, enforce, not "enforced" (did you mean enforce?)',
      ],
    },
    "that enforces without a method": {
      text: file({ route: "authentication: {}" }),
      expected: [
        "7:21: webhooks[0].authentication: enforce needs at least one of webhookTokens, serviceAccounts, clientCertificates; mode: off lets anyone call",
      ],
    },
    "that says nothing of authentication": {
      text: file({ route: "type: validating" }),
      expected: ["5:5: webhooks[0].authentication: is required"],
    },
    "that turns off what it configures": {
      text: file({ route: "authentication: {mode: off, clientCertificates: {caFile: a, names: [b]}}" }),
      expected: [
        "7:28: webhooks[0].authentication.mode: off authenticates nobody: remove clientCertificates, or use observe or enforce",
      ],
    },
    "with webhook tokens of no kind": {
      text: file({
        route: "audiences: [a]\n    authentication: {webhookTokens: {kinds: []}}",
        top: "issuers: [{name: cluster}]",
      }),
      expected: ["8:45: webhooks[0].authentication.webhookTokens.kinds: must not be empty"],
    },
    "with an empty list of names, which would read as everybody": {
      text: file({
        route: "audiences: [a]\n    authentication: {serviceAccounts: []}",
        top: "issuers: [{name: cluster}]",
      }),
      expected: ["8:39: webhooks[0].authentication.serviceAccounts: must not be empty"],
    },
    "with a ServiceAccount in one word": {
      text: file({
        route: "audiences: [a]\n    authentication: {serviceAccounts: [{namespace: a, name: a/b}]}",
        top: "issuers: [{name: cluster}]",
      }),
      expected: [
        "8:61: webhooks[0].authentication.serviceAccounts[0].name: must be a lower-case name of letters, digits, - and .",
      ],
    },
    "with no audience for tokens": {
      text: file({
        route: "authentication: {serviceAccounts: [{namespace: a, name: b}]}",
        top: "issuers: [{name: cluster}]",
      }),
      expected: [
        "5:5: webhooks[0]: audiences is required: authentication.serviceAccounts accepts only tokens minted for one of them",
      ],
    },
    "with an empty list of audiences": {
      text: file({ route: "audiences: []\n    authentication: {mode: off}" }),
      expected: ["7:16: webhooks[0].audiences: must not be empty"],
    },
    "with audiences that are no words": {
      text: file({ route: 'audiences: ["", "a b", 1]\n    authentication: {mode: off}' }),
      expected: [
        "7:17: webhooks[0].audiences[0]: must be a string without white space",
        "7:21: webhooks[0].audiences[1]: must be a string without white space",
        "7:28: webhooks[0].audiences[2]: must be a string, not a number",
      ],
    },
    "with an audience twice": {
      text: file({ route: "audiences: [a, b, a]\n    authentication: {mode: off}" }),
      expected: ["7:23: webhooks[0].audiences[2]: stands in this list already"],
    },
    "with tokens of no issuer": {
      text: file({
        route: "audiences: [a]\n    authentication: {serviceAccounts: [{namespace: a, name: b}]}",
      }),
      expected: ["8:39: webhooks[0].authentication.serviceAccounts: needs an issuer: name one under issuers"],
    },
    "that asks the API server about no token": {
      text: file({ route: "authentication: {clientCertificates: {caFile: a, names: [b]}, tokenReview: {}}" }),
      expected: [
        "7:80: webhooks[0].authentication.tokenReview: has no token to ask about: say which are accepted, by webhookTokens or serviceAccounts",
      ],
    },
    "with a subresource that is a path": {
      text: file({ route: "subresourceGroups: {a/b: [c]}\n    authentication: {mode: off}" }),
      expected: ["7:25: webhooks[0].subresourceGroups.a/b: must be a name without a slash"],
    },
    "with one path twice": {
      text: file({
        route:
          "authentication: {mode: off}\n  - {path: /validate, policy: {file: a}, authentication: {mode: off}}",
      }),
      expected: ["8:12: webhooks[1].path: is the path of another webhook already"],
    },
    "with a key file of nobody": {
      text: file({ top: "issuers: [{name: a, jwksFile: k}]" }),
      expected: ["8:31: issuers[0].jwksFile: needs url beside it: the `iss` that tokens must carry"],
    },
    "with a CA for the cluster, which has its own": {
      text: file({ top: "issuers: [{name: a, caFile: k}]" }),
      expected: ["8:29: issuers[0].caFile: has no use without url: the cluster's own CA is used"],
    },
    "with two issuers that are the same": {
      text: file({ top: "issuers: [{name: a}, {name: b}, {name: b, url: 'https://b'}]" }),
      expected: [
        "8:22: issuers[1]: is the same issuer as another",
        "8:40: issuers[2].name: is the name of another issuer already",
      ],
    },
    "with both listeners on one port": {
      text: file({ top: "listen: {port: 9}\nadmin: {port: 9}" }),
      expected: ["9:15: admin.port: must differ from listen.port: 9 serves webhooks"],
    },
    "with a mutating route for validating configurations": {
      text: file({
        route:
          "type: mutating\n    audiences: [a]\n    authentication: {webhookTokens: {kinds: [ValidatingWebhookConfiguration]}}",
        top: "issuers: [{name: cluster}]",
      }),
      expected: [
        "9:45: webhooks[0].authentication.webhookTokens.kinds: a route of type mutating may answer with a patch, which a ValidatingWebhookConfiguration's call must not",
      ],
    },
    "with a validating route for mutating configurations alone": {
      text: file({
        route:
          "type: validating\n    audiences: [a]\n    authentication: {webhookTokens: {kinds: [MutatingWebhookConfiguration]}}",
        top: "issuers: [{name: cluster}]",
      }),
      expected: [
        "7:11: webhooks[0].type: must be mutating where only a MutatingWebhookConfiguration may call",
      ],
    },
    "with an alias, which can make a small file endless": {
      text: file({ route: "audiences: &a [a]\n    authentication: *a" }),
      expected: ["8:21: an alias cannot be used here: write the value out"],
    },
    "that is not a map": { text: "- a", expected: ["1:1: must be a map of fields, not a list"] },
    "that is two documents": {
      text: `${file()}---\na: 1`,
      expected: ["8:1: Source contains multiple documents; please use YAML.parseAllDocuments()"],
    },
  };
  for (const [name, { text, expected }] of Object.entries(cases))
    it(`${name} is refused with file, line, column and field`, () => {
      expect(faults(text)).to.deep.equal(expected.map((fault) => `server.yaml:${fault}`));
    });

  for (const url of ["http://a", "a", "https://u:p@a", "https://a?b", "https://a#b", "ftp://a"])
    it(`with ${JSON.stringify(url)} to fetch keys from is refused`, () => {
      expect(faults(file({ top: `issuers: [{name: a, url: "${url}"}]` }))).to.have.length(1);
    });

  for (const [path, sentence] of [
    ["validate", 'must begin with "/"'],
    ["/a?b", "must be a path alone"],
    ["/a#b", "must be a path alone"],
    ["/a%2Fb", "that a URL needs no escape for"],
    ["/a b", "that a URL needs no escape for"],
    ["/é", "that a URL needs no escape for"],
    ["/a/", 'the API server requests "/a"'],
    ["/a//b", 'the API server requests "/a/b"'],
    ["/a/../b", 'the API server requests "/b"'],
    ["/./a", 'the API server requests "/a"'],
  ] as const)
    it(`with the path ${path} is refused: no API server would ask for it`, () => {
      const [fault, ...more] = faults(file().replace("path: /validate", `path: "${path}"`));
      expect(fault).to.contain(sentence);
      expect(more).to.deep.equal([]);
    });

  it("nested without end is refused, with as many faults as one can read", () => {
    expect(faults("[".repeat(100_000))).to.have.length.within(1, 21);
    expect(faults(`a: ${"{b: ".repeat(100_000)}`)).to.have.length.within(1, 21);
  });

  it("shows every fault at once, in the order of the file, cross checks beside unknown fields", () => {
    const text = file({
      route: "authentication: {mdoe: off}",
      top: "admin: {prt: 1}\nissuers: [{name: a, jwksFile: k}]",
    });
    expect(faults(text).map((fault) => fault.split(": ")[1])).to.deep.equal([
      "webhooks[0].authentication",
      "webhooks[0].authentication.mdoe",
      "admin.prt",
      "issuers[0].jwksFile",
    ]);
  });

  it("never repeats what may be a secret pasted into the wrong field", () => {
    const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA";
    const texts = [
      file({ top: `drain: {delay: ${secret}}` }),
      file({ route: `authentication: {mode: ${secret}}` }),
      file({ top: `${secret}: 1` }),
      file({ route: `authentication: {mode: off}\n    audiences: ["${secret} ${secret}"]` }),
      file({ top: `issuers: [{name: a, url: "https://user:${secret}@host"}]` }),
      file().replace("tls.key", `|\n-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`),
    ];
    for (const text of texts) {
      expect(faults(text)).to.not.deep.equal([]);
      expect(faults(text).join("\n")).to.not.contain(secret);
    }
  });

  it("is a fault with a line, whatever the bytes, never a crash and never a configuration", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc
        .array(
          fc.constantFrom(
            "a",
            ":",
            " ",
            "\n",
            "-",
            "{",
            "}",
            "[",
            "]",
            '"',
            "&a",
            "*a",
            "!!x",
            "|",
            "<<",
            "__proto__",
          ),
          { maxLength: 40 },
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        for (const fault of faults(text)) expect(fault).to.match(/^server\.yaml:\d+:\d+: /);
        expect(faults(text)).to.not.deep.equal([]);
      }),
    );
  });

  it("names the field, whichever value of a good file is replaced", () => {
    const good = JSON.parse(JSON.stringify(toPlain())) as Record<string, unknown>;
    const paths = leaves(good);
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.constantFrom<unknown>(null, true, -1, [], { a: 1 }, [null]),
        (path, value) => {
          const broken = structuredClone(good);
          const holder = path
            .slice(0, -1)
            .reduce<Record<string, unknown>>((at, part) => at[part] as Record<string, unknown>, broken);
          holder[path.at(-1)!] = value;
          const found = faults(JSON.stringify(broken));
          expect(found.join("\n")).to.contain(path.at(-1)!.replace(/^\d+$/, "[$&]"));
        },
      ),
    );
  });
});

function toPlain(): unknown {
  return {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "ServerConfiguration",
    listen: { host: "::", port: 8443 },
    tls: { certFile: "a", keyFile: "b" },
    issuers: [{ name: "cluster" }],
    webhooks: [
      {
        path: "/a",
        audiences: ["a"],
        authentication: { mode: "enforce", serviceAccounts: [{ namespace: "a", name: "b" }] },
        policy: { file: "p.ts" },
      },
    ],
    drain: { delay: "1s" },
  };
}

function leaves(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  return Object.entries(value).flatMap(([key, field]) => leaves(field, [...path, key]));
}
