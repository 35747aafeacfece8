import * as z from "zod/mini";
import { type Part, reporter } from "./distinct-entries.ts";

/** Where spans go: the same in every kind of configuration file. Off where it is left out. */
export const tracing = z
  .strictObject({
    endpoint: z
      .string()
      .check(
        checkEndpoint,
        z.describe("The collector's base URL, as `http://otel:4318`: `/v1/traces` is asked below it."),
      ),
    samplingRatio: z.prefault(
      z
        .number()
        .check(
          z.gte(0),
          z.lte(1),
          z.describe("For requests whose caller has not decided; one that has, decides."),
        ),
      1,
    ),
  })
  .check(z.describe("OpenTelemetry traces by OTLP/HTTP. Left out, there are none."));

/** As it was understood: defaults filled in. */
export type TracingConfiguration = z.output<typeof tracing>;

function checkEndpoint(part: Part<string>): void {
  if (!isCollector(part.value))
    reporter(part)([], "must be an http or https URL without user, query or fragment, as http://otel:4318");
}

function isCollector(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === "" && password === "" && !/[?#]/.test(url);
}
