import { type Part, reporter, reportRepeats } from "./distinct-entries.ts";

interface AgentPart {
  readonly mode: "attested" | "audience";
  readonly apiGroup?: string;
  readonly audiences?: readonly string[];
  readonly socket?: string;
  readonly tokenFiles: readonly { readonly host: string; readonly file: string }[];
  readonly clientCertificate?: unknown;
}

/** What an agent's fields mean together: somebody to give tokens to, and one way to ask for them. */
export function checkAgent(part: Part<AgentPart>): void {
  const { mode, apiGroup, audiences, socket, tokenFiles, clientCertificate } = part.value;
  const report = reporter(part);
  if (socket === undefined && tokenFiles.length === 0)
    report([], "needs at least one of socket and tokenFiles: nobody would get a token");
  if (mode === "attested" && apiGroup === undefined)
    report([], 'apiGroup is required in mode attested: one API group, or "*" for kube-apiserver');
  if (mode === "attested" && audiences !== undefined)
    report(["audiences"], "goes with mode: audience: an attested token's audience is that of the webhook");
  if (mode === "audience" && apiGroup !== undefined)
    report(["apiGroup"], "goes with mode: attested: a plain token attests nothing");
  if (clientCertificate !== undefined && socket === undefined)
    report(["clientCertificate"], "needs socket: it is handed to the plugin, a token file holds none");
  const field = (name: string) => (index: number) => ["tokenFiles", index, name];
  reportRepeats(
    tokenFiles.map(({ host }) => host.toLowerCase()),
    field("host"),
    report,
    "has another token file already",
  );
  reportRepeats(
    tokenFiles.map(({ file }) => file),
    field("file"),
    report,
    "is the file of another host already",
  );
}

/** `host:port`, the form in which an API server looks its kubeconfig users up. */
export function checkHostPort(part: Part<string>): void {
  const [, port] = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+):(\d{1,5})$/.exec(part.value) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535)
    reporter(part)([], "must be host:port, as NAME.NAMESPACE.svc:443");
}
