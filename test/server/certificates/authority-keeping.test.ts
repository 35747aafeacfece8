import { expect } from "chai";
import { encodeAuthority, type SecretTexts } from "../../../src/certificates/authority-secret.ts";
import type { AuthorityState } from "../../../src/certificates/authority-state.ts";
import { createAPIServerClock } from "../../../src/server/certificates/api-server-clock.ts";
import {
  type AuthorityKeeping,
  type AuthoritySituation,
  createAuthorityKeeping,
} from "../../../src/server/certificates/authority-keeping.ts";
import type { SecretClient } from "../../../src/transport/secret-client.ts";
import { rejectionOf } from "../../rejection.ts";

const day = 24 * 3_600_000;
const start = Date.UTC(2030, 0, 1);
const rotation = {
  dnsNames: ["countersign.ns.svc"],
  caValidityMs: 365 * day,
  certificateValidityMs: 90 * day,
  renewBeforeMs: 30 * day,
};
const alone: AuthoritySituation = { published: () => true, used: undefined };

/** A Secret whose other writers come exactly between a read and a write, as no API server lets a test arrange. */
interface ScriptedSecret extends SecretClient {
  texts: SecretTexts | undefined;
  date: number | undefined;
  annotations: Readonly<Record<string, string>>;
  /** Called before each write. */
  meanwhile: () => void;
  reads: number;
}

function scripted(): ScriptedSecret {
  let version = 0;
  let kept: SecretTexts | undefined;
  const secret: ScriptedSecret = {
    date: start,
    annotations: {},
    meanwhile: () => undefined,
    reads: 0,
    get texts() {
      return kept;
    },
    set texts(texts) {
      kept = texts;
      version++;
    },
    async read() {
      secret.reads++;
      if (kept === undefined) return { secret: undefined, date: secret.date };
      const { annotations } = secret;
      const object = { metadata: { resourceVersion: String(version), annotations } };
      return { secret: { texts: kept, object }, date: secret.date };
    },
    async create(texts) {
      secret.meanwhile();
      if (kept !== undefined) return false;
      secret.texts = texts;
      return true;
    },
    async replace({ object }, texts) {
      secret.meanwhile();
      if (object.metadata.resourceVersion !== String(version)) return false;
      secret.texts = texts;
      return true;
    },
  };
  return secret;
}

describe("keeping an authority", () => {
  let secret: ScriptedSecret;
  let keeping: AuthorityKeeping;
  let steps: string[] = [];
  beforeEach(() => {
    secret = scripted();
    steps = [];
    keeping = keeperOf(secret);
  });
  const keeperOf = (secrets: SecretClient): AuthorityKeeping =>
    createAuthorityKeeping({
      secrets,
      rotation,
      clock: createAPIServerClock({ now: () => 0, random: () => 0 }),
      onStep: (action) => steps.push(action),
    });
  const made = async (): Promise<AuthorityState> => {
    const other = scripted();
    const { state } = await keeperOf(other).keep(alone);
    steps = [];
    return state;
  };

  for (const texts of [undefined, {}])
    it(`makes one where ${texts === undefined ? "no Secret is" : "the Secret is empty"}, and says until when it is good`, async () => {
      secret.texts = texts;
      const { state, until } = await keeping.keep(alone);
      expect(steps).to.deep.equal(["create"]);
      expect(secret.texts).to.deep.equal(encodeAuthority(state));
      expect(until).to.equal(start + 60 * day);
    });

  for (const texts of [undefined, {}])
    it(`takes what another made first, where ${texts === undefined ? "no Secret was" : "the Secret was empty"}`, async () => {
      const other = encodeAuthority(await made());
      secret.texts = texts;
      secret.meanwhile = () => {
        secret.texts = other;
        secret.meanwhile = () => undefined;
      };
      const { state } = await keeping.keep(alone);
      expect(encodeAuthority(state)).to.deep.equal(other);
      expect(steps).to.deep.equal([]);
    });

  it("makes its times by the API server's clock, whatever ours says", async () => {
    const { state } = await keeping.keep(alone);
    expect(state.leaf!.notAfter).to.equal(start + 90 * day);
  });

  it("takes no step twice that another has taken meanwhile", async () => {
    await keeping.keep(alone);
    secret.date = start + 60 * day;
    const other = keeperOf(secret);
    secret.meanwhile = () => {
      secret.meanwhile = () => undefined;
      void other.keep(alone);
    };
    const { state } = await keeping.keep(alone);
    expect(state.leaf!.notAfter).to.equal(start + 150 * day);
    expect(steps.filter((step) => step === "sign")).to.have.length(1);
  });

  it("takes all steps that are due at once, and waits before the next CA signs", async () => {
    const first = await keeping.keep(alone);
    secret.date = start + 335 * day;
    await keeping.keep(alone);
    const { state, until } = await keeping.keep(alone);
    expect(steps).to.include.members(["announce", "notePublished"]).and.not.include("promote");
    expect(state.signer.certificate.subject).to.equal(first.state.signer.certificate.subject);
    // between two answers the clock goes on by as long as the test takes
    expect(until - secret.date).to.be.within(0, 10 * 60_000 + 5_000);
    secret.date = until + 1_000;
    const promoted = await keeping.keep(alone);
    expect(steps).to.include("promote");
    expect(promoted.state.previous.map(({ subject }) => subject)).to.deep.equal([
      first.state.signer.certificate.subject,
    ]);
  });

  it("restores what is in use where it is lost, and makes no other", async () => {
    const used = await made();
    secret.texts = { "countersign.json": "{}" };
    const { state } = await keeping.keep({ ...alone, used });
    expect(encodeAuthority(state)).to.deep.equal(encodeAuthority(used));
    expect(steps).to.deep.equal(["restore"]);
  });

  it("replaces the CA when an operator asks for it, and trusts it no more once the next is served", async () => {
    const first = await keeping.keep(alone);
    secret.date = start + 5 * day;
    // half a second that certificates do not have
    secret.annotations = { "countersign.dev/rotate-after": "2030-01-06T00:00:00.500Z" };
    await keeping.keep(alone);
    await keeping.keep(alone);
    expect(steps).to.deep.equal(["create", "announce", "notePublished"]);
    secret.date += 11 * 60_000;
    await keeping.keep(alone);
    secret.date += 11 * 60_000;
    const { state } = await keeping.keep(alone);
    expect(steps.slice(3)).to.deep.equal(["promote", "retire"]);
    expect(state.previous).to.deep.equal([]);
    expect(state.signer.certificate.subject).to.not.equal(first.state.signer.certificate.subject);
    secret.date += 11 * 60_000;
    expect((await keeping.keep(alone)).problem).to.equal(undefined);
    expect(steps).to.have.length(5);
  });

  for (const written of ["now", "2030-01-06", "1893456000", ""])
    it(`does all else and says what is wrong where an operator asks for ${JSON.stringify(written)}`, async () => {
      secret.annotations = { "countersign.dev/rotate-after": written };
      secret.texts = {};
      const { state, problem } = await keeping.keep(alone);
      expect(state.leaf).to.not.equal(undefined);
      expect(problem?.code).to.equal("ERR_CERTIFICATE_INVALID");
      expect(problem?.message).to.include(
        `countersign.dev/rotate-after: ${JSON.stringify(written)} is no instant`,
      );
    });

  it("refuses what is not ours, by its code, and writes nothing", async () => {
    const texts = { "tls.crt": "of somebody else" };
    secret.texts = texts;
    expect((await rejectionOf(keeping.keep({ ...alone, used: await made() }))).code).to.equal(
      "ERR_CERTIFICATE_SECRET",
    );
    expect(secret.texts).to.equal(texts);
  });

  it("begins anew once a minute at most, for a clock that jumps to and fro", async () => {
    await keeping.keep(alone);
    secret.date = start + 4000 * day;
    await keeping.keep(alone);
    expect(steps).to.deep.equal(["create", "recover"]);
    secret.date = start;
    const error = await rejectionOf(keeping.keep(alone));
    expect(error.code).to.equal("ERR_CERTIFICATE_INVALID");
    expect(error.message).to.match(/less than a minute ago.*not valid before/);
  });

  it("gives up for now where others change it faster than it can read", async () => {
    secret.texts = {};
    secret.meanwhile = () => {
      secret.texts = {};
    };
    const error = await rejectionOf(keeping.keep(alone));
    // not the code that a start gives up for: it passes
    expect(error).to.include({
      code: "ERR_CERTIFICATE_INVALID",
      message: "the Secret changes faster than it can be read",
    });
    expect(secret.reads).to.be.below(20);
  });
});
