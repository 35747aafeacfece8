import type { ServiceAccountReference } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";

/**
 * Reads `NAMESPACE/NAME`.
 * @throws ERR_USAGE naming the flag, `--service-account` unless another is meant.
 */
export function parseServiceAccount(text: string, flag = "service-account"): ServiceAccountReference {
  const [namespace, name, ...rest] = text.split("/");
  if (!namespace || !name || rest.length > 0)
    throw new CountersignError("ERR_USAGE", `--${flag}=${text}: must be NAMESPACE/NAME`);
  return { namespace, name };
}
