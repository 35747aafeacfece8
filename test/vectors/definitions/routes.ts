import type { VectorRoute } from "../vector.ts";
import { account, audience, configuration, otherAudience } from "./tokens.ts";

const validating = ["ValidatingWebhookConfiguration"] as const;

export const routes = {
  bound: { audiences: [audience], webhookTokens: { kinds: validating } },
  "bound, * from one ServiceAccount": {
    audiences: [audience],
    webhookTokens: { kinds: validating, serviceAccounts: [account] },
  },
  "bound, of one configuration": {
    audiences: [audience],
    webhookTokens: { kinds: validating, configurations: [configuration] },
  },
  "bound, of another configuration": {
    audiences: [audience],
    webhookTokens: { kinds: validating, configurations: [{ name: "other.example.com" }] },
  },
  "bound, of an earlier configuration of that name": {
    audiences: [audience],
    webhookTokens: {
      kinds: validating,
      configurations: [{ name: configuration.name, uid: "00000000-0000-4000-8000-000000000000" }],
    },
  },
  "plain, of one ServiceAccount": {
    audiences: [audience],
    serverAudiences: [audience, otherAudience],
    serviceAccounts: [account],
  },
  "plain, of another ServiceAccount": {
    audiences: [audience],
    serviceAccounts: [{ namespace: "default", name: account.name }],
  },
} as const satisfies Readonly<Record<string, VectorRoute>>;

export type RouteName = keyof typeof routes;
