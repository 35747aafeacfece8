import { expect } from "chai";
import fc from "fast-check";
import type { TokenReview } from "../../src/apis/authentication.ts";
import type { Caller, PresentedCredentials } from "../../src/authentication/authenticator.ts";
import { createDelegatingAuthenticator } from "../../src/authentication/delegating.ts";
import type { RequestHeaderConfiguration } from "../../src/authentication/request-header.ts";
import { CountersignError } from "../../src/errors.ts";
import { rootCertificate } from "./certificates.ts";
import { stoppedClock } from "./minting.ts";
import { outcomeOf } from "./outcome.ts";

const users = rootCertificate({ commonNames: ["client-ca"] });
const proxies = rootCertificate({ commonNames: ["front-proxy-ca"] });
const jane = users.issue({ commonNames: ["jane"], organizations: ["team"] });
const proxy = proxies.issue({ commonNames: ["front-proxy-client"] });
const intermediate = users.issue({ commonNames: ["intermediate"], ca: true, usages: undefined });
const zoe = intermediate.issue({ commonNames: ["zoe"] });
const requestHeader: RequestHeaderConfiguration = {
  ca: [proxies.certificate],
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
};
const clientCA = [users.certificate];

let answer: unknown;
const client = { createTokenReview: async () => answer as TokenReview };
const authenticatorFor = (audiences: readonly string[] = []) =>
  createDelegatingAuthenticator({
    requestHeader: () => requestHeader,
    clientCA: () => clientCA,
    tokenReview: { client, audiences },
    anonymous: true,
    clock: stoppedClock(),
  });
const authenticator = authenticatorFor();
const judge = (credentials: Partial<PresentedCredentials>, by = authenticator) =>
  outcomeOf(() => by.authenticateRequest({ authorization: [], rawHeaders: [], ...credentials }));

describe("hostile callers of a server that speaks as an API server", () => {
  describe("certificates", () => {
    const expectNobodyElse = async (raw: Buffer, chain: readonly Buffer[], name: string): Promise<void> => {
      const outcome = await judge({ clientCertificate: { raw, chain } });
      if (outcome instanceof CountersignError) expect(outcome.code).to.equal("ERR_CERTIFICATE_UNTRUSTED");
      else expect(outcome!.user.username).to.equal(name);
    };

    it("of any bytes are refused by code, never forgiven as anonymous", () =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
          expect(await judge({ clientCertificate: { raw: Buffer.from(bytes), chain: [] } })).to.include({
            code: "ERR_CERTIFICATE_UNTRUSTED",
          });
        }),
      ));

    // an encoding may say the same in two ways: then it is jane still, and never anybody else
    it("of which any byte is another are refused, or jane's", () =>
      fc.assert(
        fc.asyncProperty(fc.nat(jane.raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
          const raw = Buffer.from(jane.raw);
          raw[at] = raw[at]! ^ by;
          return expectNobodyElse(raw, [], "jane");
        }),
        { numRuns: 1000 },
      ));

    it("whose subject is another, by one letter, are refused", async () => {
      const at = jane.raw.lastIndexOf("jane");
      const raw = Buffer.from(jane.raw);
      raw.write("jade", at, "latin1");
      expect(await judge({ clientCertificate: { raw, chain: [] } })).to.include({
        code: "ERR_CERTIFICATE_UNTRUSTED",
      });
    });

    it("that are cut short or go on are refused, or still the one that was signed", async () => {
      for (let length = 0; length < jane.raw.length; length += 7)
        expect(
          await judge({ clientCertificate: { raw: jane.raw.subarray(0, length), chain: [] } }),
        ).to.include({
          code: "ERR_CERTIFICATE_UNTRUSTED",
        });
      await expectNobodyElse(Buffer.concat([jane.raw, proxy.raw]), [], "jane");
    });

    it("beside which any intermediates stand make nobody of them", () => {
      const bytes = fc.uint8Array({ maxLength: 60 }).map((one) => Buffer.from(one));
      const certificate = fc.constantFrom(
        jane.raw,
        proxy.raw,
        intermediate.raw,
        users.raw,
        proxies.raw,
        zoe.raw,
      );
      return fc.assert(
        fc.asyncProperty(
          fc.constantFrom(jane, zoe),
          fc.array(fc.oneof(certificate, bytes), { maxLength: 12 }),
          async ({ raw }, chain) => expectNobodyElse(raw, chain, raw === zoe.raw ? "zoe" : "jane"),
        ),
      );
    });

    it("that are refused, and a good token: the token decides", async () => {
      answer = { status: { authenticated: true, user: { username: "token-user" } } };
      const outcome = await judge({
        clientCertificate: { raw: Buffer.from("x"), chain: [] },
        authorization: ["Bearer good"],
      });
      expect((outcome as Caller).user.username).to.equal("token-user");
    });
  });

  describe("TokenReview answers that lie", () => {
    const user = { username: "eve", groups: ["system:masters"] };
    const wanted = "https://gateway";
    const lies: Readonly<Record<string, unknown>> = {
      nothing: undefined,
      null: null,
      "a text": "authenticated",
      "an empty object": {},
      "no status": { kind: "TokenReview" },
      "an empty status": { status: {} },
      "not authenticated, with a user": { status: { authenticated: false, user, audiences: [wanted] } },
      "authenticated as a text": { status: { authenticated: "true", user, audiences: [wanted] } },
      "authenticated as a number": { status: { authenticated: 1, user, audiences: [wanted] } },
      "authenticated without a user": { status: { authenticated: true, audiences: [wanted] } },
      "a user without a name": {
        status: { authenticated: true, user: { groups: ["a"] }, audiences: [wanted] },
      },
      "another audience": { status: { authenticated: true, user, audiences: ["https://other"] } },
      "an audience that begins like it": { status: { authenticated: true, user, audiences: [`${wanted}/`] } },
      "no audience": { status: { authenticated: true, user } },
      "an empty list of audiences": { status: { authenticated: true, user, audiences: [] } },
      "audiences that are a text": { status: { authenticated: true, user, audiences: wanted } },
      "audiences in an object": {
        status: { authenticated: true, user, audiences: { 0: wanted, length: 1 } },
      },
      "groups that are a text": {
        status: { authenticated: true, user: { ...user, groups: "system:masters" }, audiences: [wanted] },
      },
      "groups that are no texts": {
        status: { authenticated: true, user: { ...user, groups: [["a"]] }, audiences: [wanted] },
      },
      "an extra that is no list": {
        status: { authenticated: true, user: { ...user, extra: { a: "b" } }, audiences: [wanted] },
      },
      "a status that is inherited": Object.create({
        status: { authenticated: true, user, audiences: [wanted] },
      }),
    };
    for (const [what, lie] of Object.entries(lies))
      it(`${what}: 401, now and when it is remembered`, async () => {
        answer = lie;
        const by = authenticatorFor([wanted]);
        for (let times = 0; times < 2; times++) {
          const outcome = await judge({ authorization: ["Bearer token"] }, by);
          expect(outcome).to.be.instanceOf(CountersignError).with.property("status", 401);
          expect((outcome as CountersignError).code).to.match(/^ERR_TOKEN_REVIEW_/);
        }
      });

    it("a lie about one token says nothing of another, and the truth comes through as soon as it is told", async () => {
      const by = authenticatorFor();
      answer = { status: { authenticated: "true", user } };
      await judge({ authorization: ["Bearer a"] }, by);
      answer = { status: { authenticated: true, user: { username: "jane" } } };
      for (const token of ["a", "b"]) {
        const { user: known } = (await judge({ authorization: [`Bearer ${token}`] }, by)) as Caller;
        expect(known).to.deep.equal({ username: "jane", groups: ["system:authenticated"], extra: {} });
      }
    });
  });

  describe("floods of headers", () => {
    const many = 50_000;
    const flood = (name: (index: number) => string, value: (index: number) => string): string[] =>
      Array.from({ length: many }, (_, index) => [name(index), value(index)]).flat();
    const clientCertificate = { raw: proxy.raw, chain: [] };

    it("of a proxy's groups and extra are taken in one pass each", async () => {
      const rawHeaders = [
        ...["X-Remote-User", "jane"],
        ...flood(() => "X-Remote-Group", String),
        ...flood(() => "X-Remote-Extra-Same", String),
        ...flood((index) => `X-Remote-Extra-${index}`, String),
      ];
      const { user } = (await judge({ clientCertificate, rawHeaders })) as Caller;
      expect([user.groups!.length, Object.keys(user.extra!).length]).to.deep.equal([many + 1, many + 1]);
    });

    it("of Authorization and of subprotocols ask about one token, or none", async () => {
      answer = { status: { authenticated: false } };
      const by = authenticatorFor();
      const authorization = Array.from({ length: many }, (_, index) => `Bearer ${index}`);
      expect(await judge({ authorization }, by)).to.include({ code: "ERR_TOKEN_REVIEW_REFUSED" });
      const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from("a").toString("base64url")}`;
      const rawHeaders = [
        "Upgrade",
        "websocket",
        "Connection",
        "Upgrade",
        ...flood(
          () => "Sec-WebSocket-Protocol",
          () => protocol,
        ),
      ];
      expect(await judge({ rawHeaders }, by)).to.include({ code: "ERR_AUTHORIZATION_DUPLICATE" });
    });

    it("of whatever nobody asked for change nothing", async () => {
      const rawHeaders = flood(
        (index) => `X-Remote-Users-${index}`,
        () => "eve",
      );
      const { user } = (await judge({
        clientCertificate: { raw: jane.raw, chain: [] },
        rawHeaders,
      })) as Caller;
      expect(user.username).to.equal("jane");
      expect((await judge({ rawHeaders })) as Caller).to.have.nested.property(
        "user.username",
        "system:anonymous",
      );
    });
  });

  it("whatever stands in the headers, without certificate or token it is nobody", () => {
    answer = { status: { authenticated: true, user: { username: "eve" } } };
    const name = fc.mixedCase(
      fc.constantFrom(
        "x-remote-user",
        "x-remote-group",
        "x-remote-uid",
        "x-remote-extra-a",
        "x-forwarded-user",
        "cookie",
        "sec-websocket-protocol",
      ),
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("system:masters", "system:admin", "base64url.bearer.authorization.k8s.io.Z29vZA"),
    );
    return fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 10 }), async (headers) => {
        const outcome = (await judge({ rawHeaders: headers.flat() })) as Caller;
        expect(outcome.user).to.deep.equal({
          username: "system:anonymous",
          groups: ["system:unauthenticated"],
          extra: {},
        });
      }),
    );
  });
});
