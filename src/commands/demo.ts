import { once } from "node:events";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import { createNarrator } from "./demo/narrator.ts";
import { type Stage, setStage } from "./demo/stage.ts";
import { story } from "./demo/story.ts";

/** The whole story on the embedded control plane. Ends with 0 only if each part of it went as told. */
export const demo: Command = defineCommand({
  name: "demo",
  summary: "Tell the whole story on the embedded control plane: who is served, who is refused, and why",
  example: "countersign demo",
  flags: {
    keep: { type: "boolean", summary: "leave everything running at the end, with a kubeconfig for kubectl" },
  },
  async run({ flags }, io) {
    const narrator = createNarrator(io.stdout);
    const stage = await setStage();
    try {
      for (const { title, tell } of story) {
        narrator.act(title);
        await tell(stage, narrator);
      }
      if (flags.keep) await keep(stage, io);
    } finally {
      await stage.strike();
    }
    const { broken } = narrator;
    io.stdout.write(
      broken.length === 0 ? "\nAll of it went as told.\n" : `\nNot as told: ${broken.join("; ")}\n`,
    );
    return broken.length === 0 ? 0 : 1;
  },
});

async function keep(stage: Stage, { stdout }: CommandIO): Promise<void> {
  stdout.write(`\nIt goes on running until you interrupt it:

  export KUBECONFIG=${stage.kubeconfigFile}
  kubectl -n shop create deployment mine --image=registry.example.com/team/mine:1
  kubectl -n shop create deployment theirs --image=docker.io/somebody/theirs:1
`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}
