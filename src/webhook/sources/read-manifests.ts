import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { deepFreeze } from "../../admission/deep-freeze.ts";
import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { configurationError, type LocatedFault } from "../../configuration/configuration-error.ts";
import { faultsOf, formatFieldPath } from "../../configuration/faults.ts";
import { validateDocument } from "../../configuration/load-configuration.ts";
import { CountersignError } from "../../errors.ts";
import {
  authenticationSourceAnnotation,
  withAuthenticationSources,
} from "./authentication-source-annotation.ts";
import { sortedByName } from "./byte-order.ts";
import { type ManifestDocument, parseManifestDocuments } from "./manifest-documents.ts";
import { manifestFiles } from "./manifest-files.ts";
import { manifestSchemas } from "./manifest-schema.ts";
import { withWebhookDefaults } from "./webhook-defaults.ts";

// a thousand webhooks of 4 KiB each
const maxFileBytes = 4 * 1024 * 1024;

/** What a folder of manifests says. */
export interface ManifestSet {
  /** In the order of the kinds that were asked for, each by name in byte order. */
  readonly configurations: readonly WebhookConfiguration[];
  /** `sha256:` of all that was read, as kube-apiserver makes it; empty where nothing was. */
  readonly hash: string;
}

/**
 * Reads all manifests of a folder.
 * @throws ERR_CONFIGURATION with every fault of every file, each with file, line, column and field.
 */
export async function readManifests(
  directory: string,
  kinds: readonly WebhookConfigurationKind[],
): Promise<ManifestSet> {
  const found: Found[] = [];
  const faults: LocatedFault[] = [];
  const hash = createHash("sha256");
  let empty = true;
  for (const file of await listFiles(directory)) {
    const bytes = await readBytes(file);
    if (bytes.length === 0) continue;
    empty = false;
    hash.update(bytes).update("\0");
    const read = decodeFile(bytes.toString("utf8"), file, kinds);
    found.push(...read.found);
    faults.push(...read.faults);
  }
  faults.push(...repeatedNames(found));
  if (faults.length > 0) throw configurationError(faults);
  return {
    configurations: kinds.flatMap((kind) =>
      sortedByName(
        found.map(({ configuration }) => configuration).filter((one) => one.kind === kind),
        ({ metadata }) => metadata.name ?? "",
      ),
    ),
    hash: empty ? "" : `sha256:${hash.digest("hex")}`,
  };
}

interface Found {
  readonly configuration: WebhookConfiguration;
  readonly file: string;
  readonly document: ManifestDocument;
}

interface Decoded {
  readonly found: readonly Found[];
  readonly faults: readonly LocatedFault[];
}

function decodeFile(text: string, file: string, kinds: readonly WebhookConfigurationKind[]): Decoded {
  const { documents, faults } = parseManifestDocuments(text);
  const decoded = documents.map((document) => decodeDocument(document, file, kinds));
  return {
    found: decoded.flatMap(({ found }) => found),
    faults: [...faults.map((fault) => ({ ...fault, file })), ...decoded.flatMap((one) => one.faults)],
  };
}

function decodeDocument(
  document: ManifestDocument,
  file: string,
  kinds: readonly WebhookConfigurationKind[],
): Decoded {
  const at = (path: readonly (string | number)[], message: string): LocatedFault => ({
    file,
    position: document.positionOf(path),
    field: formatFieldPath([...document.path, ...path]),
    message,
  });
  const kind = kinds.find((one) => one === (document.value as { readonly kind?: unknown } | null)?.kind);
  if (kind === undefined) return { found: [], faults: [at(["kind"], `must be ${kinds.join(" or ")}`)] };
  const schema = manifestSchemas[kind];
  const { data, issues } = validateDocument(document, schema);
  if (issues.length > 0) {
    const prefix = formatFieldPath(document.path);
    const faults = faultsOf(issues, document, schema).map((fault) => ({
      ...fault,
      file,
      field: [prefix, fault.field].filter((part) => part !== "").join("."),
    }));
    return { found: [], faults };
  }
  try {
    const configuration = withAuthenticationSources(withWebhookDefaults(data as WebhookConfiguration));
    return { found: [{ configuration: deepFreeze(configuration), file, document }], faults: [] };
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    return {
      found: [],
      faults: [at(["metadata", "annotations", authenticationSourceAnnotation], error.message)],
    };
  }
}

/** A name counts once for each kind, wherever it stands. */
function repeatedNames(found: readonly Found[]): LocatedFault[] {
  const seen = new Map<string, string>();
  return found.flatMap(({ configuration: { kind, metadata }, file, document }) => {
    const earlier = seen.get(`${kind}/${metadata.name}`);
    seen.set(`${kind}/${metadata.name}`, earlier ?? file);
    if (earlier === undefined) return [];
    const path = ["metadata", "name"];
    const field = formatFieldPath([...document.path, ...path]);
    return [
      {
        file,
        field,
        position: document.positionOf(path),
        message: `is the name of another one in ${earlier}`,
      },
    ];
  });
}

async function listFiles(directory: string): Promise<readonly string[]> {
  try {
    return await manifestFiles(directory);
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

async function readBytes(file: string): Promise<Buffer> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  if (bytes.length > maxFileBytes)
    throw new CountersignError("ERR_CONFIGURATION", `${file} is larger than ${maxFileBytes} bytes`);
  return bytes;
}

function unreadable(path: string, cause: unknown): CountersignError {
  return new CountersignError("ERR_CONFIGURATION", `cannot read ${path}: ${(cause as Error).message}`, {
    cause,
  });
}
