import { expect } from "chai";
import type { Contract } from "./target.ts";
import { answering, useWebhook } from "./webhook-fixture.ts";

/** k8s.io/apiserver pkg/endpoints/filters/warning.go. */
export function describeWarnings(contract: Contract): void {
  const { check } = contract;

  describe("warnings of webhooks", () => {
    const { hook, create } = useWebhook(contract);
    const warned = (header: string | string[] | undefined): string[] =>
      [...String(header ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!);
    const answered = async (...lists: readonly (readonly string[])[]): Promise<string[]> => {
      const first = await hook({ kind: "mutating" });
      const hooks = [first];
      for (let more = 1; more < lists.length; more += 1) hooks.push(await hook({ labels: first.labels }));
      lists.forEach((warnings, index) => {
        hooks[index]!.answer(answering({ allowed: true, warnings }));
      });
      const answer = await create(first);
      expect(answer.status, answer.text).to.equal(201);
      return warned(answer.headers.warning);
    };

    check("are passed on once, whoever says them how often", async () => {
      expect(await answered(["old", "old", "older"], ["old"])).to.deep.equal(["old", "older"]);
    });

    check("are dropped where a header cannot hold them", async () => {
      expect(await answered(["two\nlines", "", "tab\there", "fine"])).to.deep.equal(["fine"]);
    });

    check("are passed on whole up to 4096 characters together", async () => {
      const warnings = ["a".repeat(2000), "b".repeat(2096)];
      expect(await answered(warnings)).to.deep.equal(warnings);
    });

    check("are cut to 256 characters each once they are more", async () => {
      const warnings = ["a".repeat(2000), "short", "b".repeat(2096)];
      expect(await answered(warnings)).to.deep.equal(["a".repeat(256), "short", "b".repeat(256)]);
    });

    check("are dropped beyond 4096 characters of such", async () => {
      const warnings = Array.from({ length: 30 }, (_, index) => `${index}-`.padEnd(300, "x"));
      expect(await answered(warnings)).to.deep.equal(warnings.slice(0, 16).map((text) => text.slice(0, 256)));
    });
  });
}
