import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TokenRequest } from "../../../src/apis/authentication.ts";
import { createTokenCache, type TokenCache } from "../../../src/credentials/token-cache.ts";
import { parseKubeconfig } from "../../../src/kubeconfig/parse-kubeconfig.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import {
  createAuthenticationInfoResolver,
  type RequestedTokens,
} from "../../../src/webhook/client/authentication-info-resolver.ts";
import { createWebhookClient, type WebhookAnswer } from "../../../src/webhook/client/webhook-client.ts";
import { replyTo, serviceAccount } from "../../credentials/token-request-rig.ts";
import { rejectionOf } from "../../rejection.ts";
import {
  type CapturingWebhook,
  startCapturingWebhook,
  type WebhookCall,
} from "../../rig/capturing-webhook.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const path = "/authentication-source";
const { certificatePem, keyPem } = createCertificateAuthority().issue({ commonName: "aggregated" });
const certificate = {
  "client-certificate-data": base64(certificatePem),
  "client-key-data": base64(keyPem),
};
const exec = {
  apiVersion: "client.authentication.k8s.io/v1",
  command: "/nonexistent/plugin",
  interactiveMode: "Never",
};

/** What the kubeconfig has for the webhook, and what Authorization that is. */
interface Bearer {
  readonly name: string;
  readonly user: object;
  readonly header: string | undefined;
}

/** What was asked for and what is done without it. */
interface Case {
  readonly user: object;
  readonly asks?: boolean;
  readonly tokens?: Partial<RequestedTokens>;
  readonly isIssued?: boolean;
}

describe("clientConfig.authenticationSource on the wire", () => {
  let webhook: CapturingWebhook;
  let folder: string;
  let bearers: readonly Bearer[];
  let minted: string[];
  const closes: (() => void)[] = [];
  before(async () => {
    webhook = await startCapturingWebhook();
    folder = await mkdtemp(join(tmpdir(), "countersign-source-"));
    await writeFile(join(folder, "token"), "t0ken-of-the-file\n");
  });
  beforeEach(() => {
    minted = [];
  });
  afterEach(() => {
    for (const close of closes.splice(0)) close();
  });
  after(async () => {
    await webhook.close();
    await rm(folder, { recursive: true });
  });
  bearers = [
    { name: "none", user: {}, header: undefined },
    { name: "token", user: { token: "t0ken" }, header: "Bearer t0ken" },
    { name: "tokenFile", user: { tokenFile: "token" }, header: "Bearer t0ken-of-the-file" },
    { name: "basic", user: { username: "jane", password: "p4ss" }, header: `Basic ${base64("jane:p4ss")}` },
  ];

  function cacheOf(isIssued: boolean): TokenCache {
    const createToken = async (_: unknown, request: TokenRequest) => {
      if (!isIssued) return { status: 403, body: { kind: "Status", reason: "Forbidden", message: "denied" } };
      const body = replyTo(request, Date.now());
      minted.push(body.status.token);
      return { status: 201, body };
    };
    const cache = createTokenCache({ server: "https://kube", client: { createToken } });
    closes.push(() => cache.close());
    return cache;
  }

  /** One call, as it was made and as it arrived. */
  async function call({ user, asks = true, tokens = {}, isIssued = true }: Case): Promise<{
    readonly answer: WebhookAnswer;
    readonly arrived: WebhookCall;
  }> {
    const users = [{ name: `localhost:${webhook.port}`, user }];
    const resolver = createAuthenticationInfoResolver({
      kubeconfig: parseKubeconfig(JSON.stringify({ users }), join(folder, "kubeconfig")),
      tokens: { cache: cacheOf(isIssued), serviceAccount, webhooks: "authenticationSource", ...tokens },
    });
    const client = createWebhookClient({ resolver });
    closes.push(() => client.close());
    const clientConfig = {
      url: `https://localhost:${webhook.port}${path}`,
      caBundle: webhook.caBundle,
      ...(asks ? { authenticationSource: { tokenRequest: {} } } : {}),
    };
    const target = {
      kind: "ValidatingWebhookConfiguration",
      configuration: { name: "c", uid: "u-1" },
      webhook: { name: "a.example.com", clientConfig, admissionReviewVersions: ["v1"] },
      apiGroup: "wardle.example.com",
    } as const;
    const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: { uid: "u" } };
    const answer = await client.call(target, review);
    return { answer, arrived: webhook.calls(path).at(-1)! };
  }
  const arrivals = (): number => webhook.calls(path).length;

  for (const [how, identity, commonName] of [
    ["without a client certificate", {}, undefined],
    ["with a client certificate", certificate, "aggregated"],
  ] as const)
    for (const { name, user, header } of bearers) {
      it(`${name} in the kubeconfig, ${how}, without the field: exactly what the kubeconfig says`, async () => {
        const { arrived } = await call({ user: { ...user, ...identity }, asks: false });
        expect([arrived.headers.authorization, arrived.certificateName]).to.deep.equal([header, commonName]);
        expect(minted).to.deep.equal([]);
      });

      it(`${name} in the kubeconfig, ${how}, with the field: the requested token in its place`, async () => {
        const { arrived } = await call({ user: { ...user, ...identity } });
        expect(minted).to.have.length(1);
        expect([arrived.headers.authorization, arrived.certificateName]).to.deep.equal([
          `Bearer ${minted[0]}`,
          commonName,
        ]);
      });

      it(`${name} in the kubeconfig, ${how}, with the field and no token to be had: no bearer at all`, async () => {
        const { answer, arrived } = await call({ user: { ...user, ...identity }, isIssued: false });
        expect(arrived.headers).to.not.have.property("authorization");
        expect(arrived.certificateName).to.equal(commonName);
        expect(answer.tokenError).to.have.property("code", "ERR_TOKEN_REQUEST_FORBIDDEN");
      });

      it(`${name} in the kubeconfig, ${how}, with the field and no token to be had, strict: no call`, async () => {
        const before = arrivals();
        const outcome = call({ user: { ...user, ...identity }, isIssued: false, tokens: { strict: true } });
        const error = await rejectionOf(outcome);
        expect(error.code).to.equal("ERR_WEBHOOK_CALL");
        expect(error.message).to.match(
          /^failed calling webhook "a\.example\.com": .*: no token could be requested: /,
        );
        expect(error.cause).to.have.nested.property("cause.code", "ERR_TOKEN_REQUEST_FORBIDDEN");
        expect(arrivals()).to.equal(before);
      });
    }

  it("asks with its own ServiceAccount for this webhook alone", async () => {
    await call({ user: {} });
    const claims = JSON.parse(Buffer.from(minted[0]!.split(".")[1]!, "base64url").toString());
    expect(claims).to.deep.include({
      sub: "system:serviceaccount:kube-system:webhook-auth",
      aud: [`https://localhost:${webhook.port}${path}`],
    });
    expect(claims["kubernetes.io"]).to.deep.include({
      validatingwebhookconfiguration: { name: "c", uid: "u-1" },
      attestations: { admissionReviewAPIGroups: ["wardle.example.com"] },
    });
  });

  it("takes the place of an exec plugin, which is not run", async () => {
    const { arrived } = await call({ user: { exec } });
    expect(arrived.headers.authorization).to.equal(`Bearer ${minted[0]}`);
    const before = arrivals();
    expect((await rejectionOf(call({ user: { exec }, asks: false }))).message).to.match(
      /exec plugins are not run/,
    );
    expect(arrivals()).to.equal(before);
  });

  it("goes without a kubeconfig's token file being there", async () => {
    const { arrived } = await call({ user: { tokenFile: "gone" } });
    expect(arrived.headers.authorization).to.equal(`Bearer ${minted[0]}`);
  });

  it("where all webhooks are given tokens, changes nothing", async () => {
    for (const asks of [true, false]) {
      const { arrived } = await call({ user: {}, asks, tokens: { webhooks: "all" } });
      expect(arrived.headers.authorization).to.equal(`Bearer ${minted.at(-1)}`);
    }
  });
});
