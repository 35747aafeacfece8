import * as z from "zod/mini";
import { grace } from "./bounded-duration.ts";
import { text } from "./configuration-fields.ts";

/** Fields that servers share: how they show who they are, and how they end. */

export const minVersion = z.prefault(
  z.enum(["TLSv1.2", "TLSv1.3"]).check(z.describe("The oldest TLS that is spoken.")),
  "TLSv1.2",
);

/** A certificate of files. */
export const servingFiles = z
  .strictObject({
    certFile: text.check(z.describe("Certificate and chain. Read again when it changes.")),
    keyFile: text.check(z.describe("Its key.")),
    minVersion,
  })
  .check(z.describe("What callers verify this server by."));

export const drain = z.prefault(
  z
    .strictObject({
      // 10 s for endpoints to forget us and 15 s for what is in flight stay below the 30 s a pod is given
      delay: z.prefault(
        grace.check(z.describe("On SIGTERM: how long it serves on while it is not ready.")),
        "10s",
      ),
      timeout: z.prefault(
        grace.check(z.describe("How long what is in flight may take after that. The rest is cut.")),
        "15s",
      ),
    })
    .check(z.describe("How it ends.")),
  {},
);
