import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { placeholderToken } from "../../src/credentials/exec-credential.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import { until } from "../until.ts";
import { configuration, service } from "./exec-credential-rig.ts";
import { type StubAPIServer, startStubAPIServer } from "./stub-api-server.ts";

const program = "src/commands/countersign.cts";
const execInfo = JSON.stringify({
  apiVersion: "client.authentication.k8s.io/v1",
  kind: "ExecCredential",
  spec: { interactive: false, cluster: { server: "https://svc.ns.svc:443" } },
});

describe("exec-credential as a process", () => {
  let stub: StubAPIServer;
  beforeEach(async () => {
    stub = await startStubAPIServer();
  });
  afterEach(() => stub.close());

  const minting = (...more: string[]) => [
    "--service-account=kube-system/caller",
    ...more,
    `--server=${stub.url}`,
    `--certificate-authority=${join(stub.folder, "ca.crt")}`,
    `--token-file=${join(stub.folder, "token")}`,
  ];
  const args = () => minting("--mode=audience", "--audience=https://svc.ns.svc:443/v");
  const plugin = (
    given: readonly string[],
    env: NodeJS.ProcessEnv = { KUBERNETES_EXEC_INFO: execInfo },
  ): Promise<Finished> => run(process.execPath, [program, "exec-credential", ...given], { env });
  const tokenOf = ({ stdout }: Finished): string => JSON.parse(stdout).status.token;

  it("prints the answer on stdout, nothing on stderr, and ends by itself", async () => {
    const finished = await plugin(args());
    expect(finished).to.include({ code: 0, stderr: "" });
    expect(tokenOf(finished)).to.equal(stub.tokens[0]);
  });

  it("ends at its own deadline where the API server hangs", async () => {
    stub.fault = () => true;
    const finished = await plugin(args());
    expect(finished.code).to.equal(0);
    expect(tokenOf(finished)).to.equal(placeholderToken);
    expect(finished.stderr).to.match(/^countersign: ERR_TRANSPORT_TIMEOUT: .*\n$/);
  });

  it("ends as well where a file it reads never answers, which holds a thread that process.exit would wait for", async () => {
    rmSync(join(stub.folder, "token"));
    execFileSync("mkfifo", [join(stub.folder, "token")]);
    const finished = await plugin(args());
    expect(finished.code).to.equal(0);
    expect(tokenOf(finished)).to.equal(placeholderToken);
    expect(finished.stderr).to.match(/^countersign: ERR_TRANSPORT_TIMEOUT: .*\n$/);
  });

  describe("with a kept token that is due, whose renewal waits until the plugin is gone", () => {
    const folder = () => join(stub.folder, "cache");
    const kept = (given: readonly string[] = args()) => plugin([...given, `--cache-dir=${folder()}`]);
    const files = (): string =>
      readdirSync(folder())
        .filter((name) => name.endsWith(".json"))
        .map((name) => readFileSync(join(folder(), name), "utf8"))
        .join();
    const age = (): void => {
      for (const name of readdirSync(folder())) {
        const file = join(folder(), name);
        const { requestedAt, expiresAt, ...rest } = JSON.parse(readFileSync(file, "utf8"));
        const older = { requestedAt: requestedAt - 500_000, expiresAt: expiresAt - 500_000 };
        writeFileSync(file, JSON.stringify({ ...rest, ...older }));
      }
    };

    const renewsBehind = async (given: readonly string[], reason: string, holdUp: () => void) => {
      await kept(given);
      for (const refresh of [1, 2]) {
        const held = stub.tokens.at(-1);
        age();
        holdUp();
        const finished = await kept(given);
        expect(finished.code).to.equal(0);
        expect(tokenOf(finished)).to.equal(held);
        expect(finished.stderr).to.match(new RegExp(`^countersign: ${reason}: .*\n$`));
        await until(() => stub.tokens.length === refresh + 1, "the request behind it");
        // looked at, not asked for: a run before it is written would ask once more
        await poll("the next token", () => files().includes(stub.tokens.at(-1)!) || undefined);
        expect(tokenOf(await kept(given))).to.equal(stub.tokens.at(-1));
        expect(stub.tokens).to.have.length(refresh + 1);
      }
    };

    it("hands it out and renews it behind, time and again", async function () {
      this.timeout(30_000);
      await renewsBehind(args(), "ERR_TRANSPORT_TIMEOUT", () => {
        // as a webhook that is called for it: this request is held up, and the next is not
        let calls = 0;
        stub.fault = () => calls++ === 0;
      });
    });

    it("does so at once where rules say beforehand that it would wait", async function () {
      this.timeout(30_000);
      const everything = {
        apiGroups: ["*"],
        apiVersions: ["*"],
        operations: ["*" as const],
        resources: ["*/*"],
      };
      const webhook = { clientConfig: service("/v") };
      stub.configurations = [configuration("gate", [webhook])];
      await renewsBehind(minting("--api-group=*"), "ERR_TOKEN_REQUEST_INTERCEPTED", () => {
        stub.configurations = [configuration("gate", [{ ...webhook, rules: [everything] }])];
      });
    });
  });

  it("gives client-go a placeholder for a wrong flag too, and says on stderr which", async () => {
    const finished = await plugin([...args(), "--audiense=x"]);
    expect(finished.code).to.equal(0);
    expect(tokenOf(finished)).to.equal(placeholderToken);
    expect(finished.stderr).to.equal(
      "countersign: ERR_USAGE: unknown flag --audiense (did you mean --audience?)\nRun 'countersign exec-credential --help'.\n",
    );
  });

  it("exits 2 on a wrong flag where a failure shall be one, and where nobody but a person can have run it", async () => {
    const failing = [...args(), "--audiense=x"];
    for (const finished of [await plugin([...failing, "--on-failure=fail"]), await plugin(failing, {})])
      expect({ ...finished, stderr: "" }).to.deep.include({ code: 2, stdout: "" });
  });

  it("exits 2 outside client-go, and says where it belongs", async () => {
    const { code, stderr } = await plugin(args(), {});
    expect(code).to.equal(2);
    expect(stderr).to.match(/^countersign: ERR_CONFIGURATION: KUBERNETES_EXEC_INFO: is not set.*kubeconfig/);
  });

  it("prints its help", async () => {
    const { code, stdout } = await plugin(["--help"], {});
    expect(code).to.equal(0);
    expect(stdout).to.include("Usage: countersign exec-credential [flags]").and.to.include("--on-failure");
  });
});
