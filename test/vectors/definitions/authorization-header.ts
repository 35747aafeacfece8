import { accepted, refused, type VectorDefinition } from "./definition.ts";

/** How the token is shown. */
export const authorizationHeader: readonly VectorDefinition[] = [
  { name: "Bearer and the token", expected: accepted("apps") },
  {
    name: "the scheme in lower case",
    authorization: ["bearer {token}"],
    expected: accepted("apps"),
  },
  { name: "nothing", authorization: [], expected: refused("ERR_CREDENTIALS_MISSING") },
  ...[
    ["an empty value", ""],
    ["no token behind the scheme", "Bearer "],
    ["another scheme", "Basic {token}"],
    ["the token alone", "{token}"],
    ["two spaces behind the scheme", "Bearer  {token}"],
    ["a word behind the token", "Bearer {token} more"],
    ["a character no token holds", "Bearer {token}%"],
  ].map(([name, value]) => ({
    name: name!,
    authorization: [value!],
    expected: refused("ERR_AUTHORIZATION_MALFORMED"),
  })),
  ...[
    ["two headers", ["Bearer {token}", "Bearer {token}"]],
    ["a good header behind another scheme's", ["Basic dTpw", "Bearer {token}"]],
    ["two values joined by a comma", ["Bearer {token}, Bearer {token}"]],
  ].map(([name, authorization]) => ({
    name: name as string,
    authorization: authorization as string[],
    expected: refused("ERR_AUTHORIZATION_DUPLICATE"),
  })),
];
