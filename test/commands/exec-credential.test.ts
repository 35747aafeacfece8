import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execCredential } from "../../src/commands/exec-credential.ts";
import { rejectionOf } from "../rejection.ts";
import { capturedIO } from "./captured-io.ts";
import {
  base64,
  configuration,
  type ExecCredentialRig,
  execInfo,
  expectPlaceholder,
  server,
  service,
  startExecCredentialRig,
} from "./exec-credential-rig.ts";
import { requesterToken } from "./stub-api-server.ts";

describe("exec-credential", () => {
  let rig: ExecCredentialRig;
  beforeEach(async () => {
    rig = await startExecCredentialRig();
  });
  afterEach(() => rig.stub.close());

  describe("in attested mode", () => {
    it("gives a token bound to the one webhook at the host and port", async () => {
      const { exitCode, token, err } = await rig.run(rig.attested());
      expect({ exitCode, token, err }).to.deep.equal({ exitCode: 0, token: rig.stub.tokens[0], err: "" });
      expect(rig.stub.tokenRequests.map(({ spec }) => spec)).to.deep.equal([
        {
          audiences: ["https://svc.ns.svc:443/validate"],
          expirationSeconds: 600,
          boundObjectRef: {
            apiVersion: "admissionregistration.k8s.io/v1",
            kind: "ValidatingWebhookConfiguration",
            name: "a",
            uid: "uid-of-a",
          },
          attestations: { admissionReviewAPIGroups: ["*"] },
        },
      ]);
    });

    it("reports the expiry at 80 % of the lifetime", async () => {
      const before = Date.now();
      const { expiresAt } = await rig.run(rig.attested());
      expect(expiresAt).to.be.within(before + 478_000, Date.now() + 480_000);
    });

    for (const version of ["v1", "v1beta1"])
      it(`answers ${version} in ${version}`, async () => {
        expect((await rig.run(rig.attested(), execInfo({ server }, version))).apiVersion).to.equal(
          `client.authentication.k8s.io/${version}`,
        );
      });

    it("finds a webhook that is named by URL", async () => {
      rig.stub.configurations = [configuration("u", [{ clientConfig: { url: "https://hook.example/v" } }])];
      await rig.run(rig.attested(), execInfo({ server: "https://hook.example" }));
      expect(rig.stub.tokenRequests[0]?.spec.audiences).to.deep.equal(["https://hook.example/v"]);
    });

    it("finds a mutating webhook", async () => {
      rig.stub.configurations = [
        configuration("m", [{ clientConfig: service("/mutate") }], "MutatingWebhookConfiguration"),
      ];
      await rig.run(rig.attested());
      expect(rig.stub.tokenRequests[0]?.spec.boundObjectRef?.kind).to.equal("MutatingWebhookConfiguration");
    });

    it("serves several webhooks of one configuration at one path with one token", async () => {
      rig.stub.configurations = [
        configuration("a", [{ clientConfig: service("/v") }, { clientConfig: service("/v") }]),
      ];
      expect((await rig.run(rig.attested())).token).to.equal(rig.stub.tokens[0]);
    });

    it("gives no token where two paths share the host and port, and names both", async () => {
      rig.stub.configurations.push(configuration("b", [{ clientConfig: service("/other") }]));
      const answer = await rig.run(rig.attested());
      expectPlaceholder(answer, "ERR_WEBHOOK_AMBIGUOUS");
      expect(answer.err).to.include("a (https://svc.ns.svc:443/validate)").and.to.include("own Service port");
      expect(rig.stub.tokenRequests).to.deep.equal([]);
    });

    it("gives no token where two configurations share one path", async () => {
      rig.stub.configurations.push(configuration("b", [{ clientConfig: service("/validate") }]));
      expectPlaceholder(await rig.run(rig.attested()), "ERR_WEBHOOK_AMBIGUOUS");
    });

    it("lets the CA bytes decide between several", async () => {
      rig.stub.configurations = ["one", "two"].map((name) =>
        configuration(name, [{ clientConfig: { ...service("/v"), caBundle: base64(`${name} CA`) } }]),
      );
      await rig.run(
        rig.attested(),
        execInfo({ server, "certificate-authority-data": base64("the API server's own CA\ntwo CA") }),
      );
      expect(rig.stub.tokenRequests[0]?.spec.boundObjectRef?.name).to.equal("two");
    });

    it("does not ask the CA bytes where one webhook fits: while a CA is rotated the old ones are still sent", async () => {
      rig.stub.configurations = [
        configuration("a", [{ clientConfig: { ...service("/v"), caBundle: base64("new") } }]),
      ];
      const { token } = await rig.run(
        rig.attested(),
        execInfo({ server, "certificate-authority-data": base64("old") }),
      );
      expect(token).to.equal(rig.stub.tokens[0]);
    });

    it("stays ambiguous where the CA bytes fit several, or none", async () => {
      rig.stub.configurations.push(configuration("b", [{ clientConfig: service("/other") }]));
      for (const ca of ["", "unknown"])
        expectPlaceholder(
          await rig.run(rig.attested(), execInfo({ server, "certificate-authority-data": base64(ca) })),
          "ERR_WEBHOOK_AMBIGUOUS",
        );
    });

    it("for one API group counts only webhooks with a rule that names it", async () => {
      const rule = (group: string) => ({
        rules: [{ apiGroups: [group], apiVersions: ["v1"], operations: ["*" as const], resources: ["*"] }],
      });
      rig.stub.configurations = [
        configuration("apps", [{ clientConfig: service("/apps"), ...rule("apps") }]),
        configuration("evil", [{ clientConfig: service("/evil"), ...rule("evil.io") }]),
      ];
      const forGroup = (group: string) => [
        "--service-account=kube-system/caller",
        `--api-group=${group}`,
        ...rig.reach(),
      ];
      await rig.run(forGroup("apps"));
      expect(rig.stub.tokenRequests[0]?.spec).to.deep.include({
        audiences: ["https://svc.ns.svc:443/apps"],
        attestations: { admissionReviewAPIGroups: ["apps"] },
      });
      expectPlaceholder(
        await rig.run(forGroup("batch")),
        /ERR_WEBHOOK_NOT_FOUND.*rule for API group "batch"/,
      );
    });

    it("gives no token where no configuration names the host and port", async () => {
      expectPlaceholder(
        await rig.run(rig.attested(), execInfo({ server: "https://elsewhere.ns.svc:443" })),
        "ERR_WEBHOOK_NOT_FOUND",
      );
    });

    it("gives no token where client-go does not say which webhook it calls, and says how to make it", async () => {
      expectPlaceholder(
        await rig.run(rig.attested(), execInfo(null)),
        /ERR_CONFIGURATION.*provideClusterInfo: true/,
      );
    });
  });

  describe("in audience mode", () => {
    it("asks for a plain token with the audiences of every webhook at the host and port", async () => {
      rig.stub.configurations.push(
        configuration("b", [{ clientConfig: service("/other") }, { clientConfig: service("/validate") }]),
      );
      expect((await rig.run(rig.plain())).token).to.equal(rig.stub.tokens[0]);
      expect(rig.stub.tokenRequests[0]?.spec).to.deep.equal({
        audiences: ["https://svc.ns.svc:443/validate", "https://svc.ns.svc:443/other"],
        expirationSeconds: 600,
      });
    });

    it("asks for the audiences it is given, whatever is called, and reads no configuration", async () => {
      await rig.run(rig.plain("--audience=x", "--audience=y"), execInfo(null));
      expect(rig.stub.tokenRequests[0]?.spec.audiences).to.deep.equal(["x", "y"]);
      expect(rig.stub.requests).to.have.length(1);
    });

    it("gives no token where no configuration names the host and port", async () => {
      expectPlaceholder(
        await rig.run(rig.plain(), execInfo({ server: "https://elsewhere.ns.svc:443" })),
        "ERR_WEBHOOK_NOT_FOUND",
      );
    });
  });

  describe("with credentials of its own", () => {
    it("asks with the token of a file", async () => {
      await rig.run(rig.attested());
      expect(rig.stub.lastCaller()).to.equal(`Bearer ${requesterToken}`);
    });

    it("asks with a client certificate", async () => {
      const [account, group, url, ca] = rig.attested();
      const certificate = ["crt", "key"].map((end) => join(rig.stub.folder, `client.${end}`));
      const { exitCode, err } = await rig.run([
        ...[account!, group!, url!, ca!],
        ...[`--client-certificate=${certificate[0]}`, `--client-key=${certificate[1]}`],
      ]);
      expect({ exitCode, err, caller: rig.stub.lastCaller() }).to.deep.equal({
        exitCode: 0,
        err: "",
        caller: "certificate",
      });
    });

    const kubeconfig = () => {
      const file = join(rig.stub.folder, "kubeconfig");
      const user = { name: "u", user: { tokenFile: "token" } };
      const cluster = { name: "c", cluster: { server: rig.stub.url, "certificate-authority": "ca.crt" } };
      const context = { name: "x", context: { cluster: "c", user: "u" } };
      const config = { clusters: [cluster], users: [user], contexts: [context], "current-context": "x" };
      writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Config", ...config }));
      return file;
    };
    const flags = ["--service-account=kube-system/caller", "--api-group=*"];

    it("asks as a kubeconfig says, its files relative to it", async () => {
      const { exitCode, err } = await rig.run([...flags, `--kubeconfig=${kubeconfig()}`]);
      expect({ exitCode, err }).to.deep.equal({ exitCode: 0, err: "" });
      expect(rig.stub.lastCaller()).to.equal(`Bearer ${requesterToken}`);
    });

    it("finds the kubeconfig in KUBECONFIG, as kubectl does", async () => {
      const io = capturedIO({ KUBERNETES_EXEC_INFO: execInfo(), KUBECONFIG: kubeconfig() });
      expect(await execCredential.run(flags, io)).to.equal(0);
      expect(rig.stub.tokens).to.have.length(1);
    });

    it("gives no token where there is neither kubeconfig nor cluster", async () => {
      const io = capturedIO({ KUBERNETES_EXEC_INFO: execInfo(), HOME: rig.stub.folder });
      expect(await execCredential.run(flags, io)).to.equal(0);
      expect(io.err()).to.match(/^countersign: ERR_KUBECONFIG: /);
    });
  });

  describe("used wrongly", () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [["--api-group=*"], /--service-account is required/],
      [["--service-account=caller", "--api-group=*"], /--service-account=caller: must be NAMESPACE\/NAME/],
      [["--service-account=a/b"], /--api-group is required/],
      [["--service-account=a/b", "--api-group="], /--api-group is required/],
      [["--service-account=a/b", "--api-group=a", "--api-group=b"], /--api-group is given twice/],
      [["--service-account=a/b", "--api-group=a", "--audience=x"], /--audience goes with --mode audience/],
      [
        ["--service-account=a/b", "--mode=audience", "--api-group=a"],
        /--api-group goes with --mode attested/,
      ],
      [["--service-account=a/b", "--mode=both"], /--mode=both: must be one of attested, audience/],
      [["--service-account=a/b", "--api-group=a", "--token-file=t"], /--token-file goes with --server/],
      [
        ["--service-account=a/b", "--api-group=a", "--server=https://a", "--kubeconfig=k"],
        /--server and --kubeconfig exclude/,
      ],
      [
        ["--service-account=a/b", "--api-group=a", "--server=http://a", "--token-file=t"],
        /must be an https:\/\/ URL/,
      ],
      [["--service-account=a/b", "--api-group=a", "--server=https://a"], /needs one of --token-file/],
      [
        ["--service-account=a/b", "--api-group=a", "--server=https://a", "--client-key=k"],
        /--client-certificate and --client-key go together/,
      ],
      [["--service-account=a/b", "--api-group=a", "--on-failure=ignore"], /must be one of placeholder, fail/],
    ];
    for (const [args, message] of wrong)
      it(`refuses ${args.join(" ")}`, async () => {
        const { code, message: said } = await rejectionOf(execCredential.run(args, capturedIO()));
        expect(code).to.equal("ERR_USAGE");
        expect(said).to.match(message);
      });

    it("refuses to run without client-go's variable", async () => {
      const io = capturedIO();
      const { code } = await rejectionOf(execCredential.run(rig.attested(), io));
      expect(code).to.equal("ERR_CONFIGURATION");
    });
  });
});
