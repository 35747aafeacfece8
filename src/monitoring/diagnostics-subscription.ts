import { type DiagnosticsChannel, type DiagnosticsMessages, diagnosticsChannel } from "../diagnostics.ts";

export type DiagnosticsListeners = {
  readonly [Name in DiagnosticsChannel]?: (message: DiagnosticsMessages[Name]) => void;
};

/** Listens to several channels; the function it returns stops all of it. */
export function subscribeAll(listeners: DiagnosticsListeners): () => void {
  const subscriptions = Object.entries(listeners).map(([name, listener]) => {
    const channel = diagnosticsChannel(name as DiagnosticsChannel);
    const onMessage = (message: unknown): void => (listener as (message: unknown) => void)(message);
    channel.subscribe(onMessage);
    return () => channel.unsubscribe(onMessage);
  });
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}
