import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect } from "chai";
import type { DelegatingAuthenticator } from "../../../src/authentication/delegating.ts";
import { refuseImpersonation } from "../../../src/authorization/impersonation.ts";
import { createKubeletAuthorizer } from "../../../src/authorization/kubelet-authorization.ts";
import { nodeEndpoint } from "../../../src/kubelet/node-endpoint.ts";
import { createGatewayApplication } from "../../../src/server/gateway/gateway-application.ts";
import {
  createRandom,
  generateGrants,
  generateTarget,
  granting,
  methods,
  modes,
} from "../../authorization/generated-requests.ts";
import { allowsEveryReading } from "../../authorization/kubelet-oracle.ts";

interface Sent {
  readonly nodeName: string;
  readonly method: string;
  readonly path: string;
}

const jane: DelegatingAuthenticator = {
  authenticateRequest: async () => ({ method: "clientCertificate", user: { username: "jane" } }),
  withoutCredentials: (rawHeaders) => rawHeaders,
};
const refusing = new Error("not of this test");
const nobody = () => Promise.reject(refusing);
const random = createRandom(1295);
const holders = Array.from({ length: 40 }, () => generateGrants(random));

describe("100 000 generated requests of the gateway's application", () => {
  let sent: Sent | undefined;
  const faults: string[] = [];
  const counts = new Map<string, number>();
  const count = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1);

  const applications = modes.flatMap((mode) =>
    holders.map((grants) => {
      const authorizer = granting(grants);
      const application = createGatewayApplication({
        ...{ authenticator: jane, impersonation: refuseImpersonation, authorizer, insecureBackend: "allow" },
        kubeletAuthorizer: createKubeletAuthorizer({ authorizer, mode }),
        interactive: [],
        nodes: {
          node: async (name) => ({ kind: "Node", apiVersion: "v1", metadata: { name } }),
        },
        kubelets: {
          exchange({ node, method, path }) {
            sent = { nodeName: node.metadata.name, method, path };
            return nobody();
          },
          upgrade: nobody,
          close: () => undefined,
        },
        podLogs: { open: nobody },
        cluster: { request: nobody, stream: nobody },
        selfSubjectReviews: {},
        health: {},
      });
      return { mode, grants, application };
    }),
  );

  /** Past any parser: what no client could have brought through node:http has to be refused here as well. */
  function answerOf(application: (typeof applications)[number]["application"], method: string, url: string) {
    const request = Object.assign(new IncomingMessage(new Socket()), { method, url, httpVersionMajor: 1 });
    // its turn has come, and what it writes goes nowhere
    const response = Object.assign(new ServerResponse(request), { socket: request.socket });
    return new Promise<number>((resolve) => {
      const end = response.end.bind(response);
      response.end = ((...parts: Parameters<typeof end>) => {
        resolve(response.statusCode);
        return end(...parts);
      }) as typeof response.end;
      application.handle(request, response);
    });
  }

  before(async function () {
    this.timeout(120_000);
    for (let run = 0; run < 100_000; run++) {
      const { mode, grants, application } = random.pick(applications);
      const [method, target] = [random.pick(methods), generateTarget(random)];
      sent = undefined;
      const status = await answerOf(application, method, target);
      count(String(status));
      if (sent !== undefined) count("sent");
      const allowed = allowsEveryReading(grants, mode, method, target);
      faults.push(...(status === 400 ? refusedFaults(sent) : faultsOf(sent, method, target, allowed)));
    }
  });

  /** Of two readings, or with no reading at all. */
  function refusedFaults(what: Sent | undefined): string[] {
    return what === undefined ? [] : [`sent, and refused: ${JSON.stringify(what)}`];
  }

  function faultsOf(what: Sent | undefined, method: string, target: string, allowed: boolean): string[] {
    const shown = JSON.stringify([method, target, what]);
    const [path = ""] = target.split("?");
    if (what === undefined) {
      const served = allowed && nodeEndpoint(method, path.slice("/api/v1/nodes/n1/proxy".length));
      return served && served.interactive === undefined ? [`allowed and served, but not sent: ${shown}`] : [];
    }
    const endpoint = nodeEndpoint(what.method, what.path.split("?")[0]!);
    return [
      ...(allowed ? [] : [`sent, but the table does not allow it: ${shown}`]),
      ...(`/api/v1/nodes/${what.nodeName}/proxy${what.path}` === target
        ? []
        : [`sent something else: ${shown}`]),
      ...(what.method === method ? [] : [`sent by another method: ${shown}`]),
      ...(endpoint !== undefined && endpoint.interactive === undefined
        ? []
        : [`sent, but not served: ${shown}`]),
    ];
  }

  it("never is anything sent to a kubelet but what was authorized, to the byte", () => {
    expect(faults.slice(0, 5)).to.deep.equal([]);
  });

  it("enough of them were sent, and refused for every reason", () => {
    for (const what of ["sent", "400", "403", "404"]) expect(counts.get(what), what).to.be.greaterThan(1_000);
    expect(counts.get("405")).to.be.greaterThan(100);
  });
});
