import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect } from "chai";

/** Lowest first. A file imports from strictly lower layers, or from its own folder. CONTRIBUTING draws the same picture. */
const layers = [
  ["errors", "diagnostics", "clock", "secret", "maybe-promise", "yaml-nesting"],
  ["cache", "monitoring"],
  ["apis", "certificates"],
  ["authentication", "authorization", "admission", "kubeconfig", "configuration"],
  ["credentials", "cel"],
  ["transport"],
  ["webhook", "kubelet", "policies"],
  ["server", "agent", "inspection"],
  ["testing"],
  ["commands", "index"],
];
const depthOf = new Map(layers.flatMap((rooms, depth) => rooms.map((room) => [room, depth] as const)));
const roomOf = (path: string): string => path.split("/")[0]!.replace(/\.c?ts$/, "");
const specifier = /(?:from|import|require)\s*\(?\s*["'](\.[^"']+)["']/g;
const files = (readdirSync("src", { recursive: true }) as string[]).filter((file) => /\.c?ts$/.test(file));
const sourceOf = (file: string): string => readFileSync(join("src", file), "utf8");
const importsOf = (file: string): string[] =>
  [...sourceOf(file).matchAll(specifier)].map(([, path]) => normalize(join(dirname(file), path!)));

describe("architecture", () => {
  for (const file of files)
    it(`src/${file} imports only downwards`, () => {
      const room = roomOf(file);
      expect(depthOf.has(room), `no layer is declared for ${room}`).to.equal(true);
      const upward = importsOf(file).filter((to) => {
        const target = roomOf(to);
        return target !== room && !(depthOf.get(target)! < depthOf.get(room)!);
      });
      expect(upward).to.deep.equal([]);
    });

  /** Rooms with storeys of their own, lowest first; `.` is the room itself. */
  const storeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
    testing: [
      ["objects", "certificates"],
      ["status"],
      ["requests", "storage", "schema", "strategies"],
      ["authorization", "admission", "representations"],
      ["service-accounts"],
      ["authentication"],
      ["endpoints", "serving", "kubelet"],
      ["."],
    ],
    server: [
      ["parts"],
      ["review", "certificates", "listener", "api"],
      ["gateway/routes"],
      ["webhooks", "gateway"],
      ["."],
    ],
    webhook: [["matching"], ["sources"], ["client", "endpoints"], ["dispatch"], ["."]],
  };
  for (const [room, floors] of Object.entries(storeys)) {
    const storeyOf = (file: string): number => {
      const folder = dirname(file).slice(room.length + 1) || ".";
      return floors.findIndex((folders) => folders.includes(folder));
    };
    for (const file of files.filter((one) => one.startsWith(`${room}/`)))
      it(`src/${file} keeps to the storeys of ${room}/`, () => {
        expect(storeyOf(file), "its folder has no storey").to.not.equal(-1);
        const upward = importsOf(file)
          .filter((to) => to.startsWith(`${room}/`) && dirname(to) !== dirname(file))
          .filter((to) => storeyOf(to) >= storeyOf(file));
        expect(upward).to.deep.equal([]);
      });
  }

  it("leaves the doors to users", () => {
    const inward = files.filter(
      (file) => file !== "index.ts" && importsOf(file).some((to) => to.endsWith("index.ts")),
    );
    expect(inward).to.deep.equal([]);
  });

  it("has no import cycle between files, type imports included", () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) expect.fail([...path.slice(path.indexOf(file)), file].join(" -> "));
      if (done.has(file) || !files.includes(file)) return;
      for (const next of importsOf(file)) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it("keeps the expression language out of the credential plugin, which starts on the request path", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file) || !files.includes(file)) return;
      reached.add(file);
      importsOf(file).forEach(visit);
    };
    visit("commands/exec-credential-program.ts");
    expect([...reached]).to.include("webhook/endpoints/endpoint-token-source.ts");
    expect([...reached].filter((file) => roomOf(file) === "cel")).to.deep.equal([]);
  });

  const onlyIn = (what: string, pattern: RegExp, rooms: readonly string[]): void => {
    it(`${what} only in ${rooms.join(", ")}`, () => {
      const offenders = files.filter((file) => !rooms.includes(roomOf(file)) && pattern.test(sourceOf(file)));
      expect(offenders).to.deep.equal([]);
    });
  };
  onlyIn("imports Koa", /from "(?:koa|@koa\/[a-z]+)"/, ["server"]);
  onlyIn("imports client-node", /(?:from|import\()\s*"@kubernetes\/client-node"/, ["transport"]);
  onlyIn(
    "touches the environment, the console or the process' streams",
    /process\.(?:env|argv|std|exit)|\bconsole\./,
    ["commands"],
  );
});
