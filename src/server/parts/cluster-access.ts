import { CountersignError } from "../../errors.ts";
import type { ClusterConnection } from "../../transport/cluster-connection.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import type { ReviewClients } from "../../transport/review-clients.ts";

/** The API server we ask for keys, reviews and objects, and keep a certificate at. Nothing of it is loaded before it is needed. */
export interface ClusterAccess {
  /** Its address. */
  server(): Promise<string>;
  restClient(): Promise<RestClient>;
  reviews(): Promise<ReviewClients>;
  close(): Promise<void>;
}

/** @throws ERR_CONFIGURATION from its methods where no cluster was given. */
export function createClusterAccess(connect: (() => Promise<ClusterConnection>) | undefined): ClusterAccess {
  const closers: (() => unknown)[] = [];
  const connected = once(async (): Promise<ClusterConnection> => {
    if (connect === undefined)
      throw new CountersignError(
        "ERR_CONFIGURATION",
        "issuers, tokenReview and tls.selfSigned need an API server, and none was given",
      );
    return connect();
  });
  const createRest = async (): Promise<RestClient> => {
    const [{ client }, { createRestClient }] = await Promise.all([
      connected(),
      import("../../transport/rest-client.ts"),
    ]);
    const created = createRestClient(client);
    closers.push(() => created.close());
    return created;
  };
  const createReviews = async (): Promise<ReviewClients> => {
    const [{ client }, { createReviewClients }] = await Promise.all([
      connected(),
      import("../../transport/review-clients.ts"),
    ]);
    const created = createReviewClients(client);
    closers.push(() => created.close());
    return created;
  };
  return {
    server: async () => (await connected()).client.server,
    restClient: once(createRest),
    reviews: once(createReviews),
    async close() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

/** The same for all who ask, but a failure: the next reload of the configuration may find what is missing now. */
function once<T>(create: () => Promise<T>): () => Promise<T> {
  let created: Promise<T> | undefined;
  return () => {
    created ??= create().catch((error: unknown) => {
      created = undefined;
      throw error;
    });
    return created;
  };
}
