import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { expect } from "chai";
import {
  createServiceAccount,
  expectFailure,
  type IssuedToken,
  object,
  partsOf,
  requestToken,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const discoveryPath = "/.well-known/openid-configuration";
const keysPath = "/openid/v1/jwks";

interface PublishedKey extends JsonWebKey {
  readonly kid: string;
}

/** OpenID discovery and keys: kubernetes/kubernetes pkg/routes/openidmetadata.go. */
export function describeDiscovery(contract: Contract): void {
  const { check, admin } = contract;
  const asServiceAccount = async () => {
    const token = object<IssuedToken>(await requestToken(contract, await createServiceAccount(contract), {}));
    return admin().as(token.status.token);
  };

  describe("discovery and keys", () => {
    check("names the issuer, the keys' address and the algorithms", async () => {
      const document = object<Record<string, unknown>>(await admin().get(discoveryPath), 200);
      expect(document).to.have.all.keys(
        "issuer",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
      );
      expect(document).to.containSubset({
        issuer: "https://kubernetes.default.svc.cluster.local",
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
      });
      expect(document.id_token_signing_alg_values_supported).to.deep.equal(["RS256"]);
      expect(document.jwks_uri).to.match(/^https:\/\/[^/]+\/openid\/v1\/jwks$/);
    });

    check("may be cached for an hour", async () => {
      const { headers } = await admin().get(discoveryPath);
      expect(headers["cache-control"]).to.equal("public, max-age=3600");
      expect(headers["content-type"]).to.equal("application/json");
    });

    check("publishes the keys as application/jwk-set+json, to be cached for an hour", async () => {
      const { status, headers, body } = await admin().get(keysPath, { accept: "*/*" });
      expect(status).to.equal(200);
      expect(headers["cache-control"]).to.equal("public, max-age=3600");
      expect(headers["content-type"]).to.equal("application/jwk-set+json");
      const { keys } = body as { keys: readonly PublishedKey[] };
      expect(keys).to.have.length(1);
      expect(keys[0])
        .to.have.all.keys("use", "kty", "kid", "alg", "n", "e")
        .and.to.include({ use: "sig", kty: "RSA", alg: "RS256" });
    });

    check("publishes the key that signs tokens, under the token's kid", async () => {
      const { status } = object<IssuedToken>(
        await requestToken(contract, await createServiceAccount(contract), {}),
      );
      const { header, signed, signature } = partsOf(status.token);
      const { keys } = (await admin().get(keysPath, { accept: "application/jwk-set+json" })).body as {
        keys: readonly PublishedKey[];
      };
      const key = keys.find(({ kid }) => kid === header.kid);
      expect(header).to.deep.equal({ alg: "RS256", kid: key?.kid });
      expect(
        verify("sha256", Buffer.from(signed), createPublicKey({ key: key!, format: "jwk" }), signature),
      ).to.equal(true);
    });

    check("answers 406 to who takes plain JSON only", async () => {
      const message = "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json";
      expectFailure(await admin().get(keysPath, { accept: "application/json" }), {
        code: 406,
        reason: "NotAcceptable",
        message,
        details: {},
      });
    });

    for (const path of [discoveryPath, keysPath]) {
      check(`refuses ${path} to anonymous`, async () => {
        const client = admin().as();
        const message = `forbidden: User "system:anonymous" cannot get path "${path}"`;
        expectFailure(await client.get(path, { accept: "*/*" }), {
          code: 403,
          reason: "Forbidden",
          message,
          details: {},
        });
        client.close();
      });

      check(`serves ${path} to any ServiceAccount`, async () => {
        const client = await asServiceAccount();
        expect((await client.get(path, { accept: "*/*" })).status).to.equal(200);
        client.close();
      });
    }
  });
}
