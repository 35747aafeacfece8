import { dirname, resolve } from "node:path";
import { parseAgentConfiguration } from "../../configuration/load-agent-configuration.ts";
import type { ConfigurationSource } from "../../configuration/load-configuration.ts";
import { parseGatewayConfiguration } from "../../configuration/load-gateway-configuration.ts";
import { parseServerConfiguration } from "../../configuration/load-server-configuration.ts";
import { CountersignError } from "../../errors.ts";
import { type Decoded, originOf } from "./decoded.ts";
import type { Finding } from "./finding.ts";
import type { LintDocument } from "./lint-document.ts";
import type { AgentSubject, GatewaySubject, ServerSubject } from "./lint-subjects.ts";

/** A ServerConfiguration, read as `serve` reads it. */
export function decodeServer(document: LintDocument): Decoded<ServerSubject> {
  return decodeOurs(document, (text, source) => {
    return { origin: originOf(document), path: [], server: parseServerConfiguration(text, source) };
  });
}

/** An AgentConfiguration, read as `agent` reads it. */
export function decodeAgent(document: LintDocument): Decoded<AgentSubject> {
  return decodeOurs(document, (text, source) => {
    return { origin: originOf(document), path: [], agent: parseAgentConfiguration(text, source) };
  });
}

/** A GatewayConfiguration, read as `gateway` reads it. */
export function decodeGateway(document: LintDocument): Decoded<GatewaySubject> {
  return decodeOurs(document, (text, source) => {
    return { origin: originOf(document), path: [], gateway: parseGatewayConfiguration(text, source) };
  });
}

function decodeOurs<Subject>(
  document: LintDocument,
  parse: (text: string, source: ConfigurationSource) => Subject,
): Decoded<Subject> {
  const { file, text = JSON.stringify(document.value) } = document;
  try {
    return { subjects: [parse(text, { file, directory: dirname(resolve(file)) })], findings: [] };
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const { object } = originOf(document);
    return { subjects: [], findings: faultLines(error.message, file).map((fault) => ({ ...fault, object })) };
  }
}

/** The faults of a configuration error, which has one on each line: `FILE:LINE:COLUMN: FIELD: MESSAGE`. */
function faultLines(message: string, file: string): readonly Finding[] {
  const common = { severity: "error", code: "configuration-invalid", object: "", field: "", file } as const;
  const found = message.split("\n").flatMap((text): readonly Finding[] => {
    if (!text.startsWith(`${file}:`)) return [];
    const [, line, rest = ""] = /^(\d+):\d+: (.*)$/.exec(text.slice(file.length + 1)) ?? [];
    const [, field = "", what = rest] = /^([a-zA-Z]\w*(?:\.[^\s:]+|\[\d+\])*): (.*)$/.exec(rest) ?? [];
    return line === undefined ? [] : [{ ...common, field, line: Number(line), message: what }];
  });
  return found.length > 0 ? found : [{ ...common, message }];
}
