import * as z from "zod/mini";
import { duration, text } from "./configuration-fields.ts";

/** Fields that servers share: how they show who they are, and how they end. */

export const minVersion = z.prefault(z.enum(["TLSv1.2", "TLSv1.3"]), "TLSv1.2");

/** A certificate of files. */
export const servingFiles = z.strictObject({ certFile: text, keyFile: text, minVersion });

export const drain = z.prefault(
  z.strictObject({
    // 10 s for endpoints to forget us and 15 s for what is in flight stay below the 30 s a pod is given
    delay: z.prefault(duration, "10s"),
    timeout: z.prefault(duration, "15s"),
  }),
  {},
);
