import { expect } from "chai";
import { createIssuer } from "../../src/authentication/issuer-keys.ts";
import { createWebhookCallerAuthenticator } from "../../src/authentication/webhook-callers.ts";
import { type AdmissionRoute, createAdmissionRoute } from "../../src/server/review/admission-route.ts";
import { verifyAdmissionRequest } from "../../src/server/review/verify-admission-request.ts";
import { stoppedClock } from "../authentication/minting.ts";
import { generate, readJSON, sharedFacts, vectorFiles } from "./files.ts";
import type { Expected, SharedFacts, Vector, VectorFile } from "./vector.ts";

const shared = readJSON("shared.json") as SharedFacts;
const clock = stoppedClock(shared.now * 1000);
const issuers = [
  createIssuer({
    name: "vectors",
    clock,
    source: { fetchKeys: async () => ({ issuer: shared.issuer, jwks: shared.keys }) },
  }),
];

describe("the vectors", () => {
  it("share what their definitions say", () => {
    expect(readJSON("shared.json")).to.deep.equal(JSON.parse(JSON.stringify(sharedFacts)));
  });

  for (const name of Object.keys(vectorFiles)) {
    const file = readJSON(name) as VectorFile;

    it(`of ${name} are what their definitions give`, () => {
      expect(file).to.deep.equal(generate(name, file));
    });

    describe(name, () => {
      for (const vector of file.vectors)
        it(`${vector.name}: ${vector.expected.outcome}`, async () => {
          expect(await outcomeOf(vector)).to.deep.equal(vector.expected);
        });
    });
  }

  it("have names that are unique within their file", () => {
    for (const name of Object.keys(vectorFiles)) {
      const names = (readJSON(name) as VectorFile).vectors.map((vector) => vector.name);
      expect([...new Set(names)], name).to.deep.equal(names);
    }
  });

  it("name every reason for which a token or a review's groups are refused offline", () => {
    const reasons = Object.keys(vectorFiles)
      .flatMap((name) => (readJSON(name) as VectorFile).vectors)
      .flatMap(({ expected }) => (expected.outcome === "refused" ? [expected.reason] : []));
    expect(reasons).to.include.members([
      "ERR_CREDENTIALS_MISSING",
      "ERR_AUTHORIZATION_DUPLICATE",
      "ERR_AUTHORIZATION_MALFORMED",
      "ERR_TOKEN_MALFORMED",
      "ERR_TOKEN_ALGORITHM",
      "ERR_TOKEN_ISSUER",
      "ERR_TOKEN_AUDIENCE",
      "ERR_TOKEN_EXPIRED",
      "ERR_TOKEN_NOT_YET_VALID",
      "ERR_TOKEN_LIFETIME",
      "ERR_TOKEN_KEY_UNKNOWN",
      "ERR_TOKEN_SIGNATURE",
      "ERR_TOKEN_BINDING",
      "ERR_TOKEN_ATTESTATION",
      "ERR_TOKEN_UNACCEPTED",
      "ERR_CALLER_UNNAMED",
      "ERR_GROUP_NOT_ATTESTED",
      "ERR_GROUP_INCONSISTENT",
    ]);
  });
});

async function outcomeOf({ token, authorization, review, route }: Vector): Promise<Expected> {
  const values = (authorization ?? ["Bearer {token}"]).map((value) =>
    value.replaceAll("{token}", token?.jws ?? ""),
  );
  const body = shared.reviews[review];
  const verified = await verifyAdmissionRequest({
    headers: [
      ...["Content-Type", "application/json"],
      ...values.flatMap((value) => ["Authorization", value]),
    ],
    body: typeof body === "string" ? body : JSON.stringify(body),
    route: routeOf(route),
  });
  if (!verified.accepted) return { outcome: "refused", reason: verified.code };
  const { user, attestedAPIGroup } = verified.caller!;
  return {
    outcome: "accepted",
    caller: user.username,
    ...(attestedAPIGroup === undefined ? {} : { attestedAPIGroup }),
  };
}

function routeOf(name: string): AdmissionRoute {
  return createAdmissionRoute({
    path: "/validate",
    clock,
    authenticator: createWebhookCallerAuthenticator({ ...shared.routes[name]!, issuers, clock }),
  });
}
