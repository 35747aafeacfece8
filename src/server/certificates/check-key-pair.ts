import type { CertificateUsage } from "../../certificates/certificate-purpose.ts";
import {
  type KeyPairFiles,
  loadCertificateChain,
  loadKeyPair,
  loadOwnKey,
  loadPrivateKey,
  validityFault,
} from "../../certificates/key-pair.ts";
import type { Clock } from "../../clock.ts";
import { type CheckedField, faultOf } from "../../configuration/checked-field.ts";
import { CountersignError } from "../../errors.ts";

export interface CheckKeyPairOptions {
  /** What it is to be used for. */
  readonly purpose: CertificateUsage;
  readonly clock: Pick<Clock, "now">;
}

/**
 * Whether a certificate and its key, `certFile` and `keyFile` below `path`, can be used now; the first fault, at the field
 * that has to be changed.
 */
export async function checkKeyPair(
  files: KeyPairFiles,
  path: CheckedField["path"],
  { purpose, clock }: CheckKeyPairOptions,
): Promise<readonly CheckedField[]> {
  const { certFile, keyFile } = files;
  const steps = [
    ["keyFile", () => loadPrivateKey(keyFile)],
    ["certFile", () => loadCertificateChain(certFile)],
    ["keyFile", () => loadOwnKey(files)],
    ["certFile", () => assertUsable(files, purpose, clock.now())],
  ] as const;
  for (const [field, step] of steps) {
    const found = await faultOf([...path, field], step);
    if (found.length > 0) return found;
  }
  return [];
}

async function assertUsable(files: KeyPairFiles, purpose: CertificateUsage, now: number): Promise<void> {
  const fault = validityFault(await loadKeyPair(files, purpose), now);
  if (fault !== undefined)
    throw new CountersignError("ERR_CERTIFICATE_INVALID", `${files.certFile} ${fault}`);
}
