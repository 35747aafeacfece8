import { join } from "node:path";
import { expect } from "chai";
import type {
  Webhook,
  WebhookClientConfig,
  WebhookConfiguration,
} from "../../src/apis/admissionregistration.ts";
import { execCredential } from "../../src/commands/exec-credential.ts";
import { placeholderToken } from "../../src/credentials/exec-credential.ts";
import { capturedIO } from "./captured-io.ts";
import { requesterToken, type StubAPIServer, startStubAPIServer } from "./stub-api-server.ts";

/** Where the webhook of these tests is called. */
export const server = "https://svc.ns.svc:443";

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

export const service = (path?: string): WebhookClientConfig => ({
  service: { namespace: "ns", name: "svc", ...(path === undefined ? {} : { path }) },
});

export const configuration = (
  name: string,
  webhooks: readonly (Partial<Webhook> & { clientConfig: WebhookClientConfig })[],
  kind: WebhookConfiguration["kind"] = "ValidatingWebhookConfiguration",
): WebhookConfiguration => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  metadata: { name, uid: `uid-of-${name}` },
  webhooks: webhooks.map((webhook, index) => ({
    name: `w${index}.example.com`,
    admissionReviewVersions: ["v1"],
    ...webhook,
  })),
});

/** What client-go puts into KUBERNETES_EXEC_INFO. */
export const execInfo = (cluster: Record<string, unknown> | null = { server }, version = "v1"): string =>
  JSON.stringify({
    apiVersion: `client.authentication.k8s.io/${version}`,
    kind: "ExecCredential",
    spec: { interactive: false, cluster },
  });

export interface Answer {
  readonly exitCode: number;
  readonly token: string;
  readonly expiresAt: number;
  readonly apiVersion: string;
  readonly err: string;
}

/** The plugin in this process, before an API server with one webhook at `server`. */
export interface ExecCredentialRig {
  readonly stub: StubAPIServer;
  /** Flags for a token for `*`, and for a plain one. */
  attested(...more: string[]): string[];
  plain(...more: string[]): string[];
  /** The flags that reach the API server. */
  reach(): string[];
  run(args: readonly string[], info?: string): Promise<Answer>;
}

export async function startExecCredentialRig(): Promise<ExecCredentialRig> {
  const stub = await startStubAPIServer();
  stub.configurations = [configuration("a", [{ clientConfig: service("/validate") }])];
  const reach = () => [
    `--server=${stub.url}`,
    `--certificate-authority=${join(stub.folder, "ca.crt")}`,
    `--token-file=${join(stub.folder, "token")}`,
  ];
  return {
    stub,
    reach,
    attested: (...more) => ["--service-account=kube-system/caller", "--api-group=*", ...more, ...reach()],
    plain: (...more) => ["--service-account=kube-system/caller", "--mode=audience", ...more, ...reach()],
    async run(args, info = execInfo()) {
      const io = capturedIO({ KUBERNETES_EXEC_INFO: info });
      const exitCode = await execCredential.run(args, io);
      for (const secret of [requesterToken, ...stub.tokens])
        expect(io.err(), "a secret on stderr").not.to.include(secret);
      if (io.out() === "") return { exitCode, token: "", expiresAt: 0, apiVersion: "", err: io.err() };
      const { apiVersion, status } = JSON.parse(io.out());
      const expiresAt = Date.parse(status.expirationTimestamp);
      return { exitCode, token: status.token, expiresAt, apiVersion, err: io.err() };
    },
  };
}

/** No token, no failure, one line that says why. */
export function expectPlaceholder(
  { exitCode, token, expiresAt, err }: Answer,
  reason: string | RegExp,
): void {
  expect({ exitCode, token }).to.deep.equal({ exitCode: 0, token: placeholderToken });
  expect(expiresAt).to.be.lessThan(Date.now());
  expect(err.split("\n"), "one line").to.have.length(2);
  expect(err).to.match(reason instanceof RegExp ? reason : new RegExp(`^countersign: ${reason}: .`));
}
