import { expect } from "chai";
import { type AnonymousOptions, createAnonymousAuthenticator } from "../../src/authentication/anonymous.ts";
import { CountersignError } from "../../src/errors.ts";

const nobody = {
  method: "anonymous",
  user: { username: "system:anonymous", groups: ["system:unauthenticated"], extra: {} },
};
const ask = (options: boolean | AnonymousOptions, path?: string) =>
  createAnonymousAuthenticator(options)!.authenticateRequest({
    authorization: [],
    ...(path !== undefined && { path }),
  });

describe("createAnonymousAuthenticator", () => {
  for (const options of [true, {}, { enabled: true }])
    it(`${JSON.stringify(options)} takes whoever asks for nobody, whatever the path`, () => {
      for (const path of [undefined, "/", "/healthz"]) expect(ask(options, path)).to.deep.equal(nobody);
    });

  for (const options of [false, { enabled: false }])
    it(`${JSON.stringify(options)} is none at all`, () =>
      expect(createAnonymousAuthenticator(options)).to.equal(undefined));

  it("with conditions, takes those of exactly these paths", () => {
    const conditions = [{ path: "/healthz" }, { path: "/livez/" }];
    for (const path of ["/healthz", "/livez/"]) expect(ask({ conditions }, path)).to.deep.equal(nobody);
    for (const path of [
      "/",
      "",
      "/livez",
      "/healthz/",
      "/healthz/x",
      "/HEALTHZ",
      "healthz",
      "/healthz?",
      "/%68ealthz",
      "__proto__",
    ])
      expect(ask({ conditions, enabled: true }, path)).to.equal(undefined);
  });

  it("with conditions, a request whose path is not told meets none", () =>
    expect(ask({ conditions: [{ path: "/healthz" }] })).to.equal(undefined));

  for (const [what, options, message] of [
    [
      "of what is off, in upstream's words",
      { enabled: false, conditions: [{ path: "/x" }] },
      /^anonymous: enabled should be set to true when conditions are defined$/,
    ],
    ["of what is off, even if none", { enabled: false, conditions: [] }, /enabled should be set to true/],
    ["of which there are none", { conditions: [] }, /at least one/],
    ["without a path", { conditions: [{ path: "" }] }, /""/],
    ["without a slash", { conditions: [{ path: "healthz" }] }, /"healthz"/],
    ["with a query", { conditions: [{ path: "/healthz?verbose" }] }, /without a query/],
    ["with a space", { conditions: [{ path: "/ok" }, { path: "/healthz " }] }, /"\/healthz "/],
  ] as const)
    it(`refuses conditions ${what}`, () => {
      expect(() => createAnonymousAuthenticator(options))
        .to.throw(CountersignError, message)
        .with.property("code", "ERR_CONFIGURATION");
    });
});
