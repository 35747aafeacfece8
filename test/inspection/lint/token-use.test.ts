import { expect } from "chai";
import { stringify } from "yaml";
import { decodeLintInputs } from "../../../src/inspection/lint/decode-lint-inputs.ts";
import { createLintContext } from "../../../src/inspection/lint/lint-context.ts";
import { parseLintDocuments } from "../../../src/inspection/lint/lint-document.ts";
import type { TokenUse } from "../../../src/inspection/lint/token-use.ts";
import { agent, exec, hostPort, kubeconfig, named, url, validating } from "./lint-rig.ts";

/** How the first webhook of these objects is called. */
function usesIn(...objects: readonly unknown[]): readonly TokenUse[] {
  const documents = objects.flatMap((object) => parseLintDocuments(stringify(object), "file.yaml"));
  const context = createLintContext(decodeLintInputs(documents).inputs);
  return context.tokenUsesOf(context.webhooks[0]!);
}

const byExec = `kubeconfig user "${hostPort}" (exec)`;
const byFile = `kubeconfig user "${hostPort}" (tokenFile)`;
const socket = "/run/countersign/agent.sock";
const user = (...args: readonly string[]) => kubeconfig({ [hostPort]: exec(args) });
const annotate = (text: string) =>
  named(validating(), "images", { annotations: { "countersign.dev/authentication-source": text } });

interface Row {
  readonly name: string;
  readonly given: readonly unknown[];
  readonly uses: readonly TokenUse[];
}

const rows: readonly Row[] = [
  { name: "nobody's word", given: [validating()], uses: [] },
  {
    name: "our plugin for one group",
    given: [validating(), user("--api-group=apps")],
    uses: [{ by: byExec, mode: "attested", apiGroup: "apps" }],
  },
  {
    name: "flags and values apart",
    given: [validating(), user("--mode", "attested", "--api-group", "*")],
    uses: [{ by: byExec, mode: "attested", apiGroup: "*" }],
  },
  {
    name: "plain tokens",
    given: [validating(), user("--mode=audience")],
    uses: [{ by: byExec, mode: "audience" }],
  },
  {
    name: "another plugin",
    given: [validating(), kubeconfig({ [hostPort]: exec([], { args: ["token"] }) })],
    uses: [{ by: byExec }],
  },
  {
    name: "an exec stanza that a certificate silences",
    given: [
      validating(),
      kubeconfig({ [hostPort]: { ...exec(), "client-certificate": "a", "client-key": "b" } }),
    ],
    uses: [],
  },
  {
    name: "a user of another host",
    given: [validating(), kubeconfig({ "other.shop.svc:443": exec() })],
    uses: [],
  },
  {
    name: "the socket of an agent that is not given",
    given: [validating(), user(`--socket=${socket}`)],
    uses: [{ by: byExec, isKept: true }],
  },
  {
    name: "the socket of the agent given",
    given: [validating(), user(`--socket=${socket}`), agent({ socket, tokenFiles: [], apiGroup: "batch" })],
    uses: [{ by: byExec, mode: "attested", apiGroup: "batch", isKept: true }],
  },
  {
    name: "one of two agents, by its socket",
    given: [
      validating(),
      user(`--socket=${socket}`),
      agent({ socket: "/run/other.sock", tokenFiles: [] }),
      agent({ socket, tokenFiles: [], apiGroup: "*" }),
    ],
    uses: [{ by: byExec, mode: "attested", apiGroup: "*", isKept: true }],
  },
  {
    name: "a token file that somebody writes",
    given: [validating(), kubeconfig({ [hostPort]: { tokenFile: "/run/t" } })],
    uses: [{ by: byFile }],
  },
  {
    name: "a token file that the agent writes",
    given: [validating(), kubeconfig({ [hostPort]: { tokenFile: "/run/countersign/images" } }), agent()],
    uses: [
      { by: byFile, mode: "attested", apiGroup: "apps", isKept: true },
      { by: `the agent's token file for ${hostPort}`, mode: "attested", apiGroup: "apps", isKept: true },
    ],
  },
  {
    name: "the annotation",
    given: [annotate('{"images.example.com": {"tokenRequest": {}}}')],
    uses: [{ by: "its own authenticationSource" }],
  },
  { name: "an annotation that is wrong", given: [annotate("{")], uses: [] },
  {
    name: "a static token, which is nobody's to mistake",
    given: [validating(), kubeconfig({ [hostPort]: { token: "a" } })],
    uses: [],
  },
  {
    name: "a URL's host with the letters it has",
    given: [validating(url("https://Hooks.example.com/v")), kubeconfig({ "hooks.example.com:443": exec() })],
    uses: [],
  },
];

describe("tokenUsesOf", () => {
  for (const { name, given, uses } of rows)
    it(`tells how a webhook is called by ${name}`, () => expect(usesIn(...given)).to.deep.equal(uses));
});
