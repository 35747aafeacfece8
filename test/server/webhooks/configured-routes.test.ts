import { expect } from "chai";
import { parseServerConfiguration } from "../../../src/configuration/load-server-configuration.ts";
import { callerLabel } from "../../../src/server/webhooks/configured-routes.ts";
import { configurationText } from "./server-rig.ts";

describe("callerLabel", () => {
  const { webhooks } = parseServerConfiguration(
    configurationText({
      webhooks: [
        {
          path: "/validate",
          audiences: ["a"],
          authentication: {
            webhookTokens: {
              kinds: ["ValidatingWebhookConfiguration"],
              serviceAccounts: [{ namespace: "kube-system", name: "all-groups" }],
            },
            serviceAccounts: [{ namespace: "team", name: "caller" }],
            clientCertificates: { caFile: "ca.crt", names: ["kube-apiserver"] },
          },
          policy: { file: "p.ts" },
        },
      ],
    }),
    { file: "server.json", directory: "/" },
  );
  const label = callerLabel(webhooks[0]!);

  it("is the configured name of a ServiceAccount or certificate", () => {
    expect(label("system:serviceaccount:team:caller")).to.equal("team/caller");
    expect(label("system:serviceaccount:kube-system:all-groups")).to.equal("kube-system/all-groups");
    expect(label("kube-apiserver")).to.equal("kube-apiserver");
  });

  it("is unknown for everybody else, so that no caller can make up new ones", () => {
    for (const name of ["", "__proto__", "constructor", "team/caller", "system:serviceaccount:team:other"])
      expect(label(name)).to.equal("unknown");
  });
});
