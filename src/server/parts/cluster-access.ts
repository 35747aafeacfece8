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
  let reviews: Promise<ReviewClients> | undefined;
  let connection: Promise<ClusterConnection> | undefined;
  const connected = (): Promise<ClusterConnection> => {
    if (connect === undefined)
      throw new CountersignError(
        "ERR_CONFIGURATION",
        "issuers, tokenReview and tls.selfSigned need an API server, and none was given",
      );
    connection ??= connect().catch((error: unknown) => {
      // the next reload of the configuration may find what is missing now
      connection = undefined;
      throw error;
    });
    return connection;
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
    async restClient() {
      const [{ client }, { createRestClient }] = await Promise.all([
        connected(),
        import("../../transport/rest-client.ts"),
      ]);
      const rest = createRestClient(client);
      closers.push(() => rest.close());
      return rest;
    },
    async reviews() {
      reviews ??= createReviews().catch((error: unknown) => {
        reviews = undefined;
        throw error;
      });
      return reviews;
    },
    async close() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}
