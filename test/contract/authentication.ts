import { expect } from "chai";
import { type ApiAnswer, type ApiClient, createApiClient } from "../rig/api-client.ts";
import { createServiceAccount, type IssuedToken, object, paths, requestToken } from "./objects.ts";
import type { Contract } from "./target.ts";

const path = `${paths.authentication}/selfsubjectreviews`;
const nobody = "system:anonymous";
const protocol = (token: string): string =>
  `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
const webSocket = (...protocols: readonly string[]) => ({
  ...{ Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13" },
  ...{ "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==", "Sec-WebSocket-Protocol": protocols.join(", ") },
});

type Headers = Readonly<Record<string, string>>;

/** Who a request comes from: k8s.io/apiserver pkg/authentication/authenticatorfactory, of a server where anonymous is on. */
export function describeAuthentication(contract: Contract): void {
  const { check, target } = contract;
  let client: ApiClient;
  let account: string;
  let good: string;
  const send = (headers: Headers): Promise<ApiAnswer> => client.request("POST", path, { body: {}, headers });
  const who = async (headers: Headers): Promise<string | undefined> => {
    const answer = await send(headers);
    const { message = "", status } = answer.body as {
      message?: string;
      status: { userInfo: { username: string } };
    };
    if (answer.status === 201) return status.userInfo.username;
    // who is nobody may not ask who it is, and is told so by name
    return answer.status === 403 ? /User "([^"]+)" cannot/.exec(message)?.[1] : String(answer.status);
  };

  describe("authentication", () => {
    before(async () => {
      const { url, caPem } = target();
      client = createApiClient({ url, caPem });
      const created = await createServiceAccount(contract);
      account = created.username;
      good = object<IssuedToken>(await requestToken(contract, created, {})).status.token;
    });
    after(() => client?.close());

    const rows: readonly (readonly [string, () => Headers, () => string])[] = [
      ["nothing is nobody", () => ({}), () => nobody],
      ["a good token is its user", () => ({ authorization: `Bearer ${good}` }), () => account],
      ["a bad token is 401, not nobody", () => ({ authorization: "Bearer bad" }), () => "401"],
      ["Basic is nothing", () => ({ authorization: "Basic dXNlcjpwYXNz" }), () => nobody],
      ["Bearer without a token is nothing", () => ({ authorization: "Bearer" }), () => nobody],
      [
        "Bearer, two spaces and a token is nothing",
        () => ({ authorization: `Bearer  ${good}` }),
        () => nobody,
      ],
      [
        "the scheme has no case, and a third word is passed over",
        () => ({ authorization: `bEARER ${good} x` }),
        () => account,
      ],
      [
        "headers of a front proxy are nothing without its certificate",
        () => ({ "X-Remote-User": "eve", "X-Remote-Group": "system:masters" }),
        () => nobody,
      ],
      [
        "a token may come as WebSocket subprotocol",
        () => webSocket("v5.channel.k8s.io", protocol(good)),
        () => account,
      ],
      ["a bad one of these is 401", () => webSocket("v5.channel.k8s.io", protocol("bad")), () => "401"],
      ["one of these alone is 401", () => webSocket(protocol(good)), () => "401"],
      ["two of these are 401", () => webSocket("a", protocol(good), protocol(good)), () => "401"],
      ["one of these that is no base64url is 401", () => webSocket("a", `${protocol(good)}=`), () => "401"],
      ["an empty one of these is nothing", () => webSocket("a", protocol("")), () => nobody],
      [
        "one of these in a request that is no WebSocket's is nothing",
        () => ({ "Sec-WebSocket-Protocol": `a, ${protocol(good)}` }),
        () => nobody,
      ],
      [
        "a good one of these makes up for a bad token",
        () => ({ authorization: "Bearer bad", ...webSocket("a", protocol(good)) }),
        () => account,
      ],
      [
        "a bad one of these does a good token no harm",
        () => ({ authorization: `Bearer ${good}`, ...webSocket("a", protocol("bad")) }),
        () => account,
      ],
    ];
    for (const [what, headers, expected] of rows)
      check(what, async () => {
        expect(await who(headers())).to.equal(expected());
      });

    check("the second space is warned of, whoever asks", async () => {
      const warning =
        '299 - "the provided Authorization header contains extra space before the bearer token, and is ignored"';
      const authorization = `Bearer  ${good}`;
      for (const headers of [
        { authorization },
        { authorization, ...webSocket("a", protocol(good)) },
        { authorization, ...webSocket("a", protocol("bad")) },
      ])
        expect((await send(headers)).headers.warning).to.equal(warning);
      for (const headers of [{ authorization: `Bearer ${good}` }, { authorization: "Basic  eA==" }, {}])
        expect((await send(headers)).headers.warning).to.equal(undefined);
    });
  });
}
