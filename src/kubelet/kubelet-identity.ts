import { createSecureContext, type SecureContext } from "node:tls";
import type { CABundle } from "../certificates/ca-bundle.ts";
import type { KeyPair } from "../certificates/key-pair.ts";
import type { KubeletTransport } from "./kubelet-transport.ts";

/** As whom kubelets are met, and by whom they have to be signed. */
export interface KubeletIdentityOptions {
  /** The only credential a kubelet is shown; asked for at every exchange, so that a renewed one is used at once. */
  readonly clientCertificate: () => KeyPair;
  /** Who signs kubelets' serving certificates; asked for at every exchange, too. */
  readonly ca: () => CABundle;
}

/** As whom kubelets are met, and whom they are trusted by, until either changes. */
export interface KubeletIdentity {
  readonly contexts: Readonly<Record<KubeletTransport, SecureContext>>;
}

/** The identity of now; the same object until certificate or CA are others. */
export function createKubeletIdentity({
  clientCertificate,
  ca,
}: KubeletIdentityOptions): () => KubeletIdentity {
  let held:
    | { readonly pair: KeyPair; readonly bundle: CABundle; readonly identity: KubeletIdentity }
    | undefined;
  return () => {
    const pair = clientCertificate();
    const bundle = ca();
    if (held?.pair !== pair || held.bundle !== bundle)
      held = { pair, bundle, identity: { contexts: contextsOf(pair, bundle) } };
    return held.identity;
  };
}

function contextsOf({ certificate, key }: KeyPair, { pem }: CABundle): KubeletIdentity["contexts"] {
  const shown = { cert: certificate, key: key.reveal(), minVersion: "TLSv1.2" } as const;
  return {
    // as Go has it, whatever is in the bundle is trusted, an intermediate without its root too
    verified: createSecureContext({ ...shown, ca: pem, allowPartialTrustChain: true }),
    insecure: createSecureContext(shown),
  };
}
