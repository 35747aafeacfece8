import { createHash, type X509Certificate } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import { createX509Authenticator } from "../../src/authentication/x509.ts";
import { type CertificateParts, rootCertificate, serverAuth, type TestCertificate } from "./certificates.ts";
import { noon, stoppedClock } from "./minting.ts";
import { outcomeOf, verdictOf } from "./outcome.ts";

const root = rootCertificate();
const bundle = [root.certificate];
const clock = stoppedClock();

const present = ({ raw }: TestCertificate) => ({ authorization: [], clientCertificate: { raw, chain: [] } });

const judge = (parts: CertificateParts, ca: readonly X509Certificate[] = bundle) =>
  verdictOf(() =>
    createX509Authenticator({ ca: () => ca, clock }).authenticateRequest(present(root.issue(parts))),
  );

describe("createX509Authenticator", () => {
  it("has no opinion without a certificate", () =>
    expect(createX509Authenticator({ ca: () => bundle }).authenticateRequest({ authorization: [] })).to.equal(
      undefined,
    ));

  it("has no opinion while there is no client CA", async () => {
    expect(await judge({}, [])).to.equal("no opinion");
  });

  it("has no opinion on an empty common name, and on none", async () => {
    expect(await judge({ commonNames: [""] })).to.equal("no opinion");
    expect(await judge({ commonNames: [], organizations: ["system:masters"] })).to.equal("no opinion");
  });

  it("makes a user of any subject, as an API server does, and adds no group of its own", async () => {
    const leaf = root.issue({
      commonNames: ["first", "jane"],
      organizations: ["a", "b"],
      uids: ["u-1"],
      notAfter: noon + 60,
    });
    const authenticator = createX509Authenticator({ ca: () => bundle, clock });
    expect(await outcomeOf(() => authenticator.authenticateRequest(present(leaf)))).to.deep.equal({
      method: "clientCertificate",
      user: {
        username: "jane",
        uid: "u-1",
        groups: ["a", "b"],
        extra: {
          "authentication.kubernetes.io/credential-id": [
            `X509SHA256=${createHash("sha256").update(leaf.raw).digest("hex")}`,
          ],
        },
      },
      expiresAt: (noon + 60) * 1000,
    });
  });

  for (const [what, parts] of [
    ["two uids", { uids: ["a", "b"] }],
    ["an empty uid", { uids: [""] }],
    ["a certificate that is for servers only", { usages: [serverAuth] }],
    ["one that has ended", { notAfter: noon - 1 }],
  ] as const)
    it(`refuses ${what}`, async () => {
      expect(await judge(parts)).to.equal("ERR_CERTIFICATE_UNTRUSTED");
    });

  it("refuses a certificate of another CA of the same name", async () => {
    expect(await judge({}, [rootCertificate().certificate])).to.equal("ERR_CERTIFICATE_UNTRUSTED");
  });

  it("walks the chain of a connection's certificate once, until the CA changes", () => {
    let ca = [root.certificate];
    const authenticator = createX509Authenticator({ ca: () => ca, clock });
    const credentials = present(root.issue());
    const caller = authenticator.authenticateRequest(credentials);
    expect(authenticator.authenticateRequest(credentials)).to.equal(caller);
    ca = [rootCertificate().certificate];
    expect(() => authenticator.authenticateRequest(credentials)).to.throw(/client CA/);
    ca = [root.certificate];
    expect(authenticator.authenticateRequest(credentials)).to.deep.equal(caller);
  });

  it("forgets a refusal after ten seconds: a certificate may not be valid yet", () => {
    let now = noon * 1000;
    const authenticator = createX509Authenticator({ ca: () => bundle, clock: { ...clock, now: () => now } });
    const credentials = present(root.issue({ notBefore: noon + 5 }));
    expect(() => authenticator.authenticateRequest(credentials)).to.throw();
    now += 9_999;
    expect(() => authenticator.authenticateRequest(credentials)).to.throw();
    now += 1;
    expect(authenticator.authenticateRequest(credentials)).to.include({ method: "clientCertificate" });
  });

  it("tells of each certificate that comes how long it is valid yet, also of one that is then refused", async () => {
    const told: unknown[] = [];
    const note = (message: unknown): void => void told.push(message);
    subscribe("countersign:clientCertificate", note);
    try {
      const good = present(root.issue({ notAfter: noon + 60 }));
      const authenticator = createX509Authenticator({ ca: () => bundle, clock });
      await authenticator.authenticateRequest(good);
      await authenticator.authenticateRequest(good);
      expect(await judge({ notAfter: noon - 30 })).to.equal("ERR_CERTIFICATE_UNTRUSTED");
      await verdictOf(() =>
        authenticator.authenticateRequest(present(rootCertificate().issue({ notAfter: noon + 5 }))),
      );
      const unreadable = {
        authorization: [],
        clientCertificate: { raw: Buffer.from("no certificate"), chain: [] },
      };
      expect(await verdictOf(() => authenticator.authenticateRequest(unreadable))).to.equal(
        "ERR_CERTIFICATE_UNTRUSTED",
      );
      await authenticator.authenticateRequest({ authorization: [] });
    } finally {
      unsubscribe("countersign:clientCertificate", note);
    }
    expect(told).to.deep.equal([60_000, 60_000, -30_000, 5_000].map((remainingMs) => ({ remainingMs })));
  });
});
