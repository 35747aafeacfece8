import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import jwt from "jsonwebtoken";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";

export const issuer = "https://kubernetes.default.svc.cluster.local";
export const path = "/validate/deployments";
export const serverName = "countersign.countersign-system.svc";
export const audience = `https://${serverName}:443${path}`;
const caller = { namespace: "kube-system", name: "webhook-caller" };

/** Everything both sides of a measurement need, in a folder of its own. */
export interface Fixture {
  readonly folder: string;
  readonly file: (name: string) => string;
  readonly token: string;
  readonly publicKey: KeyObject;
  readonly jwks: unknown;
  readonly review: string;
  /** A policy that reads the object, and one that does not. */
  readonly configurations: { readonly reading: string; readonly blind: string };
  remove(): void;
}

export function createFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  const file = (name: string): string => join(folder, name);
  const write = (name: string, text: string | Buffer): string => {
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "bench", use: "sig", alg: "RS256" }] };
  const token = mint(privateKey);
  const review = JSON.stringify(deploymentReview());
  writeTLS(write);
  write("keys.json", JSON.stringify(jwks));
  write("authenticated.http", httpRequest(review, token));
  write("anonymous.http", httpRequest(review));
  write(
    "reading.ts",
    policy("review.object.spec.template.spec.containers.every(({ image }) => image.length > 0)"),
  );
  write("blind.ts", policy("true"));
  return {
    folder,
    file,
    token,
    publicKey,
    jwks,
    review,
    configurations: {
      reading: write("reading.yaml", configuration("reading.ts")),
      blind: write("blind.yaml", configuration("blind.ts")),
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function writeTLS(write: (name: string, text: string) => string): void {
  const authority = createCertificateAuthority({ commonName: "bench-ca" });
  const leaf = authority.issue({ commonName: serverName, dnsNames: [serverName], usages: ["serverAuth"] });
  write("ca.crt", authority.certificatePem);
  write("tls.crt", leaf.certificatePem);
  write("tls.key", leaf.keyPem);
}

function mint(privateKey: KeyObject): string {
  const now = Math.floor(Date.now() / 1000);
  return jwt.sign(
    {
      aud: [audience],
      exp: now + 600,
      iat: now,
      iss: issuer,
      jti: "0b2f7c9a-54a1-4f6e-9d0c-0c6f8a3c9e11",
      "kubernetes.io": {
        namespace: caller.namespace,
        serviceaccount: { name: caller.name, uid: "8c1d1c0e-7f1a-4f0b-a1e2-5b0f3f0c7c55" },
        validatingwebhookconfiguration: { name: "countersign", uid: "5a2f9c44-8a53-4cbb-9d53-2f7d0e3b8b1f" },
        attestations: { admissionReviewAPIGroups: ["*"] },
      },
      nbf: now,
      sub: `system:serviceaccount:${caller.namespace}:${caller.name}`,
    },
    privateKey,
    { algorithm: "RS256", keyid: "bench" },
  );
}

function httpRequest(body: string, token?: string): string {
  const head = [
    `POST ${path}?timeout=10s HTTP/1.1`,
    `Host: ${serverName}:443`,
    "User-Agent: kube-apiserver-admission",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Accept: application/json, */*",
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    "Content-Type: application/json",
    "Accept-Encoding: gzip",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

function policy(verdict: string): string {
  return `import { definePolicy } from "countersign";
export default definePolicy({
  name: "bench",
  match: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
  validate: (review) => ${verdict},
});
`;
}

function configuration(policyFile: string): string {
  return `apiVersion: countersign.dev/v1alpha1
kind: ServerConfiguration
listen: {host: "127.0.0.1", port: 0}
admin: {host: "127.0.0.1", port: 0}
tls: {certFile: tls.crt, keyFile: tls.key}
issuers:
  - {name: cluster, url: "${issuer}", jwksFile: keys.json}
webhooks:
  - path: ${path}
    audiences: ["${audience}"]
    authentication:
      mode: enforce
      webhookTokens:
        kinds: [ValidatingWebhookConfiguration]
        serviceAccounts: [{namespace: ${caller.namespace}, name: ${caller.name}}]
    policy: {file: ${policyFile}}
`;
}

/** A Deployment as kubectl makes it and the API server defaults it: 2.1 KB. */
function deploymentReview(): unknown {
  const labels = { app: "web" };
  const metadata = {
    name: "web",
    namespace: "default",
    creationTimestamp: null,
    labels,
    managedFields: [
      {
        manager: "kubectl-create",
        operation: "Update",
        apiVersion: "apps/v1",
        time: "2026-11-21T08:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
          "f:spec": {
            "f:progressDeadlineSeconds": {},
            "f:replicas": {},
            "f:revisionHistoryLimit": {},
            "f:selector": {},
          },
        },
      },
    ],
  };
  const container = {
    name: "web",
    image: "registry.example.com/team/web:1.27.4",
    ports: [{ containerPort: 8080, protocol: "TCP" }],
    env: [{ name: "LOG_LEVEL", value: "info" }],
    resources: { limits: { memory: "128Mi" }, requests: { cpu: "100m", memory: "64Mi" } },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  };
  const object = {
    kind: "Deployment",
    apiVersion: "apps/v1",
    metadata,
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { creationTimestamp: null, labels },
        spec: {
          containers: [container],
          restartPolicy: "Always",
          terminationGracePeriodSeconds: 30,
          dnsPolicy: "ClusterFirst",
          securityContext: {},
          schedulerName: "default-scheduler",
        },
      },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: {},
  };
  const kind = { group: "apps", version: "v1", kind: "Deployment" };
  const resource = { group: "apps", version: "v1", resource: "deployments" };
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "f3c5ab10-1fd4-4a2c-8d5b-7e2f6b1d9a02",
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: "web",
      namespace: "default",
      operation: "CREATE",
      userInfo: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "kubectl-create" },
    },
  };
}
