import {
  type KeyPairFiles,
  loadKeyPair,
  loadPrivateKey,
  validityFault,
} from "../../certificates/key-pair.ts";
import type { Clock } from "../../clock.ts";
import { type CheckedField, faultOf } from "../../configuration/checked-field.ts";
import { CountersignError } from "../../errors.ts";

/** Whether a certificate and its key, `certFile` and `keyFile` below `path`, can be used now. */
export async function checkKeyPair(
  { certFile, keyFile }: KeyPairFiles,
  path: CheckedField["path"],
  clock: Pick<Clock, "now">,
): Promise<readonly CheckedField[]> {
  const found = await faultOf([...path, "keyFile"], () => loadPrivateKey(keyFile));
  if (found.length > 0) return found;
  return faultOf([...path, "certFile"], async () => {
    const fault = validityFault(await loadKeyPair({ certFile, keyFile }), clock.now());
    if (fault !== undefined) throw new CountersignError("ERR_CERTIFICATE_INVALID", `${certFile} ${fault}`);
  });
}
