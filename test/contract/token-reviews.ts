import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import {
  attesting,
  boundTo,
  type ConfigurationKind,
  createConfiguration,
  createServiceAccount,
  expectFailure,
  grantAttest,
  type IssuedToken,
  object,
  partsOf,
  paths,
  requestToken,
  type ServiceAccountOnTarget,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const url = "https://hooks.example.com/reviewed";
const ownAudience = "https://kubernetes.default.svc.cluster.local";

interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: unknown;
  readonly audiences?: readonly string[];
  readonly error?: string;
}

/** kubernetes/apiserver pkg/authentication/serviceaccount/util.go and kubernetes/kubernetes pkg/registry/authentication/tokenreview. */
export function describeTokenReviews(contract: Contract): void {
  const { check, admin } = contract;
  let account: ServiceAccountOnTarget;
  const review = async (token: string, audiences?: readonly string[]): Promise<ReviewStatus> => {
    const answer = await admin().post(`${paths.authentication}/tokenreviews`, {
      spec: { token, ...(audiences === undefined ? {} : { audiences }) },
    });
    return object<{ status: ReviewStatus }>(answer).status;
  };
  const issue = async (spec: object, of = account): Promise<string> =>
    object<IssuedToken>(await requestToken(contract, of, spec)).status.token;
  const bound = async (configuration: StoredObject, group = "apps", of = account): Promise<string> =>
    issue({ audiences: [url], boundObjectRef: boundTo(configuration), attestations: attesting(group) }, of);
  const untilRefused = (token: string) =>
    poll("the token to be refused", async () =>
      (await review(token, [url])).authenticated ? undefined : true,
    );

  describe("TokenReview", () => {
    before(async () => {
      account = await createServiceAccount(contract);
      await grantAttest(contract, account, "apps", "*");
    });

    for (const [kind, group] of [
      ["validating", "apps"],
      ["mutating", "*"],
    ] as const satisfies readonly (readonly [ConfigurationKind, string])[])
      check(`shows the ${kind} configuration and the attested group ${group}`, async () => {
        const configuration = await createConfiguration(contract, kind, [{ clientConfig: { url } }]);
        const token = await bound(configuration, group);
        expect(await review(token, [url])).to.deep.equal({
          authenticated: true,
          user: {
            username: account.username,
            uid: account.uid,
            groups: [
              "system:serviceaccounts",
              `system:serviceaccounts:${account.namespace}`,
              "system:authenticated",
            ],
            extra: {
              "authentication.kubernetes.io/credential-id": [`JTI=${partsOf(token).claims.jti}`],
              [`authentication.kubernetes.io/${kind}webhookconfiguration-name`]: [
                configuration.metadata.name,
              ],
              [`authentication.kubernetes.io/${kind}webhookconfiguration-uid`]: [configuration.metadata.uid],
              "attestation.authentication.kubernetes.io/admissionReviewAPIGroups": [group],
            },
          },
          audiences: [url],
        });
      });

    check("answers with those of the asked audiences that the token has", async () => {
      const token = await issue({ audiences: ["x", "y", "z"] });
      expect(await review(token, ["q", "z", "x"])).to.containSubset({
        authenticated: true,
        audiences: ["z", "x"],
      });
      expect(await review(token, ["y"])).to.containSubset({ authenticated: true, audiences: ["y"] });
    });

    check("refuses a token of other audiences, naming both", async () => {
      const error =
        '[invalid bearer token, token audiences ["x" "y"] is invalid for the target audiences ["z"]]';
      expect(await review(await issue({ audiences: ["x", "y"] }), ["z"])).to.deep.equal({ user: {}, error });
    });

    check("takes the API server's own audience where none is asked", async () => {
      const error = `[invalid bearer token, token audiences ["x"] is invalid for the target audiences ["${ownAudience}"]]`;
      expect(await review(await issue({ audiences: ["x"] }))).to.deep.equal({ user: {}, error });
      expect(await review(await issue({}))).to.containSubset({
        authenticated: true,
        audiences: [ownAudience],
      });
    });

    check("does not take the API server's own audience for another", async () => {
      expect(await review(await issue({}), ["x"])).to.not.have.property("authenticated");
    });

    check("refuses what is no token without saying why", async () => {
      expect(await review("abc")).to.deep.equal({ user: {}, error: "invalid bearer token" });
    });

    check("refuses a token whose signature was changed", async () => {
      const [header, claims, signature] = (await issue({})).split(".");
      const forged = Buffer.from(signature!, "base64url").map((byte, index) =>
        index === 9 ? byte ^ 1 : byte,
      );
      const status = await review(`${header}.${claims}.${Buffer.from(forged).toString("base64url")}`);
      expect(status).to.not.have.property("authenticated");
      expect(status.error).to.contain("invalid bearer token");
    });

    check("answers an empty token with a bad request", async () => {
      const answer = await admin().post(`${paths.authentication}/tokenreviews`, { spec: { token: "" } });
      expectFailure(answer, {
        code: 400,
        reason: "BadRequest",
        message: "token is required for TokenReview in authentication",
      });
    });

    check("refuses a bound token once its configuration is deleted", async () => {
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      const token = await bound(configuration);
      expect(await review(token, [url])).to.include({ authenticated: true });
      object(await admin().delete(`${paths.validating}/${configuration.metadata.name}`), 200);
      await untilRefused(token);
    });

    check("refuses a bound token once its configuration is made anew under its name", async () => {
      const configuration = await createConfiguration(contract, "mutating", [{ clientConfig: { url } }]);
      const { metadata, ...rest } = configuration as StoredObject & { webhooks: unknown };
      const token = await bound(configuration);
      object(await admin().delete(`${paths.mutating}/${metadata.name}`), 200);
      object(await admin().post(paths.mutating, { ...rest, metadata: { name: metadata.name } }));
      await untilRefused(token);
    });

    check("refuses a token once its ServiceAccount is deleted", async () => {
      const shortLived = await createServiceAccount(contract);
      const token = await issue({ audiences: [url] }, shortLived);
      expect(await review(token, [url])).to.include({ authenticated: true });
      object(await admin().delete(shortLived.tokenPath.replace(/\/token$/, "")), 200);
      await untilRefused(token);
    });

    check("goes on accepting a bound token after attest was taken back", async () => {
      const other = await createServiceAccount(contract);
      const role = await grantAttest(contract, other, "apps");
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      const token = await bound(configuration, "apps", other);
      object(await admin().delete(`${paths.rbac}/clusterrolebindings/${role}`), 200);
      await poll("no new token", async () =>
        (
          await requestToken(contract, other, {
            audiences: [url],
            boundObjectRef: boundTo(configuration),
            attestations: attesting("apps"),
          })
        ).status === 403
          ? true
          : undefined,
      );
      expect(await review(token, [url])).to.include({ authenticated: true });
    });

    check("is no way in: a bound token does not authenticate to the API server", async () => {
      const client = admin().as(
        await bound(await createConfiguration(contract, "validating", [{ clientConfig: { url } }])),
      );
      expectFailure(await client.get("/version"), {
        code: 401,
        reason: "Unauthorized",
        message: "Unauthorized",
      });
      client.close();
    });
  });
}
