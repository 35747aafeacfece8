import { expect } from "chai";
import { Secret } from "../../src/secret.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { watchAuthenticationConfigMap } from "../../src/transport/authentication-config-map.ts";
import { createRestClient } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { createServiceAccount, type IssuedToken, object, paths, requestToken } from "./objects.ts";
import type { Contract } from "./target.ts";

const configMap = `${paths.namespaces}/kube-system/configmaps/extension-apiserver-authentication`;

/** What a server counts on that leaves it to the API server to say whom to believe. */
export function describeDelegatedAuthentication(contract: Contract): void {
  const { check, admin, target } = contract;

  describe("extension-apiserver-authentication", () => {
    check("is for those who have its Role, who may list and watch that one object", async () => {
      const account = await createServiceAccount(contract);
      const { token } = object<IssuedToken>(await requestToken(contract, account, {})).status;
      const { url, caPem } = target();
      const source = { token: async () => ({ token: new Secret(token), requestedAt: 0, expiresAt: 9e15 }) };
      const client = createRestClient({ server: url, ca: caPem, token: source });
      try {
        const refused = await rejectionOf(watchAuthenticationConfigMap({ client }));
        expect(refused).to.include({ code: "ERR_API_STATUS" });
        await bindReader(account.namespace, account.name);
        // only the watch can bring what changes: it is not looked at again in an hour
        const map = await poll("the Role to count", () =>
          watchAuthenticationConfigMap({ client, pollIntervalMs: 3_600_000 }).catch(() => undefined),
        );
        const names = (): string[] => map.clientCA().map(({ subject }) => subject);
        try {
          const added = createCertificateAuthority({ commonName: contract.unique("added-ca") });
          const { data } = object<{ data: Record<string, string> }>(await admin().get(configMap), 200);
          const bundle = `${data["client-ca-file"]}\n${added.certificatePem}`;
          const patch = { data: { "client-ca-file": bundle } };
          object(await admin().patch(configMap, "application/merge-patch+json", patch), 200);
          await poll("the change", () =>
            names().some((name) => name.includes("added-ca")) ? true : undefined,
          );
          expect(names().length).to.be.greaterThan(1);
        } finally {
          map.close();
        }
      } finally {
        client.close();
      }
    });
  });

  async function bindReader(namespace: string, name: string): Promise<void> {
    const roleRef = {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: "extension-apiserver-authentication-reader",
    };
    const subjects = [{ kind: "ServiceAccount", namespace, name }];
    object(
      await admin().post(`${paths.rbac}/namespaces/kube-system/rolebindings`, {
        metadata: { name: contract.unique("reader") },
        roleRef,
        subjects,
      }),
    );
  }
}
