import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";

/** Where webhook configurations come from: a cluster that is watched, a folder of manifests, a list of the program's. */
export interface WebhookConfigurationSource {
  /**
   * The configurations as they are now, in stable order. While nothing has changed it is the same array, and a
   * configuration that has not changed stays the same object, so that whoever indexes or caches by it may.
   * @throws what keeps the source from having been read a first time.
   */
  configurations(): readonly WebhookConfiguration[];
}

/** A source that follows changes by itself. */
export interface LiveWebhookConfigurationSource extends WebhookConfigurationSource {
  /** Whether there has been a first complete reading. */
  readonly synced: boolean;
  /** Resolves at the first complete reading; rejects with the signal's reason. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Told after every change, once `configurations()` shows it. The function that comes back ends it. */
  onChange(listener: () => void): () => void;
  close(): void;
}
