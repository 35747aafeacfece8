import { diagnosticsChannel } from "../diagnostics.ts";
import { decodeJSON } from "./json-decoder.ts";
import type { JSONValue } from "./json-value.ts";

/**
 * V8 12.8 to 14.6 (Node 24 and 26; nodejs/node#63785) gives an escaped member name the letters of another one that it
 * met at the same place before: one caller's body changes how another's is read. The probe uses a name of its own, so
 * that it leads nobody else's parse astray.
 */
export function givesWrongKeys(parse: (text: string) => unknown): boolean {
  parse('{"countersign.dev/probe":[],"\\\\":0}');
  const keys = Object.keys(parse('{"countersign.dev/probe":1,"\\"":2}') as object);
  return keys[1] !== '"';
}

/** Whether member names that are written with an escape have to go through our own decoder on this runtime. */
export const wrongKeys = givesWrongKeys(JSON.parse);

let reported = false;

/** Says once, when somebody listens, that this runtime needs our own decoder and what to do about it. */
export function reportWrongKeys(affected = wrongKeys): void {
  const channel = diagnosticsChannel("countersign:runtime");
  if (reported || !affected || !channel.hasSubscribers) return;
  reported = true;
  channel.publish({
    problem: "wrongKeys",
    detail:
      `JSON.parse of Node ${process.versions.node} confuses escaped member names (nodejs/node#63785): ` +
      "objects that have such names are read by a slower decoder of our own; Node 22 is not affected",
  });
}

/** As `JSON.parse`, and right on every runtime. `escapedName`: the text has a member name written with an escape. */
export function parseJSON(text: string, escapedName: boolean): unknown {
  if (!wrongKeys || !escapedName) return JSON.parse(text);
  reportWrongKeys();
  return decodeJSON(text);
}

/** Sixteen digits in a row: below that every integer fits a double, 2^53 being 9 007 199 254 740 992. */
const longNumber = /[0-9]{16}/;

/**
 * Reads JSON text with every integer exact: those a double cannot hold come back as bigints, which
 * {@link encodeLossless} writes out again.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseLossless(text: string): JSONValue {
  if (longNumber.test(text) || (wrongKeys && text.includes("\\")))
    return decodeJSON(text, { lossless: true });
  return JSON.parse(text);
}
