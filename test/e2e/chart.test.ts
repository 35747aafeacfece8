import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Webhook } from "../../src/apis/admissionregistration.ts";
import { webhookAudience } from "../../src/apis/audience.ts";
import { builtInNames } from "../../src/configuration/built-in-parameters.ts";
import { parseAgentConfiguration } from "../../src/configuration/load-agent-configuration.ts";
import { parseGatewayConfiguration } from "../../src/configuration/load-gateway-configuration.ts";
import { parseServerConfiguration } from "../../src/configuration/load-server-configuration.ts";
import type { ServerConfiguration } from "../../src/configuration/server-configuration.ts";
import { decodeLintInputs } from "../../src/inspection/lint/decode-lint-inputs.ts";
import { lint } from "../../src/inspection/lint/lint.ts";
import { parseLintDocuments } from "../../src/inspection/lint/lint-document.ts";
import { createBuiltInPolicy } from "../../src/policies/built-in/built-in-policies.ts";
import { cases } from "../charts/cases.ts";
import { chartFolder } from "../charts/chart-values.ts";
import {
  helm,
  isOf,
  isTestHook,
  notes,
  one,
  parseManifests,
  type RenderedObject,
  release,
  renderText,
  type Values,
  withValues,
} from "../charts/helm.ts";
import { describeWith } from "./requirements.ts";

const isWebhookConfiguration = ({ kind }: RenderedObject): boolean => kind.endsWith("WebhookConfiguration");

const sourceOf = (file: string) => ({ file, directory: "/etc/countersign" });

function serverConfigurationOf(objects: readonly RenderedObject[]): ServerConfiguration {
  return parseServerConfiguration(one(objects, "ConfigMap").data["server.yaml"], sourceOf("server.yaml"));
}

await describeWith(["helm"], "the chart", () => {
  const texts = new Map<string, string>();
  const objectsOf = (name: string): readonly RenderedObject[] => parseManifests(texts.get(name)!);
  const webhooksOf = (name: string): readonly (Webhook & { readonly kind: string })[] =>
    objectsOf(name)
      .filter(isWebhookConfiguration)
      .flatMap(({ kind, webhooks }) => webhooks.map((webhook: Webhook) => ({ ...webhook, kind })));
  before(async () => {
    for (const [name, values] of Object.entries(cases)) texts.set(name, await renderText(values));
  });

  for (const [name, values] of Object.entries(cases))
    describe(`with the values of ${name}`, () => {
      it("passes helm lint --strict", async () => {
        const { code, stdout } = await withValues(values, ([chart, ...args]) =>
          helm(["lint", "--strict", chart!, ...args, "-n", release.namespace]),
        );
        expect(code, stdout).to.equal(0);
      });

      it("renders what its golden file says (node test/charts/renew.ts)", () => {
        expect(texts.get(name)).to.equal(readFileSync(`test/charts/golden/${name}.yaml`, "utf8"));
      });

      it("renders the same again", async () => {
        expect(await renderText(values)).to.equal(texts.get(name));
      });

      it("renders nothing without a name or in another namespace, but who may read the API server's CAs", () => {
        for (const { kind, metadata, roleRef } of objectsOf(name)) {
          expect(metadata.name, kind).to.match(/^[a-z]/);
          if (roleRef?.name === "extension-apiserver-authentication-reader") continue;
          expect(metadata.namespace ?? release.namespace, `${kind} ${metadata.name}`).to.equal(
            release.namespace,
          );
        }
        expect(texts.get(name)).to.not.match(/\S[ \t]+\n/);
      });

      it("calls no webhook for kube-system and the release's own namespace, and none for long", () => {
        for (const { name: webhook, namespaceSelector, timeoutSeconds } of webhooksOf(name)) {
          const [first] = namespaceSelector!.matchExpressions!;
          expect(first, webhook).to.deep.include({ key: "kubernetes.io/metadata.name", operator: "NotIn" });
          expect(first!.values).to.include.members(["kube-system", "kube-node-lease", release.namespace]);
          expect(timeoutSeconds).to.be.at.most(5);
        }
      });

      it("gives every path a Service port of its own, and its route the audience of that", () => {
        const webhooks = webhooksOf(name);
        if (webhooks.length === 0) return;
        const { webhooks: routes } = serverConfigurationOf(objectsOf(name));
        const ports = webhooks.map(({ clientConfig }) => clientConfig.service!.port!);
        expect(new Set(ports).size).to.equal(ports.length);
        const served = one(objectsOf(name), "Service").spec.ports.map(({ port }: { port: number }) => port);
        expect(served).to.have.members(ports);
        for (const { clientConfig, rules, kind } of webhooks) {
          const route = routes.find(({ path }) => path === clientConfig.service!.path);
          expect(route?.type).to.equal(kind.startsWith("Mutating") ? "mutating" : "validating");
          if (route?.audiences !== undefined)
            expect(route.audiences).to.deep.equal([webhookAudience(clientConfig)]);
          expect(route?.rules?.map((rule) => ({ scope: "*", ...rule }))).to.deep.equal(rules);
        }
      });

      it("renders configurations that our own loaders accept", () => {
        const parsers = {
          "server.yaml": parseServerConfiguration,
          "agent.yaml": parseAgentConfiguration,
          "gateway.yaml": parseGatewayConfiguration,
        };
        const read = objectsOf(name).flatMap(({ kind, data }) =>
          Object.entries(parsers).filter(([file]) => {
            if (kind !== "ConfigMap" || data?.[file] === undefined) return false;
            parsers[file as keyof typeof parsers](data[file], sourceOf(file));
            return true;
          }),
        );
        const workloads = objectsOf(name).filter(({ kind }) => /^(Deployment|DaemonSet)$/.test(kind));
        expect(read).to.have.length(workloads.length);
      });

      it("leaves lint nothing to find in its webhook configurations", () => {
        const rendered = objectsOf(name).filter(isWebhookConfiguration);
        const text = rendered.map((object) => JSON.stringify(object)).join("\n---\n");
        const { inputs, findings } = decodeLintInputs(parseLintDocuments(text, `${name}.yaml`));
        expect([...findings, ...lint(inputs)]).to.deep.equal([]);
      });

      it("gives a pod a token only where it has a use for one", () => {
        const {
          tls,
          issuers = [{ name: "cluster" }],
          authentication: given,
        } = values as {
          tls?: { mode: string };
          issuers?: unknown[];
          authentication?: { webhookTokens?: { enabled?: boolean } };
        };
        for (const object of objectsOf(name)) {
          const { kind, spec } = object;
          const pod = kind === "Pod" ? spec : spec?.template?.spec;
          if (pod === undefined) continue;
          expect(pod.automountServiceAccountToken).to.equal(false);
          const asks =
            kind !== "Deployment" ||
            isOf(object, "gateway") ||
            (tls?.mode ?? "selfSigned") === "selfSigned" ||
            (issuers.length > 0 && given?.webhookTokens?.enabled !== false);
          const isProjected = pod.volumes.some(
            ({ name: volume }: { name: string }) => volume === "api-access",
          );
          expect(isProjected, kind).to.equal(asks);
        }
      });
    });

  it("has a case of every golden file", () => {
    const files = readdirSync("test/charts/golden").map((file) => file.replace(/\.yaml$/, ""));
    expect(files.toSorted()).to.deep.equal(Object.keys(cases).toSorted());
  });

  it("never depends on chance, time or the cluster, so that whoever applies it twice sees no difference", () => {
    for (const file of readdirSync(`${chartFolder}/templates`, { recursive: true, encoding: "utf8" })) {
      if (!/\.(yaml|tpl|txt)$/.test(file)) continue;
      const text = readFileSync(join(chartFolder, "templates", file), "utf8");
      expect(text, file).to.not.match(
        /\b(lookup|genCA|genSelfSignedCert|genSignedCert|genPrivateKey|rand\w+|uuidv4|now|\.Release\.(Revision|IsInstall|IsUpgrade))\b.*\}\}/,
      );
    }
  });

  it("never writes a caBundle that the server keeps", () => {
    for (const { clientConfig } of webhooksOf("policies"))
      expect(clientConfig).to.not.have.property("caBundle");
    for (const { clientConfig } of webhooksOf("cert-manager"))
      expect(clientConfig).to.not.have.property("caBundle");
    const [selfTest] = webhooksOf("existing-secret");
    expect(Buffer.from(selfTest!.clientConfig.caBundle!, "base64").toString()).to.match(
      /^-----BEGIN CERTIFICATE-----\n/,
    );
    expect(one(objectsOf("defaults"), "Secret", "countersign-tls")).to.not.have.any.keys(
      "data",
      "stringData",
    );
  });

  it("matches nothing that an API server serves, and refuses nobody, until a policy is named", () => {
    const [selfTest, ...others] = webhooksOf("defaults");
    expect(others).to.deep.equal([]);
    expect(selfTest?.rules).to.deep.equal([
      {
        ...{ operations: ["CREATE"], apiGroups: ["countersign.dev"], apiVersions: ["v1alpha1"] },
        ...{ resources: ["selftests"], scope: "*" },
      },
    ]);
    expect(selfTest?.failurePolicy).to.equal("Ignore");
    const { webhooks } = serverConfigurationOf(objectsOf("defaults"));
    expect(webhooks.map(({ authentication }) => authentication.mode)).to.deep.equal(["observe"]);
  });

  it("ignores failures while it observes, and fails when it enforces", () => {
    const policyOf = (name: string) =>
      webhooksOf(name).find(({ name: webhook }) => webhook.startsWith("trusted-registries."))?.failurePolicy;
    expect(policyOf("built-in")).to.equal("Ignore");
    expect(policyOf("enforce")).to.equal("Fail");
  });

  it("gives a pod more time to end than it drains", () => {
    for (const name of ["defaults", "everything"]) {
      const { drain } = serverConfigurationOf(objectsOf(name));
      const { spec } = one(objectsOf(name), "Deployment").spec.template;
      expect(spec.terminationGracePeriodSeconds * 1000).to.be.greaterThan(drain.delay.ms + drain.timeout.ms);
    }
  });

  it("leaves no caller behind: all of the test is a hook, deleted whatever its outcome", () => {
    const hooks = objectsOf("defaults").filter(isTestHook);
    expect(hooks.map(({ kind }) => kind).toSorted()).to.deep.equal([
      ...["ClusterRole", "ClusterRoleBinding", "ConfigMap", "Pod", "Pod", "Role", "RoleBinding"],
      "ServiceAccount",
    ]);
    for (const { metadata } of hooks)
      expect(metadata.annotations?.["helm.sh/hook-delete-policy"]?.split(",")).to.include.members([
        ...["before-hook-creation", "hook-succeeded", "hook-failed"],
      ]);
    const granted = objectsOf("defaults").filter(
      (object) => !isTestHook(object) && /Role$/.test(object.kind),
    );
    expect(JSON.stringify(granted)).to.not.match(/attest|serviceaccounts\/token/);
  });

  it("grants by name whatever can be granted by name, and says why", () => {
    for (const name of Object.keys(cases))
      for (const { kind, metadata, rules } of objectsOf(name).filter((object) =>
        /^(Cluster)?Role$/.test(object.kind),
      ))
        for (const rule of rules) {
          const isUnnamed = rule.verbs.every((verb: string) => ["list", "watch", "create"].includes(verb));
          // which webhooks, pods and nodes there are, nobody can list beforehand
          const isRead =
            (rule.verbs.includes("watch") && metadata.name.endsWith("-agent")) ||
            (metadata.name.endsWith("-gateway") && /^(nodes|pods)$/.test(rule.resources.join()));
          if (!isUnnamed && !isRead) expect(rule.resourceNames, `${kind} ${metadata.name}`).to.have.length(1);
          expect([...rule.verbs, ...rule.resources, ...rule.apiGroups]).to.not.include("*");
        }
    for (const file of [
      ...["server/rbac.yaml", "agent/rbac.yaml", "gateway/rbac.yaml", "tests/self-test.yaml"],
    ])
      for (const [, before] of readFileSync(`${chartFolder}/templates/${file}`, "utf8").matchAll(
        /^(.*)\n +- apiGroups:/gm,
      ))
        expect(before, file).to.match(/^ +# /);
  });

  it("sends a built-in policy what it matches, all of it and nothing else", () => {
    for (const name of builtInNames) {
      const { match } = createBuiltInPolicy(name, { registries: ["registry.example"] });
      const webhook = webhooksOf("built-in").find((one) => one.name === `${name}.countersign.dev`);
      expect(webhook?.rules).to.deep.equal(match.map((rule) => ({ scope: "*", ...rule })));
    }
  });

  it("puts the labels and annotations asked for on every object", () => {
    const objects = objectsOf("everything").filter(({ metadata }) => !/more$|^further$/.test(metadata.name));
    expect(objects.length).to.be.greaterThan(20);
    for (const { kind, metadata, spec } of objects) {
      const all = [metadata, ...(spec?.template === undefined ? [] : [spec.template.metadata])];
      for (const { labels, annotations } of all) {
        expect(labels, kind).to.include({ team: "platform", "app.kubernetes.io/name": "countersign" });
        expect(annotations, kind).to.include({ "example.com/owner": "platform" });
      }
    }
  });

  it("is called what it is told to be called, hosts and audiences too", async () => {
    const objects = parseManifests(
      await renderText({ fullnameOverride: "reviews", agent: { enabled: true } }),
    );
    for (const { metadata } of objects) expect(metadata.name).to.match(/^(countersign-system:)?reviews\b/);
    const { webhooks, tls } = parseServerConfiguration(
      one(objects, "ConfigMap", "reviews").data["server.yaml"],
      { file: "server.yaml", directory: "/" },
    );
    expect(webhooks[0]?.audiences).to.deep.equal(["https://reviews.countersign-system.svc:443/self-test"]);
    expect(tls.selfSigned?.dnsNames).to.include("reviews.countersign-system.svc");
  });

  it("can be a part of another chart, switched by a condition of that", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-parent-"));
    try {
      const dependency = { name: "countersign", version: "0.1.0", condition: "countersign.enabled" };
      const parent = { apiVersion: "v2", name: "platform", version: "1.0.0", dependencies: [dependency] };
      writeFileSync(join(folder, "Chart.yaml"), JSON.stringify(parent));
      cpSync(chartFolder, join(folder, "charts/countersign"), { recursive: true });
      const rendered = async (enabled: boolean): Promise<readonly RenderedObject[]> => {
        const flags = ["--set", `countersign.enabled=${enabled},global.a=b`, "-n", release.namespace];
        const { code, stdout, stderr } = await helm(["template", "p", folder, ...flags]);
        expect(code, stderr).to.equal(0);
        return parseManifests(stdout);
      };
      expect(one(await rendered(true), "Deployment", "p-countersign").metadata.namespace).to.equal(
        release.namespace,
      );
      expect(await rendered(false)).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("leaves global alone", async () => {
    expect(await renderText({ global: { imageRegistry: "elsewhere.example.com" } })).to.equal(
      texts.get("defaults"),
    );
  });

  describe("NOTES", () => {
    /** The YAML that stands below a line, indented by four. */
    const blockBelow = (text: string, line: string): string => {
      const [, rest = ""] = text.split(line);
      const [, block = ""] = /\n((?: {4}.*\n)+)/.exec(rest) ?? [];
      return block.replace(/^ {4}/gm, "");
    };
    const modes: readonly (readonly [string, Values])[] = [
      ["observe", cases["built-in"]!],
      ["enforce", cases.enforce!],
      ["enforce", cases.agent!],
      ["observe", {}],
    ];
    it("of an agent alone say nothing of a server", async () => {
      const text = await notes(cases["agent-alone"]!);
      expect(text).to.not.match(/^Mode|Next steps|countersign\.countersign-system\.svc|rotated/m);
      expect(text).to.include('name: "SERVICE.NAMESPACE.svc:443"').and.include("countersign-agent");
    });

    for (const [mode, values] of modes)
      it(`say mode ${mode}, three steps and files that lint finds nothing in (${JSON.stringify(values)})`, async () => {
        const text = await notes(values);
        expect(text).to.match(new RegExp(`^Mode: ${mode}\\.`, "m"));
        for (const step of [1, 2, 3]) expect(text).to.match(new RegExp(`^${step}\\. \\S`, "m"));
        const admission = blockBelow(text, "/etc/countersign/admission.yaml:");
        const kubeconfig = blockBelow(text, "/etc/countersign/webhooks.kubeconfig, with a user");
        const rendered = parseManifests(await renderText(values)).filter(isWebhookConfiguration);
        const documents = [admission, kubeconfig, ...rendered.map((object) => JSON.stringify(object))];
        const decoded = decodeLintInputs(parseLintDocuments(documents.join("\n---\n"), "notes.yaml"));
        expect(decoded.findings).to.deep.equal([]);
        expect(decoded.inputs.admissions).to.have.length(1);
        const [users] = decoded.inputs.kubeconfigs;
        expect(users?.users.length).to.be.greaterThan(0);
        const errors = lint(decoded.inputs).filter(({ severity }) => severity === "error");
        expect(errors).to.deep.equal([]);
        for (const { webhooks } of rendered)
          for (const { clientConfig, name } of webhooks as Webhook[])
            if (name !== "self-test.countersign.dev") expect(text).to.include(webhookAudience(clientConfig));
      });
  });
});
