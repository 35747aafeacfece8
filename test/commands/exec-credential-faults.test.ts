import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { type ExecCredentialRig, expectPlaceholder, startExecCredentialRig } from "./exec-credential-rig.ts";
import { refuse, type StubAPIServer, send, startStubAPIServer } from "./stub-api-server.ts";

describe("exec-credential", () => {
  let rig: ExecCredentialRig;
  beforeEach(async () => {
    rig = await startExecCredentialRig();
  });
  afterEach(() => rig.stub.close());

  describe("before an API server that refuses or fails", () => {
    const onToken = (act: (response: Parameters<typeof send>[0]) => void): StubAPIServer["fault"] => {
      return ({ method }, response) => {
        if (method === "POST") act(response);
        return method === "POST";
      };
    };

    const faults: readonly (readonly [string, string, (stub: StubAPIServer) => void])[] = [
      [
        "lists refused",
        "ERR_API_STATUS",
        (stub) => {
          stub.fault = (_, response) => {
            refuse(response, 403, "Forbidden", "cannot list resource");
            return true;
          };
        },
      ],
      [
        "attest missing",
        "ERR_TOKEN_REQUEST_ATTEST",
        (stub) => {
          stub.fault = onToken((response) =>
            refuse(response, 403, "Forbidden", 'User "u" cannot attest resource "admissionReviewAPIGroups"'),
          );
        },
      ],
      [
        "create of tokens missing",
        "ERR_TOKEN_REQUEST_FORBIDDEN",
        (stub) => {
          stub.fault = onToken((response) => refuse(response, 403, "Forbidden", "cannot create resource"));
        },
      ],
      [
        "the gate off",
        "ERR_TOKEN_REQUEST_GATE_OFF",
        (stub) => {
          stub.fault = onToken((response) =>
            refuse(
              response,
              400,
              "BadRequest",
              "cannot bind token to object of type admissionregistration.k8s.io/v1",
            ),
          );
        },
      ],
      [
        "no such ServiceAccount",
        "ERR_TOKEN_REQUEST_NOT_FOUND",
        (stub) => {
          stub.fault = onToken((response) =>
            refuse(response, 404, "NotFound", 'serviceaccounts "caller" not found'),
          );
        },
      ],
      [
        "an older server that drops the binding",
        "ERR_TOKEN_REQUEST_MISMATCH",
        (stub) => {
          stub.amend = ({ spec: { audiences }, ...answer }) => ({ ...answer, spec: { audiences } });
        },
      ],
      [
        "a token for another audience",
        "ERR_TOKEN_REQUEST_MISMATCH",
        (stub) => {
          stub.amend = ({ spec, ...answer }) => ({ ...answer, spec: { ...spec, audiences: ["other"] } });
        },
      ],
      [
        "an empty answer",
        "ERR_TOKEN_REQUEST_MISMATCH",
        (stub) => {
          stub.fault = onToken((response) => response.writeHead(201).end());
        },
      ],
      [
        "an answer that is not JSON",
        "ERR_TRANSPORT",
        (stub) => {
          stub.fault = onToken((response) =>
            response.writeHead(201, { "content-type": "application/json" }).end("{"),
          );
        },
      ],
      [
        "lists that are none",
        "ERR_TRANSPORT",
        (stub) => {
          stub.fault = (_, response) => {
            send(response, 200, { items: [{ metadata: {}, webhooks: [{ clientConfig: 1 }] }] });
            return true;
          };
        },
      ],
      [
        "the connection closed",
        "ERR_TRANSPORT",
        (stub) => {
          stub.fault = (_, response) => response.socket?.destroy() !== undefined;
        },
      ],
    ];
    for (const [what, code, arrange] of faults)
      it(`${what}: a placeholder, and ${code} on stderr`, async () => {
        arrange(rig.stub);
        expectPlaceholder(await rig.run(rig.attested()), code);
      });

    it("follows no redirect, so that its own credential goes nowhere else", async () => {
      const other = await startStubAPIServer();
      try {
        rig.stub.fault = (request, response) => {
          response.writeHead(307, { location: `${other.url}${request.url}` }).end();
          return true;
        };
        expectPlaceholder(await rig.run(rig.attested()), "ERR_API_STATUS");
        expect(other.requests).to.deep.equal([]);
      } finally {
        await other.close();
      }
    });

    it("trusts no other certificate than the CA's", async () => {
      const other = await startStubAPIServer();
      writeFileSync(join(rig.stub.folder, "ca.crt"), readFileSync(join(other.folder, "ca.crt")));
      await other.close();
      expectPlaceholder(await rig.run(rig.attested()), /ERR_TRANSPORT.*not signed by a CA we trust/);
      expect(rig.stub.requests).to.deep.equal([]);
    });

    it("gives up within two seconds on one that accepts and never answers", async () => {
      const silent = createServer(() => undefined);
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const sockets: { destroy(): void }[] = [];
      silent.on("connection", (socket) => sockets.push(socket));
      const address = silent.address() as { port: number };
      const args = rig
        .attested()
        .map((arg) => (arg.startsWith("--server") ? `--server=https://127.0.0.1:${address.port}` : arg));
      const before = performance.now();
      expectPlaceholder(await rig.run(args), "ERR_TRANSPORT_TIMEOUT");
      expect(performance.now() - before).to.be.lessThan(2_000);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    });

    it("gives up within two seconds on one that answers drop by drop", async () => {
      rig.stub.fault = (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const drops = setInterval(() => response.write(" "), 50);
        response.on("close", () => clearInterval(drops));
        return true;
      };
      const before = performance.now();
      expectPlaceholder(await rig.run(rig.attested()), "ERR_TRANSPORT_TIMEOUT");
      expect(performance.now() - before).to.be.lessThan(2_000);
    });

    it("exits 1 and prints nothing with --on-failure=fail", async () => {
      rig.stub.configurations = [];
      const { exitCode, token, err } = await rig.run(rig.attested("--on-failure=fail"));
      expect({ exitCode, token }).to.deep.equal({ exitCode: 1, token: "" });
      expect(err).to.match(/^countersign: ERR_WEBHOOK_NOT_FOUND: /);
    });

    it("gives a placeholder where its own credential cannot be read", async () => {
      const args = rig
        .attested()
        .map((arg) => (arg.startsWith("--token-file") ? "--token-file=/nonexistent" : arg));
      expectPlaceholder(await rig.run(args), /ERR_KUBECONFIG.*\/nonexistent/);
    });
  });
});
