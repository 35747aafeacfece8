import { createHash, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import jwt from "jsonwebtoken";
import type { JsonObject } from "../objects/api-object.ts";

/** What the keys of a control plane sign with. kube-apiserver chooses by key type: RSA or ECDSA P-256. */
export type SigningAlgorithm = "RS256" | "ES256";

/** The claims of a ServiceAccount's token, times in seconds as in the JWT. */
export interface ServiceAccountClaims extends JsonObject {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly "kubernetes.io": JsonObject;
  readonly nbf: number;
  readonly sub: string;
}

/** What becomes of the keys before. */
export interface RotateOptions {
  /** Whether tokens signed before go on being accepted and their keys being published. Default true. */
  readonly keepOld?: boolean;
}

/** Signs ServiceAccount tokens, publishes the keys, and knows its own tokens again. */
export interface ServiceAccountIssuer {
  /** The `iss` claim. */
  readonly issuer: string;
  sign(claims: Omit<ServiceAccountClaims, "iss">): string;
  /**
   * The claims of a token signed by one of the keys, whatever its times; undefined where it is not a JWT of this issuer
   * at all. @throws where it says it is and its signature does not verify.
   */
  verify(token: string): ServiceAccountClaims | undefined;
  /** The published keys, as a JWK set. */
  keySet(): JsonObject;
  algorithms(): readonly SigningAlgorithm[];
  rotate(options?: RotateOptions): Promise<void>;
}

interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generate = promisify(generateKeyPair);

export async function createServiceAccountIssuer(options: {
  readonly issuer: string;
  readonly algorithm: SigningAlgorithm;
}): Promise<ServiceAccountIssuer> {
  const { issuer, algorithm } = options;
  let keys = [await newKey(algorithm)];
  return {
    issuer,
    sign({ aud, exp, iat, ...rest }) {
      const [{ id, privateKey }] = keys as [SigningKey];
      // in the order and with the header of kube-apiserver's tokens, which carry no `typ`
      const header = { alg: algorithm, kid: id, typ: undefined };
      return jwt.sign({ aud, exp, iat, iss: issuer, ...rest }, privateKey, { algorithm, header });
    },
    verify(token) {
      const decoded = jwt.decode(token, { complete: true });
      if (decoded === null || typeof decoded.payload === "string" || decoded.payload.iss !== issuer)
        return undefined;
      const { kid } = decoded.header;
      const key = keys.find(({ id }) => kid === undefined || kid === id);
      if (key === undefined) throw new Error("invalid signature, no keys found");
      return verifySignature(token, key, algorithm);
    },
    keySet: () => ({ keys: keys.map((key) => publicJwk(key, algorithm)) }),
    algorithms: () => [algorithm],
    async rotate({ keepOld = true } = {}) {
      keys = [await newKey(algorithm), ...(keepOld ? keys : [])];
    },
  };
}

function verifySignature(token: string, key: SigningKey, algorithm: SigningAlgorithm): ServiceAccountClaims {
  try {
    const unchecked = { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true };
    return jwt.verify(token, key.publicKey, unchecked) as unknown as ServiceAccountClaims;
  } catch (cause) {
    throw new Error("go-jose/go-jose: error in cryptographic primitive", { cause });
  }
}

async function newKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const { privateKey } =
    algorithm === "RS256"
      ? await generate("rsa", { modulusLength: 2048 })
      : await generate("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);
  // k8s.io/kubernetes pkg/serviceaccount/jwt.go keyIDFromPublicKey
  const id = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  return { id, privateKey, publicKey };
}

function publicJwk({ id, publicKey }: SigningKey, alg: SigningAlgorithm): JsonObject {
  const { kty, ...members } = publicKey.export({ format: "jwk" }) as Record<string, string>;
  return { use: "sig", kty, kid: id, alg, ...members };
}
