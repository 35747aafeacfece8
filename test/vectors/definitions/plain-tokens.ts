import { accepted, refused, type VectorDefinition } from "./definition.ts";
import { audience, foreignAudience, now, otherAudience, plainClaims } from "./tokens.ts";

const named = "plain, of one ServiceAccount";

/** ServiceAccount tokens for an audience, bound to no configuration: accepted of named ServiceAccounts only. */
export const plainTokens: readonly VectorDefinition[] = [
  {
    name: "of the named ServiceAccount",
    route: named,
    token: { claims: plainClaims() },
    expected: accepted(),
  },
  {
    name: "of a ServiceAccount of that name in another namespace: anybody can have a token for any audience",
    route: "plain, of another ServiceAccount",
    token: { claims: plainClaims() },
    expected: refused("ERR_CALLER_UNNAMED"),
  },
  {
    name: "living for an hour",
    route: named,
    token: { claims: plainClaims({ exp: now + 3_540 }) },
    expected: accepted(),
  },
  {
    name: "for two audiences, both this server's",
    route: named,
    token: { claims: plainClaims({ aud: [audience, otherAudience] }) },
    expected: accepted(),
  },
  {
    name: "for this server and another, which could replay it here",
    route: named,
    token: { claims: plainClaims({ aud: [audience, foreignAudience] }) },
    expected: refused("ERR_TOKEN_AUDIENCE"),
  },
  {
    name: "for another route of this server only",
    route: named,
    token: { claims: plainClaims({ aud: [otherAudience] }) },
    expected: refused("ERR_TOKEN_AUDIENCE"),
  },
  {
    name: "bound to a Pod, as a mounted token is",
    route: named,
    token: {
      claims: plainClaims(
        {},
        {
          pod: { name: "web-0", uid: "8d0f2c55-7b6c-4d9f-8a13-9f4c5b1f6e77" },
          node: { name: "node-1", uid: "0c7a5e0e-53f5-4a0e-a8a1-0b1f0f5f3d21" },
          warnafter: now + 3_547,
        },
      ),
    },
    expected: accepted(),
  },
  {
    name: "a bound token where only plain ones are accepted",
    route: named,
    token: {},
    expected: refused("ERR_TOKEN_UNACCEPTED"),
  },
  {
    name: "a plain token where only bound ones are accepted",
    token: { claims: plainClaims() },
    expected: refused("ERR_TOKEN_UNACCEPTED"),
  },
];
