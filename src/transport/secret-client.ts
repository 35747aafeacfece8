import { apiStatusError, apiStatusOf } from "./api-status.ts";
import { apiPath, type RestClient, type RestResponse } from "./rest-client.ts";

/** How API servers call whoever wrote a field. */
const fieldManager = "countersign";

/** A Secret as it is stored. */
export interface StoredSecret {
  /** Its data as text, by key. */
  readonly texts: Readonly<Record<string, string>>;
  /** As it goes on the wire. */
  readonly object: SecretObject;
}

interface SecretObject {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>> | null;
  };
  readonly data?: Readonly<Record<string, string>> | null;
}

export interface SecretReading {
  /** Undefined where there is none. */
  readonly secret: StoredSecret | undefined;
  /** What the API server's clock said, epoch milliseconds. */
  readonly date: number | undefined;
}

/** One Secret, read and written without ever undoing what somebody else has written meanwhile. */
export interface SecretClient {
  /** @throws ERR_API_STATUS, ERR_TRANSPORT or ERR_TRANSPORT_TIMEOUT, as all of these do. */
  read(): Promise<SecretReading>;
  /** Makes it; false where somebody else was first. */
  create(texts: Readonly<Record<string, string>>): Promise<boolean>;
  /** Puts `texts` in the place of the keys they name and of `replaced`; false where it has changed since it was read. */
  replace(
    secret: StoredSecret,
    texts: Readonly<Record<string, string>>,
    replaced: readonly string[],
  ): Promise<boolean>;
}

export interface SecretClientOptions {
  readonly client: Pick<RestClient, "request" | "send" | "server">;
  readonly namespace: string;
  readonly name: string;
}

/** Where an API server has the Secrets of a namespace. */
export function secretsPath(namespace: string): string {
  return apiPath("api", "v1", "namespaces", namespace, "secrets");
}

export function createSecretClient({ client, namespace, name }: SecretClientOptions): SecretClient {
  const collection = secretsPath(namespace);
  const path = `${collection}/${encodeURIComponent(name)}`;
  const query = { fieldManager };
  return {
    async read() {
      const { status, body, date } = await client.send({ path });
      if (status === 200) return { secret: readSecret(body as SecretObject), date };
      if (status === 404) return { secret: undefined, date };
      throw apiStatusError(`GET ${client.server}${path}`, status, body);
    },
    async create(texts) {
      const body = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace, name },
        type: "Opaque",
        data: encoded(texts),
      };
      return (await unlessStatus(409, client.request({ path: collection, query, body }))) !== undefined;
    },
    async replace(secret, texts, replaced) {
      const others = Object.entries(secret.object.data ?? {}).filter(([key]) => !replaced.includes(key));
      const body = { ...secret.object, data: { ...Object.fromEntries(others), ...encoded(texts) } };
      // 404: it is gone, and what comes instead of it is another
      const written = client.request({ method: "PUT", path, query, body });
      return (await unlessStatus(409, unlessStatus(404, written))) !== undefined;
    },
  };
}

function readSecret(object: SecretObject): StoredSecret {
  const texts = Object.entries(object.data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
  );
  return { texts: Object.fromEntries(texts), object };
}

function encoded(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, "utf8").toString("base64")]),
  );
}

async function unlessStatus<T>(
  code: number,
  answer: Promise<RestResponse<T> | undefined>,
): Promise<RestResponse<T> | undefined> {
  return answer.catch((error: unknown) => {
    if (apiStatusOf(error)?.code === code) return undefined;
    throw error;
  });
}
