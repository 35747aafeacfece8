import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { type DiagnosticsChannel, diagnosticsChannel, type ServiceAccountReference } from "countersign";
import { createDelegatingAuthorizer } from "countersign/authorization";
import { createSelfSubjectReviews } from "countersign/server";
import {
  createRestClient,
  createReviewClients,
  findCluster,
  type RequestedTokens,
  watchAuthenticationConfigMap,
} from "countersign/webhook";
import Koa from "koa";
import { createAccess, createAuthenticator } from "./access.ts";
import { createAdmission } from "./admission.ts";
import { createFruitStore } from "./fruit-store.ts";
import { createFruitsAPI } from "./fruits-api.ts";

/** What the file says that is named on the command line. */
export interface AggregatedServerConfiguration {
  readonly port: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** Acts as the server's own ServiceAccount. */
  readonly kubeconfig: string;
  readonly serviceAccount: ServiceAccountReference;
  readonly tokens: Pick<RequestedTokens, "webhooks" | "strict">;
  /** On SIGUSR2 its clock goes on by the milliseconds that this file says. */
  readonly clockFile: string;
}

const file = process.argv[2]!;
const configuration = JSON.parse(readFileSync(file, "utf8")) as AggregatedServerConfiguration;
const { port, certFile, keyFile, kubeconfig, serviceAccount, tokens, clockFile } = configuration;

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const told: readonly DiagnosticsChannel[] = ["countersign:token", "countersign:webhook", "countersign:watch"];
for (const name of told)
  diagnosticsChannel(name).subscribe((message) => say({ channel: name, ...(message as object) }));

let aheadMs = 0;
process.on("SIGUSR2", () => {
  aheadMs += Number(readFileSync(clockFile, "utf8"));
  say({ msg: "clock", aheadMs });
});

const cluster = await findCluster({ kubeconfig, env: {} });
const client = createRestClient(cluster.client);
const reviews = createReviewClients(cluster.client);
const authentication = await watchAuthenticationConfigMap({ client });
const authorizer = createDelegatingAuthorizer({ client: reviews, allowTTLMs: 1_000, denyTTLMs: 1_000 });
const admission = createAdmission({
  cluster: client,
  tokens: { serviceAccount, ...tokens },
  authorizer,
  // there is no cluster DNS on this machine
  services: { resolve: ({ port: of }) => ({ host: "localhost", port: of }) },
  clock: { now: () => Date.now() + aheadMs, random: () => Math.random() },
});

const app = new Koa();
app.use(createAccess(createAuthenticator(authentication, reviews), authorizer));
app.use(createSelfSubjectReviews());
app.use(createFruitsAPI({ admission, store: createFruitStore() }));
const server = createServer(
  {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    requestCert: true,
    // which CA counts is the authenticator's to say
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_TICKET,
  },
  app.callback(),
);
server.listen(port, "127.0.0.1", () => say({ msg: "listening", port }));
process.once("SIGTERM", () => {
  admission.close();
  authentication.close();
  client.close();
  void reviews.close();
  server.close();
  server.closeAllConnections();
});
