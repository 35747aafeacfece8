import { type Command, defineCommand } from "./command.ts";
import { createNarrator, type Narrator } from "./demo/narrator.ts";
import { type Stage, setStage } from "./demo/stage.ts";
import { story } from "./demo/story.ts";
import { stopSignal } from "./stop-signal.ts";

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
    const stopped = stopSignal().then(() => "stopped" as const);
    const stage = await setStage();
    try {
      const told = tell(stage, narrator);
      // what is still being told when it is stopped fails on what is taken down
      told.catch(() => undefined);
      if ((await Promise.race([told, stopped])) === "stopped") return 1;
      if (flags.keep) {
        io.stdout.write(invitation(stage));
        await stopped;
      }
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

async function tell(stage: Stage, narrator: Narrator): Promise<void> {
  for (const { title, tell: act } of story) {
    narrator.act(title);
    await act(stage, narrator);
  }
}

function invitation({ kubeconfigFile }: Stage): string {
  return `
It goes on running until you interrupt it:

  export KUBECONFIG=${kubeconfigFile}
  kubectl -n shop create deployment mine --image=registry.example.com/team/mine:1
  kubectl -n shop create deployment theirs --image=docker.io/somebody/theirs:1
`;
}
