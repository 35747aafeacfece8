import { readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { resolve } from "node:path";
import { type Fixture, path, serverName } from "./fixture.ts";
import { type PinnedProcess, runPinned, startPinned } from "./pinned-process.ts";

const serverCore = 0;
const loadCore = 1;
const executable = resolve("dist/commands/countersign.cjs");

/** `countersign serve` as it is published. */
export function startServe(configuration: string): Promise<PinnedProcess> {
  return startPinned(serverCore, [executable, "serve", "--config", configuration], /"port":(\d+)/);
}

/** Koa and its router with the same certificate, as plain JavaScript: stripping types is no part of the baseline. */
export function startBareKoa(fixture: Fixture): Promise<PinnedProcess> {
  const source = stripTypeScriptTypes(readFileSync("scripts/bench/bare-koa.ts", "utf8"));
  // below dist, so that it finds koa where everything else does
  const script = resolve("dist/bare-koa.mjs");
  writeFileSync(script, source);
  const task = { certFile: fixture.file("tls.crt"), keyFile: fixture.file("tls.key"), path };
  return startPinned(serverCore, [script, JSON.stringify(task)], /"port":(\d+)/);
}

export interface LoadResult {
  readonly requests: number;
  readonly unexpected: number;
  readonly perSecond: number;
  readonly cpuShare: number;
}

/** Loads a server from another core and checks every answer. */
export function load(
  fixture: Fixture,
  server: PinnedProcess,
  request: string,
  measureMs: number,
): LoadResult {
  const task = {
    port: Number(server.ready),
    caFile: fixture.file("ca.crt"),
    serverName,
    requestFile: fixture.file(request),
    connections: 8,
    warmUpMs: measureMs / 2,
    measureMs,
    expect: '"allowed":true',
  };
  const result = runPinned<LoadResult>(loadCore, [resolve("scripts/bench/load.ts"), JSON.stringify(task)]);
  if (result.unexpected > 0 || result.requests === 0)
    throw new Error(`of ${result.requests} answers ${result.unexpected} did not allow`);
  return result;
}
