import { expect } from "chai";
import { parseServerConfiguration } from "../../src/configuration/load-server-configuration.ts";
import { CountersignError } from "../../src/errors.ts";

const source = { file: "server.yaml", directory: "/etc/countersign" };

/** Read as if it stood in `/etc/countersign/server.yaml`. */
export const parse = (text: string) => parseServerConfiguration(text, source);

/** A file with one route, whose fields the case sets. */
export function file(parts: { route?: string; top?: string } = {}): string {
  const route = parts.route ?? "authentication: {mode: off}";
  return `apiVersion: countersign.dev/v1alpha1
kind: ServerConfiguration
tls: {certFile: tls.crt, keyFile: tls.key}
webhooks:
  - path: /validate
    policy: {file: policy.ts}
    ${route}
${parts.top ?? ""}`;
}

/** The lines of the error, without the count above them; none where the text is good. */
export function faults(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_CONFIGURATION");
    const lines = (error as Error).message.split("\n");
    return lines[0]!.endsWith("faults in the configuration") ? lines.slice(1) : lines;
  }
  return [];
}
