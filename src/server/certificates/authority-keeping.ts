import type { X509Certificate } from "node:crypto";
import {
  authoritySecretKeys,
  decodeAuthority,
  encodeAuthority,
} from "../../certificates/authority-secret.ts";
import type { AuthorityState, KeptAuthority } from "../../certificates/authority-state.ts";
import { carryOutRotation } from "../../certificates/carry-out-rotation.ts";
import { planRotation, type RotationOptions } from "../../certificates/plan-rotation.ts";
import { repairAuthority } from "../../certificates/repair-authority.ts";
import type { SelfSignedAction } from "../../diagnostics.ts";
import { CountersignError } from "../../errors.ts";
import type { SecretClient, StoredSecret } from "../../transport/secret-client.ts";
import type { APIServerClock } from "./api-server-clock.ts";
import { type RotationRequest, rotationRequestOf } from "./rotation-request.ts";

export interface AuthorityKeepingOptions {
  readonly secrets: SecretClient;
  readonly rotation: RotationOptions;
  readonly clock: APIServerClock;
  /** Told of every step that was taken. */
  readonly onStep: (action: SelfSignedAction, why: string) => void;
}

/** What is known of the rest of the world when the Secret is looked at. */
export interface AuthoritySituation {
  /** Whether all who call us trust this CA, as they were seen before the Secret is read. */
  readonly published: (authority: X509Certificate) => boolean;
  /** What this replica serves with. */
  readonly used: AuthorityState | undefined;
}

export interface KeptUntil {
  readonly state: AuthorityState;
  /** When there is something to do next, by the API server's clock. */
  readonly until: number;
  /** What could not be done of what an operator asked for. */
  readonly problem: CountersignError | undefined;
}

/** The one CA of all replicas. */
export interface AuthorityKeeping {
  /**
   * Reads the Secret, takes every step that is due, and gives what there is then. Any replica may: the first who writes is
   * right, and all others read again and decide again.
   * @throws ERR_CERTIFICATE_SECRET where it is somebody else's, and whatever the API server says.
   */
  keep(situation: AuthoritySituation): Promise<KeptUntil>;
}

/** A rotation takes four steps; who meets others at each of them still has room. */
const mostSteps = 12;
/** A clock that cannot make up its mind must not make a CA for each of its moods. */
const recoveryPauseMs = 60_000;

export function createAuthorityKeeping(options: AuthorityKeepingOptions): AuthorityKeeping {
  const { secrets, rotation, clock, onStep } = options;
  let recoveredAt = Number.NEGATIVE_INFINITY;

  function nextStep(
    kept: KeptAuthority,
    { published, used }: AuthoritySituation,
    { rotateAfter }: RotationRequest,
  ) {
    const now = clock.now();
    const repair = repairAuthority(kept, used, { now, rotateAfter });
    if (repair !== undefined) return repair;
    const plan = planRotation({ kept, now, published, rotateAfter }, rotation);
    if (plan.action === "keep" || plan.action === "refuse") return plan;
    if (plan.action === "recover") {
      if (performance.now() < recoveredAt + recoveryPauseMs) throw recoveredTooOften(plan.why);
      recoveredAt = performance.now();
    }
    return { ...plan, state: carryOutRotation(plan, kept, now, rotation) };
  }

  return {
    async keep(situation) {
      for (let steps = 0; steps < mostSteps; steps++) {
        const { secret, date } = await secrets.read();
        clock.hear(date);
        const kept = decodeAuthority(secret?.texts ?? {});
        const request = rotationRequestOf(secret);
        const step = nextStep(kept, situation, request);
        if (step.action === "refuse") throw new CountersignError("ERR_CERTIFICATE_SECRET", step.why);
        if (step.action === "keep" && kept.kind === "held")
          return { state: kept.state, until: step.until, problem: request.problem };
        if ("state" in step && (await write(secrets, secret, step.state))) onStep(step.action, step.why);
      }
      throw new CountersignError("ERR_CERTIFICATE_INVALID", "the Secret changes faster than it can be read");
    },
  };
}

async function write(
  secrets: SecretClient,
  secret: StoredSecret | undefined,
  state: AuthorityState,
): Promise<boolean> {
  const texts = encodeAuthority(state);
  return secret === undefined ? secrets.create(texts) : secrets.replace(secret, texts, authoritySecretKeys);
}

function recoveredTooOften(why: string): CountersignError {
  return new CountersignError(
    "ERR_CERTIFICATE_INVALID",
    `a new CA was made less than a minute ago, and is of no use either: ${why}`,
  );
}
