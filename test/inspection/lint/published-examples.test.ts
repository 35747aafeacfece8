import { readFileSync } from "node:fs";
import { expect } from "chai";
import { kep2510Manifest } from "../../kep-2510-manifest.ts";
import { findingsInTexts } from "./lint-rig.ts";

/** Its first line is empty, as in a document that is one of several. */
const configuration = `
${kep2510Manifest}`;
const users = (user: string) => `
apiVersion: v1
kind: Config
users:
- name: 'https://my-webhook.example.com'
  user: ${user}
`;

describe("lint of KEP-2510's own examples", () => {
  it("says that the field is refused, and writes the annotation for it", () => {
    const found = findingsInTexts(configuration);
    expect(found.map(({ code }) => code)).to.deep.equal(["bare-host", "authentication-source-field"]);
    expect(found[1]!.line).to.equal(16);
    expect(found[1]!.message).to.contain('{"pod-policy.example.com":{"tokenRequest":{}}}');
  });

  for (const user of [
    '{token: "239asdy93fs0"}',
    "{client-certificate: fake-cert-file, client-key: fake-key-file}",
  ])
    it(`says that the kubeconfig user's name matches nothing, and which does: ${user}`, () => {
      const [finding] = findingsInTexts(configuration, users(user));
      expect(finding).to.include({ severity: "error", code: "user-name-scheme", line: 5 });
      expect(finding!.message).to.contain('write "my-webhook.example.com:443"');
    });

  it("has no more to say of the user once it has that name", () => {
    const renamed = users("{client-certificate: a, client-key: b}").replace(
      /'.*'/,
      "my-webhook.example.com:443",
    );
    const found = findingsInTexts(configuration, renamed);
    expect(found.filter(({ object }) => object.startsWith("Config"))).to.deep.equal([]);
  });
});

describe("lint of the README's own files", () => {
  const readme = readFileSync("README.md", "utf8");
  const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!);

  it("finds no error in them", () => {
    expect(blocks.length).to.be.greaterThan(2);
    expect(findingsInTexts(...blocks).filter(({ severity }) => severity === "error")).to.deep.equal([]);
  });
});
