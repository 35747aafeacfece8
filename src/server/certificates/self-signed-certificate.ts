import { setTimeout as delay } from "node:timers/promises";
import { bundleOf } from "../../certificates/authority-state.ts";
import type { RotationOptions } from "../../certificates/plan-rotation.ts";
import type { Clock } from "../../clock.ts";
import type { SelfSignedConfiguration } from "../../configuration/server-configuration.ts";
import { diagnosticsChannel, type SelfSignedMessage } from "../../diagnostics.ts";
import { CountersignError, errorCodeOf, errorMessageOf } from "../../errors.ts";
import { createBackOff } from "../../transport/back-off.ts";
import { createReflector } from "../../transport/reflector.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { createSecretClient, secretsPath } from "../../transport/secret-client.ts";
import { createAPIServerClock } from "./api-server-clock.ts";
import { type AuthorityInUse, createAuthorityInUse } from "./authority-in-use.ts";
import { type AuthorityKeeping, createAuthorityKeeping } from "./authority-keeping.ts";
import { type BundlePublication, watchBundlePublication } from "./bundle-publication.ts";
import { trustsAuthority } from "./calling-configurations.ts";
import { type Reconciliation, startReconciliation } from "./reconciliation.ts";
import { assertValid, type ServingCertificate } from "./serving-certificate.ts";

export interface SelfSignedCertificateOptions {
  readonly configuration: SelfSignedConfiguration;
  readonly client: RestClient;
  readonly clock: Clock;
  /** Called when another certificate is to be shown. */
  readonly onExchange: () => void;
}

/** Nothing that is due is late by more. */
const longestMs = 3 * 60_000;
const spacingMs = 200;
/** An API server that is there answers in this time; for one that is not, readiness waits and the start does not. */
const startMs = 5_000;

const channel = diagnosticsChannel("countersign:selfSigned");

/**
 * A certificate of our own making, the same on all replicas, and its CA in the webhook configurations that call us. All of
 * it is kept by every replica alike, without a leader, in one Secret that is only ever changed under the version that was
 * read. It takes these grants, each by name: on the Secret `get`, `list`, `watch` and `update` (and `create`, which cannot
 * be granted by name, only where nobody else makes it), on each configuration `list`, `watch` and `patch`.
 *
 * Another certificate is shown at once where the one before is of no use, and otherwise when everybody who calls us would
 * verify it. While the API server cannot be reached, what was served is served on.
 * @throws ERR_CERTIFICATE_SECRET where the Secret is somebody else's; all other trouble is left to readiness.
 */
export async function createSelfSignedCertificate(
  options: SelfSignedCertificateOptions,
): Promise<ServingCertificate> {
  const { secret, dnsNames, webhookConfigurations } = options.configuration;
  const closing = new AbortController();
  const client = endedBy(closing.signal, options.client);
  const clock = createAPIServerClock(options.clock);
  const tell: Tell = (message) =>
    channel.publish({ secret: `${secret.namespace}/${secret.name}`, ...message });
  const inUse = createAuthorityInUse({ clock, tell, onExchange: options.onExchange });
  const onChange = (): void => reconciliation.wake();
  const watched = { client, dnsNames, configurations: webhookConfigurations, onChange };
  const publication = watchBundlePublication(watched);
  const keeping = createAuthorityKeeping({
    secrets: createSecretClient({ client, ...secret }),
    rotation: rotationOf(options.configuration),
    clock,
    onStep: (action, why) => tell({ outcome: "changed", action, detail: why }),
  });
  const reconciliation = startReconciliation({
    reconcile: () => bringIntoOrder({ keeping, publication, inUse, clock, tell }),
    onFailure: (error) => tell({ outcome: "failed", code: errorCodeOf(error), detail: messageOf(error) }),
    backOff: createBackOff(options.clock),
    longestMs,
    spacingMs,
  });
  const secretWatch = createReflector({
    client,
    path: secretsPath(secret.namespace),
    resource: "secrets",
    name: secret.name,
    decode: ({ metadata }) => metadata.resourceVersion,
    onChange,
  });
  const close = async (): Promise<void> => {
    publication.close();
    secretWatch.close();
    closing.abort();
    await reconciliation.close();
  };
  await within(startMs, reconciliation.tried);
  const { failure } = reconciliation;
  if (failure instanceof CountersignError && failure.code === "ERR_CERTIFICATE_SECRET") {
    await close();
    throw failure;
  }
  return servingCertificate({ inUse, publication, reconciliation, clock, close });
}

type Tell = (message: Omit<SelfSignedMessage, "secret">) => void;

interface Parts {
  readonly keeping: AuthorityKeeping;
  readonly publication: BundlePublication;
  readonly inUse: AuthorityInUse;
  readonly clock: Clock;
  readonly tell: Tell;
}

/** In how many milliseconds there is something to do, as far as is known. */
async function bringIntoOrder({ keeping, publication, inUse, clock, tell }: Parts): Promise<number> {
  // read before the Secret is: no bundle is then written over one of a later Secret, for it changed the configuration
  const seen = publication.configurations;
  const { state, until, problem } = await keeping.keep({
    published: (authority) => seen?.every((one) => trustsAuthority(one, authority)) === true,
    used: inUse.state,
  });
  inUse.take(state, seen);
  if (seen !== undefined)
    for (const { kind, name } of await publication.publish(seen, bundleOf(state)))
      tell({ outcome: "published", configuration: `${kind}/${name}` });
  if (problem !== undefined) throw problem;
  tell({ outcome: "checked" });
  return until - clock.now();
}

function servingCertificate({
  inUse,
  publication,
  reconciliation,
  clock,
  close,
}: Pick<Parts, "inUse" | "publication" | "clock"> & {
  readonly reconciliation: Reconciliation;
  readonly close: () => Promise<void>;
}): ServingCertificate {
  const distrusting = () => inUse.distrustedBy(publication.configurations);
  let trustedOnce = false;
  return {
    get current() {
      return inUse.state?.leaf;
    },
    checks: [
      {
        name: "certificate",
        check() {
          const leaf = inUse.state?.leaf;
          if (leaf === undefined) throw new Error(`there is none yet: ${messageOf(reconciliation.failure)}`);
          assertValid(leaf, clock.now());
        },
      },
      {
        name: "ca-bundle",
        check() {
          // once all was well, the trouble of one configuration does not take us from the others
          trustedOnce ||= distrusting()?.length === 0;
          if (trustedOnce) return;
          const which = distrusting()?.join(", ") ?? "webhook configurations that were not read yet";
          throw new Error(`${which}: ${messageOf(publication.failure ?? reconciliation.failure)}`);
        },
      },
    ],
    authority: {
      get expiresAt() {
        return inUse.state?.signer.certificate.validToDate.getTime();
      },
      get distrusting() {
        return distrusting();
      },
    },
    close,
  };
}

function rotationOf(configuration: SelfSignedConfiguration): RotationOptions {
  const { dnsNames, caValidity, certificateValidity, renewBefore } = configuration;
  return {
    dnsNames,
    caValidityMs: caValidity.ms,
    certificateValidityMs: certificateValidity.ms,
    renewBeforeMs: renewBefore.ms,
  };
}

/** The same client, all of whose requests end with us. */
function endedBy(signal: AbortSignal, client: RestClient): RestClient {
  const ended = <T extends { readonly signal?: AbortSignal | undefined }>(request: T): T => ({
    ...request,
    signal: request.signal === undefined ? signal : AbortSignal.any([request.signal, signal]),
  });
  return {
    ...client,
    request: (request) => client.request(ended(request)),
    send: (request) => client.send(ended(request)),
    stream: (request) => client.stream(ended(request)),
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}

function messageOf(error: unknown): string {
  if (error === undefined) return "it is being written";
  return errorMessageOf(error);
}
