import { expect } from "chai";
import type { TokenReviewStatus } from "../../../src/apis/authentication.ts";
import { systemClock } from "../../../src/clock.ts";
import { kubeconfigText } from "../../../src/testing/kubeconfig-text.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../../tls-server.ts";
import { until } from "../../until.ts";
import {
  type Changes,
  type GatewayRig,
  type RunningGateway,
  readsLogs,
  startGateway,
  startGatewayRig,
} from "./running-gateway.ts";

// asks no kubelet, whose questions would be counted with the gateway's
const podPath = "/api/v1/namespaces/default/pods/web";
const whoamiPath = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const ours = "https://gateway";

describe("whom a gateway lets in, as it is configured", function () {
  // a control plane and a kubelet start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let running: RunningGateway | undefined;
  let later = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + later };
  before(async () => {
    rig = await startGatewayRig();
    await rig.kubelet.runPod({ name: "web" });
    await rig.grant("jane", readsLogs);
  });
  after(() => rig.close());
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
    later = 0;
  });

  const reviews = async (): Promise<Readonly<Record<"tokens" | "access", number>>> => {
    const { text } = await running!.admin("/metrics");
    const count = (name: string): number =>
      [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)$`, "gm"))].reduce(
        (sum, [, value]) => sum + Number(value),
        0,
      );
    return {
      tokens: count("apiserver_delegated_authn_request_total"),
      access: count("apiserver_delegated_authz_request_total"),
    };
  };
  /** A gateway that asks nothing by itself any more. */
  const start = async (changes: Changes, from: GatewayRig = rig): Promise<RunningGateway> => {
    running = await startGateway(from, changes, { clock });
    await until(async () => (await running!.admin("/readyz")).status === 200);
    return running;
  };
  const whoami = async (token: string): Promise<string> => {
    const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
    const headers = { "Content-Type": "application/json" };
    const answer = await running!.call(whoamiPath, { token, method: "POST", headers, body });
    return answer.status === 201 ? JSON.parse(answer.body).status.userInfo.username : `${answer.status}`;
  };
  /** The status, and whom a refusal is about. */
  const told = async (path: string, token?: string): Promise<string> => {
    const { status, body } = await running!.call(path, token === undefined ? {} : { token });
    return `${status} ${/User \\"([^"\\]+)\\"/.exec(body)?.[1] ?? ""}`.trim();
  };

  describe("by a token", () => {
    const serviceAccount = "system:serviceaccount:default:default";
    const tokenFor = async (...audiences: readonly string[]): Promise<string> => {
      const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
      const { body } = await rig.client.request({ path, body: { spec: { audiences } } });
      return (body as { status: { token: string } }).status.token;
    };

    it("for one of its audiences, and by none for another or for the API server alone", async () => {
      await start({ authentication: { tokenReview: { audiences: [ours, "https://also"] } } });
      expect(await whoami(await tokenFor(ours))).to.equal(serviceAccount);
      expect(await whoami(await tokenFor("https://also", "https://other"))).to.equal(serviceAccount);
      expect(await whoami(await tokenFor("https://other"))).to.equal("401");
      expect(await whoami(await tokenFor(`${ours}/`))).to.equal("401");
      expect(await whoami(await tokenFor())).to.equal("401");
    });

    it("for the API server where it has no audiences, and by none for the gateway then", async () => {
      await start({ authentication: { tokenReview: {} } });
      expect(await whoami(await tokenFor())).to.equal(serviceAccount);
      expect(await whoami(await tokenFor(ours))).to.equal("401");
    });

    it("for cacheTTL without asking again", async () => {
      await start({ authentication: { tokenReview: { cacheTTL: "20m" } } });
      const token = await tokenFor();
      for (const [afterMs, asked] of [
        [0, 1],
        [600_000, 1],
        [600_000, 2],
      ] as const) {
        later += afterMs;
        expect(await whoami(token)).to.equal(serviceAccount);
        expect(await reviews(), `after ${later} ms`).to.include({ tokens: asked });
      }
    });
  });

  describe("by an API server's word that is not all it should be", () => {
    let apiServer: TLSServer;
    let answer: TokenReviewStatus | undefined;
    before(async () => {
      apiServer = await startTLSServer(async (request, response) => {
        if (!request.url?.endsWith("/tokenreviews")) return answerJSON(response, 200, {});
        const review = JSON.parse(await readBody(request)) as object;
        // undefined hangs
        if (answer !== undefined) answerJSON(response, 201, { ...review, status: answer });
      });
    });
    after(() => apiServer.close());
    const startBefore = (tokenReview: Changes): Promise<RunningGateway> => {
      const kubeconfig = rig.write(
        "elsewhere",
        kubeconfigText({ server: apiServer.url, caPem: apiServer.ca, user: rig.user("gateway") }),
      );
      const changes = { authentication: { tokenReview }, authorization: { mode: "AlwaysAllow" } };
      return start(changes, { ...rig, kubeconfig });
    };

    it("which names no audience: only where the one that is wanted is said to be its own", async () => {
      answer = { authenticated: true, user: { username: "jane" } };
      const audiences = [ours, "https://api"];
      await startBefore({ audiences, implicitAudiences: ["https://api"] });
      expect(await whoami("a token")).to.equal("jane");
      await running?.server.close();
      await startBefore({ audiences });
      expect(await whoami("a token")).to.equal("401");
    });

    it("which does not come: nobody, after no more than its timeout", async () => {
      answer = undefined;
      await startBefore({ timeout: "200ms" });
      const begunAt = performance.now();
      expect(await whoami("a token")).to.equal("401");
      // ten seconds where nothing is configured
      expect(performance.now() - begunAt).to.be.within(150, 8_000);
    });
  });

  describe("who shows nothing", () => {
    const clientCAFile = "ca.crt";

    it("is system:anonymous everywhere, and may what RBAC grants that user", async () => {
      await start({ authentication: { clientCAFile, tokenReview: {}, anonymous: true } });
      expect(await told("/healthz")).to.equal("200");
      expect(await told(podPath)).to.equal("403 system:anonymous");
      expect(await told(podPath, "nobody's"), "who shows something bad is not nobody").to.equal("401");
      await rig.grant("system:anonymous", { nonResourceURLs: ["/api"], verbs: ["get"] });
      expect(await told("/api")).to.equal("200");
    });

    it("is system:anonymous at the paths that are named, and refused elsewhere", async () => {
      const anonymous = { enabled: true, conditions: [{ path: "/healthz" }, { path: "/apis" }] };
      await start({ authentication: { clientCAFile, anonymous } });
      expect(await told("/healthz")).to.equal("200");
      expect(await told("/apis")).to.equal("403 system:anonymous");
      for (const path of [podPath, "/livez", "/healthz/ping", "/apis/authentication.k8s.io"])
        expect(await told(path), path).to.equal("401");
    });

    it("is refused everywhere where nothing is said of anonymous", async () => {
      await start({ authentication: { clientCAFile } });
      for (const path of [podPath, "/healthz", "/api"]) expect(await told(path), path).to.equal("401");
    });
  });

  describe("by an answer about what somebody may", () => {
    const authorization = { authorizedTTL: "20m", unauthorizedTTL: "10m" };

    for (const [name, status, ttlMs] of [
      ["jane", 200, 1_200_000],
      ["john", 403, 600_000],
    ] as const)
      it(`for ${ttlMs / 60_000} min, as is configured for ${status}, without asking again`, async () => {
        await start({ authorization });
        const as = rig.user(name);
        const ask = async () => {
          expect(await running!.call(podPath, { as })).to.include({ status });
          return (await reviews()).access;
        };
        const { access } = await reviews();
        const asked = await ask();
        expect(asked).to.equal(access + 1);
        later += ttlMs / 2;
        expect(await ask()).to.equal(asked);
        later += ttlMs / 2;
        expect(await ask()).to.equal(asked + 1);
      });
  });

  describe("without a question", () => {
    it("who is in one of alwaysAllowGroups, system:masters unless others are named", async () => {
      await start({});
      const masters = rig.user("root", "system:masters");
      const { access } = await reviews();
      expect(await running!.call(podPath, { as: masters })).to.include({ status: 200 });
      expect(await reviews()).to.include({ access });
    });

    it("who is in a group that is named, and then nobody for being in system:masters", async () => {
      await start({ authorization: { alwaysAllowGroups: ["operators"] } });
      const { access } = await reviews();
      const operator = rig.user("olga", "operators");
      expect(await running!.call(podPath, { as: operator })).to.include({ status: 200 });
      expect(await reviews()).to.include({ access });
      await running!.call(podPath, { as: rig.user("root", "system:masters") });
      expect((await reviews()).access).to.be.greaterThan(access);
    });

    it("whoever is known, at a path of alwaysAllowPaths that nobody has granted", async () => {
      await start({
        authentication: { clientCAFile: "ca.crt", anonymous: true },
        authorization: { alwaysAllowPaths: ["/apis"] },
      });
      const { access } = await reviews();
      expect(await told("/apis")).to.equal("200");
      expect(await reviews()).to.include({ access });
      expect(await told("/livez/ping")).to.equal("403 system:anonymous");
    });
  });
});
