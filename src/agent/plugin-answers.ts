import { type Clock, systemClock } from "../clock.ts";
import type { AgentAnswer, AgentQuestion, PresentedKeyPair } from "../credentials/agent-protocol.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
import type { AgentMetrics } from "./agent-metrics.ts";
import { agentToken } from "./agent-token.ts";
import type { EndpointTokens } from "./endpoint-tokens.ts";

export interface PluginAnswersOptions {
  readonly tokens: Pick<EndpointTokens, "ask">;
  readonly metrics: Pick<AgentMetrics, "countAnswer">;
  /** Handed out beside every token, and where there is none. */
  readonly clientCertificate: () => PresentedKeyPair | undefined;
  readonly clock?: Clock | undefined;
}

/** Answers the credential plugin: a token, or why there is none. */
export function createPluginAnswers(
  options: PluginAnswersOptions,
): (question: AgentQuestion) => Promise<AgentAnswer> {
  const { tokens, metrics, clientCertificate, clock = systemClock } = options;
  return async ({ server, certificateAuthority }) => {
    const ca = certificateAuthority === undefined ? undefined : Buffer.from(certificateAuthority, "base64");
    try {
      const token = await tokens.ask({ server, certificateAuthority: ca });
      metrics.countAnswer("");
      return { token: agentToken(token, clock), clientCertificate: clientCertificate() };
    } catch (error) {
      const failure = asFailure(error);
      metrics.countAnswer(failure.code);
      return { failure, clientCertificate: clientCertificate() };
    }
  };
}

function asFailure(error: unknown): CountersignError {
  if (error instanceof CountersignError) return error;
  const message = errorMessageOf(error);
  return new CountersignError("ERR_INTERNAL", message, { cause: error });
}
