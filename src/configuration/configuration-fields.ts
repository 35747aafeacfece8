import * as z from "zod/mini";
import { checkDistinct } from "./distinct-entries.ts";
import { type Duration, durationPattern, parseDuration } from "./duration.ts";

/** Fields that mean the same in every kind of configuration file. */

export const apiVersion = z
  .literal("countersign.dev/v1alpha1")
  .check(z.describe("The version of this file's format."));

export const text = z.string().check(z.minLength(1));

export const duration = z.pipe(
  // parseDuration reads no more
  z.string().check(z.regex(durationPattern), z.maxLength(64)),
  z.transform((written): Duration => parseDuration(written) ?? { ms: Number.NaN }),
);

/** Where something is served. */
export function listener(port: number, description: string, host = "::") {
  const shape = {
    host: z.prefault(text.check(z.describe("The address of this machine; `::` is all of them.")), host),
    // for tests
    port: z.prefault(z.int().check(z.gte(0), z.lte(65_535), z.describe("`0` takes any that is free.")), port),
  };
  return z.prefault(z.strictObject(shape).check(z.describe(description)), {});
}

// names as the API server takes them, so that `NAMESPACE/NAME` in one field is seen here
export const objectName = z.string().check(z.regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/), z.maxLength(253));
// as certificates and Go's verification write them; no wildcard: a Service has one name. A last label that begins with a
// letter: an address would be written as a name, and verified by nobody
export const dnsName = z
  .string()
  .check(z.regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z]([-a-z0-9]*[a-z0-9])?$/), z.maxLength(253));
export const serviceAccount = z.strictObject({ namespace: objectName, name: objectName });

export function listOf<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).check(z.minLength(1), checkDistinct);
}

/** As a list, and it may be empty. */
export function anyNumberOf<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).check(checkDistinct);
}

export const log = z.prefault(
  z
    .strictObject({
      level: z.prefault(
        z
          .enum(["trace", "debug", "info", "warn", "error", "silent"])
          .check(z.describe("The least that is written, to standard error.")),
        "info",
      ),
    })
    .check(z.describe("What it writes of what it does.")),
  {},
);
