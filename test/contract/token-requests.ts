import { expect } from "chai";
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
  rule,
  type ServiceAccountOnTarget,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const url = "https://hooks.example.com/review";
const kinds: readonly ConfigurationKind[] = ["validating", "mutating"];
const service = (more: object = {}) => ({ service: { name: "hooks", namespace: "backend", ...more } });

/** What is issued: kubernetes/kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go. */
export function describeTokenRequests(contract: Contract): void {
  const { check, admin } = contract;
  let account: ServiceAccountOnTarget;
  const issue = async (spec: object): Promise<IssuedToken> =>
    object<IssuedToken>(await requestToken(contract, account, spec));
  const denied = async (spec: object): Promise<void> =>
    expectDenied(await requestToken(contract, account, spec), account);
  const attested = (configuration: StoredObject, audience: string, group = "apps") => ({
    audiences: [audience],
    boundObjectRef: boundTo(configuration),
    attestations: attesting(group),
  });

  describe("webhook-bound tokens", () => {
    before(async () => {
      account = await createServiceAccount(contract);
      await grantAttest(contract, account, "apps", "batch", "*");
    });

    for (const kind of kinds)
      for (const withUID of [false, true])
        check(
          `carry exactly this payload for a ${kind} configuration named ${withUID ? "with" : "without"} uid`,
          async () => {
            const configuration = await createConfiguration(contract, kind, [{ clientConfig: { url } }]);
            const { metadata } = configuration;
            const token = await issue({
              audiences: [url],
              boundObjectRef: boundTo(configuration, withUID),
              attestations: attesting("apps"),
            });
            const { claims } = partsOf(token.status.token);
            expect(claims).to.deep.equal({
              aud: [url],
              exp: claims.iat + 600,
              iat: claims.iat,
              iss: "https://kubernetes.default.svc.cluster.local",
              jti: claims.jti,
              "kubernetes.io": {
                attestations: { admissionReviewAPIGroups: ["apps"] },
                namespace: account.namespace,
                serviceaccount: { name: account.name, uid: account.uid },
                [`${kind}webhookconfiguration`]: { name: metadata.name, uid: metadata.uid },
              },
              nbf: claims.iat,
              sub: account.username,
            });
            expect(claims.jti).to.match(
              /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
            );
            expect(Math.abs(Date.now() / 1000 - claims.iat)).to.be.below(30);
          },
        );

    for (const asked of [undefined, 600, 601, 3600])
      check(`live 600 s when ${asked ?? "nothing"} is asked`, async () => {
        const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
        const { spec, status } = await issue({
          ...attested(configuration, url),
          ...(asked === undefined ? {} : { expirationSeconds: asked }),
        });
        const { exp, iat } = partsOf(status.token).claims;
        expect([spec.expirationSeconds, exp - iat]).to.deep.equal([600, 600]);
        expect(Date.parse(status.expirationTimestamp)).to.equal(exp * 1000);
      });

    check("are answered with what was asked and the ServiceAccount's metadata", async () => {
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      const answer = object(await requestToken(contract, account, attested(configuration, url)));
      expect(answer).to.containSubset({
        kind: "TokenRequest",
        apiVersion: "authentication.k8s.io/v1",
        metadata: { name: account.name, namespace: account.namespace, uid: account.uid },
        spec: { audiences: [url], boundObjectRef: boundTo(configuration), attestations: attesting("apps") },
      });
    });

    for (const kind of kinds) {
      const serviceForms: readonly (readonly [string, object, string])[] = [
        ["without port and path", {}, "https://hooks.backend.svc:443/"],
        ["with a port", { port: 8443 }, "https://hooks.backend.svc:8443/"],
        ["with a path", { path: "/v" }, "https://hooks.backend.svc:443/v"],
        ["with a trailing slash", { path: "/v/" }, "https://hooks.backend.svc:443/v/"],
      ];
      for (const [form, more, audience] of serviceForms)
        check(`are issued for a ${kind} webhook's service ${form} as ${audience}`, async () => {
          const configuration = await createConfiguration(contract, kind, [{ clientConfig: service(more) }]);
          expect(
            partsOf((await issue(attested(configuration, audience))).status.token).claims.aud,
          ).to.deep.equal([audience]);
        });
    }

    check("are denied where the service's audience has another trailing slash", async () => {
      await denied(
        attested(
          await createConfiguration(contract, "validating", [{ clientConfig: service({ path: "/v" }) }]),
          "https://hooks.backend.svc:443/v/",
        ),
      );
      await denied(
        attested(
          await createConfiguration(contract, "validating", [{ clientConfig: service({ path: "/v/" }) }]),
          "https://hooks.backend.svc:443/v",
        ),
      );
    });

    check("are denied where the URL differs by :443, case or trailing slash", async () => {
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      for (const audience of [
        "https://hooks.example.com:443/review",
        "https://HOOKS.example.com/review",
        `${url}/`,
      ])
        await denied(attested(configuration, audience));
    });

    check("are denied for an audience of no webhook", async () => {
      await denied(
        attested(
          await createConfiguration(contract, "mutating", [{ clientConfig: { url } }]),
          "https://elsewhere.example.com",
        ),
      );
    });

    check("are denied for a group that no rule names", async () => {
      await denied(
        attested(
          await createConfiguration(contract, "validating", [{ clientConfig: { url } }]),
          url,
          "batch",
        ),
      );
    });

    check("are denied where the audience matches one webhook and the group another", async () => {
      const other = { clientConfig: service(), rules: [rule("batch", "nothing")] };
      const configuration = await createConfiguration(contract, "validating", [
        { clientConfig: { url } },
        other,
      ]);
      await denied(attested(configuration, url, "batch"));
      await denied(attested(configuration, "https://hooks.backend.svc:443/", "apps"));
      expect((await requestToken(contract, account, attested(configuration, url, "apps"))).status).to.equal(
        201,
      );
    });

    check("are issued for a group that a rule covers by *", async () => {
      const configuration = await createConfiguration(contract, "validating", [
        { clientConfig: { url }, rules: [rule("*", "nothing")] },
      ]);
      expect((await requestToken(contract, account, attested(configuration, url, "batch"))).status).to.equal(
        201,
      );
    });

    check("for * are issued whatever the rules and the audience", async () => {
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      const { claims } = partsOf(
        (await issue(attested(configuration, "no webhook's audience", "*"))).status.token,
      );
      expect(claims).to.containSubset({
        aud: ["no webhook's audience"],
        "kubernetes.io": { attestations: attesting("*") },
      });
    });

    for (const group of ["apps", "*"])
      check(`for ${group} are denied where the configuration does not exist`, async () => {
        const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
        await denied({
          ...attested(configuration, url, group),
          boundObjectRef: { ...boundTo(configuration), name: "nowhere" },
        });
        await denied({
          ...attested(configuration, url, group),
          boundObjectRef: { ...boundTo(configuration), kind: "MutatingWebhookConfiguration" },
        });
      });

    for (const kind of kinds)
      check(`are refused as a conflict where the ${kind} configuration has another uid`, async () => {
        const configuration = await createConfiguration(contract, kind, [{ clientConfig: { url } }]);
        const uid = "00000000-0000-0000-0000-000000000000";
        const { name } = configuration.metadata;
        expectFailure(
          await requestToken(contract, account, {
            ...attested(configuration, url),
            boundObjectRef: { ...boundTo(configuration), uid },
          }),
          {
            code: 409,
            reason: "Conflict",
            message: `Operation cannot be fulfilled on ${configuration.kind}.admissionregistration.k8s.io "${name}": the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
            details: { name, group: "admissionregistration.k8s.io", kind: configuration.kind },
          },
        );
      });

    check("are denied once the configuration is deleted", async () => {
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      await issue(attested(configuration, url));
      object(await admin().delete(`${paths.validating}/${configuration.metadata.name}`), 200);
      await denied(attested(configuration, url));
    });

    check("are denied for a configuration that waits for its finalizer", async () => {
      const configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
      const path = `${paths.validating}/${configuration.metadata.name}`;
      const finalizers = (value: readonly string[]) =>
        admin().patch(path, "application/merge-patch+json", { metadata: { finalizers: value } });
      object(await finalizers(["contract.example.com/hold"]), 200);
      object(await admin().delete(path), 200);
      await denied(attested(configuration, url));
      object(await finalizers([]), 200);
    });
  });

  describe("plain tokens", () => {
    check("carry no claim beyond the ServiceAccount, and the audiences in the order asked", async () => {
      const { status, spec } = await issue({ audiences: ["y", "x"] });
      const { claims } = partsOf(status.token);
      expect(claims.aud).to.deep.equal(["y", "x"]);
      expect(claims["kubernetes.io"]).to.deep.equal({
        namespace: account.namespace,
        serviceaccount: { name: account.name, uid: account.uid },
      });
      expect([spec.expirationSeconds, claims.exp - claims.iat]).to.deep.equal([3600, 3600]);
    });

    check("are for the API server itself where no audience is asked", async () => {
      const { spec, status } = await issue({});
      expect(spec.audiences).to.deep.equal(["https://kubernetes.default.svc.cluster.local"]);
      expect(partsOf(status.token).claims.aud).to.deep.equal(spec.audiences);
    });

    check("live as long as asked", async () => {
      const { claims } = partsOf((await issue({ audiences: ["x"], expirationSeconds: 7200 })).status.token);
      expect(claims.exp - claims.iat).to.equal(7200);
    });
  });
}

function expectDenied(
  answer: Awaited<ReturnType<typeof requestToken>>,
  { name }: ServiceAccountOnTarget,
): void {
  const message = `serviceaccounts/token "${name}" is forbidden: token request denied`;
  expectFailure(answer, {
    code: 403,
    reason: "Forbidden",
    message,
    details: { name, kind: "serviceaccounts/token" },
  });
}
