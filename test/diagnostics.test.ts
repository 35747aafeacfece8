import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import { diagnosticsChannel, type KeysMessage } from "../src/diagnostics.ts";

describe("diagnostics", () => {
  it("gives the same channel for a name every time", () => {
    expect(diagnosticsChannel("countersign:keys")).to.equal(diagnosticsChannel("countersign:keys"));
  });

  it("reaches whoever subscribes by name through node:diagnostics_channel", () => {
    const seen: unknown[] = [];
    const listen = (message: unknown): void => void seen.push(message);
    const message: KeysMessage = { issuer: "i", outcome: "fetched", keys: 2 };
    subscribe("countersign:keys", listen);
    diagnosticsChannel("countersign:keys").publish(message);
    unsubscribe("countersign:keys", listen);
    diagnosticsChannel("countersign:keys").publish(message);
    expect(seen).to.deep.equal([message]);
  });
});
