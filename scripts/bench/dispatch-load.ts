import { readFileSync } from "node:fs";
import { Pool } from "undici";
import type { JSONValue } from "../../src/admission/json-value.ts";
import {
  type AdmissionAttributes,
  createAuthenticationInfoResolver,
  createValidatingDispatcher,
  createWebhookClient,
} from "../../src/webhook/index.ts";
import { path, serverName } from "./fixture.ts";

/**
 * Calls one webhook from one process as fast as it can, eight calls at once: by undici with bytes that are ready and
 * through the SDK's dispatcher, in turn. Prints the calls per second of each round as JSON.
 */
interface DispatchTask {
  readonly port: number;
  readonly caFile: string;
  readonly reviewFile: string;
  readonly roundMs: number;
  readonly rounds: number;
}

interface Calls {
  readonly once: () => Promise<void>;
  readonly close: () => unknown;
}

const concurrency = 8;
const task = JSON.parse(process.argv[2]!) as DispatchTask;
const ca = readFileSync(task.caFile, "utf8");
const review = readFileSync(task.reviewFile, "utf8");

function bareCalls(): Calls {
  const pool = new Pool(`https://127.0.0.1:${task.port}`, {
    connections: concurrency,
    pipelining: 1,
    connect: { ca, servername: serverName },
  });
  const headers = { "content-type": "application/json", accept: "application/json, */*" };
  return {
    async once() {
      const { statusCode, body } = await pool.request({
        method: "POST",
        path: `${path}?timeout=10s`,
        headers,
        body: review,
      });
      const answer = (await body.json()) as { readonly response: { readonly allowed: boolean } };
      if (statusCode !== 200 || !answer.response.allowed) throw new Error("not allowed");
    },
    close: () => pool.close(),
  };
}

function sdkCalls(): Calls {
  const { request } = JSON.parse(review) as { readonly request: AdmissionAttributes & { object: JSONValue } };
  const { uid, oldObject, ...attributes } = request as typeof request & { readonly uid: string };
  const [, name, namespace] = /^([^.]+)\.([^.]+)/.exec(serverName)!;
  const configurations = [
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "bench", uid: "5a2f9c44-8a53-4cbb-9d53-2f7d0e3b8b1f" },
      webhooks: [
        {
          name: "bench.example.com",
          clientConfig: {
            service: { name: name!, namespace: namespace!, path },
            caBundle: Buffer.from(ca).toString("base64"),
          },
          rules: [
            { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
          ],
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
        },
      ],
    },
  ] as const;
  const client = createWebhookClient({
    resolver: createAuthenticationInfoResolver({}),
    services: { resolve: () => ({ host: "127.0.0.1", port: task.port }) },
  });
  const dispatcher = createValidatingDispatcher({
    client,
    configurations: () => configurations,
    namespaceLabels: () => ({}),
  });
  return {
    async once() {
      await dispatcher.validate(attributes);
    },
    close: () => client.close(),
  };
}

async function rateOf({ once }: Calls): Promise<number> {
  const begin = performance.now();
  const until = begin + task.roundMs;
  let count = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      await once();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return count / ((performance.now() - begin) / 1000);
}

const [bare, ours] = [bareCalls(), sdkCalls()];
const rounds: { bare: number; ours: number }[] = [];
for (let round = 0; round < task.rounds; round += 1)
  rounds.push({ bare: await rateOf(bare), ours: await rateOf(ours) });
console.log(JSON.stringify(rounds));
await bare.close();
await ours.close();
