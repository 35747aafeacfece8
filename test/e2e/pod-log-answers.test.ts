import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { AnswerStatusError } from "../../src/apis/answer-status.ts";
import { createKubeletClient, type KubeletClient } from "../../src/kubelet/kubelet-client.ts";
import { createNodeSource } from "../../src/kubelet/node-source.ts";
import { createPodLogs, type PodLogs } from "../../src/kubelet/pod-logs.ts";
import { createPodReader } from "../../src/kubelet/pod-reader.ts";
import { Secret } from "../../src/secret.ts";
import { createNodeRegistration } from "../../src/testing/kubelet/node-registration.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import {
  authority,
  clientOptions,
  type KubeletServer,
  nodeAt,
  otherAuthority,
  servingCertificate,
  startKubeletServer,
} from "../kubelet/kubelet-server.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";

const hourMs = 3_600_000;

/** Status and body that a kubelet may answer a log with. */
const answers: readonly (readonly [status: number, body: string])[] = [
  [200, "a line\n"],
  [204, ""],
  [206, "part"],
  [400, 'container "app" in pod "web" is waiting to start: ContainerCreating'],
  [400, ""],
  [402, "x"],
  [403, "Forbidden (user=gateway, verb=get, resource=nodes, subresource(s)=[proxy])"],
  [404, "404 page not found\n"],
  [405, "Method Not Allowed"],
  [406, ""],
  [406, "unknown"],
  [406, "only text"],
  [409, "x"],
  [415, "that"],
  [418, "x"],
  [422, '{"message": "Invalid request."}'],
  [429, "later"],
  [500, 'failed: "why"\n\tand <where> & when'],
  [500, ""],
  [500, "x".repeat(60_000)],
  [501, "x"],
  [502, 'bad "gateway"\\ é\n'],
  [503, "x"],
  [504, "x"],
  [599, "x"],
];

/** What a caller may ask. */
const queries: readonly string[] = [
  ...[
    "",
    "container=",
    "container=side",
    "container=init",
    "container=nobody",
    "container=app&container=nobody",
  ],
  ...["tailLines=-1", "limitBytes=0", "sinceSeconds=0", "sinceSeconds=-9223372036854775808", "tailLines=007"],
  ...["sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z", "sinceSeconds=0&sinceTime=", "stream=All", "stream="],
  ...["tailLines=-1&limitBytes=0&sinceSeconds=0&stream=x", "tailLines=many", "tailLines=", "tailLines=1e3"],
  ...[
    "limitBytes=9223372036854775808",
    "sinceTime=yesterday",
    "sinceTime=2020-13-01T00:00:00Z",
    "sinceTime=",
  ],
  ...["sinceTime=null", "sinceTime=2020-02-30T00:00:00Z", "sinceTime=2020-01-01T00:00:00.5%2B02:00"],
  ...["sinceTime=2020-01-01T00:00:00", "sinceTime=2020-01-01T00:00:00Zx", "sinceTime=2020-01-01T24:00:00Z"],
  ...[
    "follow=0&previous&timestamps=FALSE",
    "timestamps=perhaps&limitBytes=%2B5&tailLines=0",
    "nonsense=1&Follow=1",
  ],
  ...[
    "container=app&insecureSkipTLSVerifyBackend=true&previous=true&sinceSeconds=300&tailLines=7&timestamps=true",
  ],
];

await describeWith(
  ["kube-apiserver 1.37"],
  "a pod's log, by kube-apiserver and by countersign/kubelet",
  () => {
    let plane: RealControlPlane;
    let kubelet: KubeletServer;
    let client: RestClient;
    let kubelets: KubeletClient;
    let logs: PodLogs;

    before(async () => {
      kubelet = await startKubeletServer({ protocols: ["http/1.1"] });
      const pair = authority.issue({ commonName: "kubelet-client" });
      const files = {
        "client.crt": pair.certificatePem,
        "client.key": pair.keyPem,
        "ca.crt": authority.certificatePem,
      };
      // kube-apiserver reads them when a kubelet is first dialled, so they stand beside its own
      plane = await startRealControlPlane({ extraFlags: [] });
      for (const [name, content] of Object.entries(files))
        await writeFile(join(plane.folder, name), content, { mode: 0o600 });
      await plane.restart({
        extraFlags: [
          `--kubelet-client-certificate=${join(plane.folder, "client.crt")}`,
          `--kubelet-client-key=${join(plane.folder, "client.key")}`,
          `--kubelet-certificate-authority=${join(plane.folder, "ca.crt")}`,
          "--kubelet-preferred-address-types=InternalIP",
        ],
      });
      const { url, caPem, adminToken, certificateAuthority } = plane;
      const registration = createNodeRegistration({ url, caPem, adminToken, certificateAuthority });
      await registration.registerNode(nodeAt(kubelet.port));
      await registration.registerNode({
        ...nodeAt(kubelet.port, { name: "nowhere" }),
        status: { addresses: [] },
      });
      const bearer = { token: new Secret(adminToken), requestedAt: 0, expiresAt: Number.POSITIVE_INFINITY };
      client = createRestClient({ server: url, ca: caPem, token: { token: async () => bearer } });
      for (const [name, spec] of pods) await createPod(name, spec);
      registration.close();
      kubelets = createKubeletClient(clientOptions(kubelet.port));
      logs = createPodLogs({
        kubelets,
        pods: createPodReader({ client }),
        nodes: createNodeSource({ client }),
        suggestInsecure: false,
      });
    });
    beforeEach(() => {
      kubelet.serve(servingCertificate());
      kubelet.requests.length = 0;
    });
    after(async () => {
      kubelets?.close();
      client?.close();
      await plane?.stop();
      await kubelet?.close();
    });

    const named = (...names: readonly string[]) => names.map((name) => ({ name, image: "x" }));
    const pods: readonly (readonly [name: string, spec: object])[] = [
      ["web", { nodeName: "n1", containers: named("app") }],
      ["many", { nodeName: "n1", initContainers: named("init"), containers: named("app", "side") }],
      ["pending", { containers: named("app") }],
      ["lost", { nodeName: "n9", containers: named("app") }],
      ["unreachable", { nodeName: "nowhere", containers: named("app") }],
    ];
    async function createPod(name: string, spec: object): Promise<void> {
      const body = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec };
      await client.request({ path: "/api/v1/namespaces/default/pods", body });
    }

    interface Outcome {
      readonly status: number;
      readonly body: unknown;
      /** What the kubelet was asked. */
      readonly asked: readonly (string | undefined)[];
    }
    /** The time of the day is nobody's difference, and neither is an empty string, which Go leaves out. */
    const comparable = (body: unknown): unknown => {
      const told = JSON.stringify(body ?? "").replaceAll(/current time \S+ is/g, "current time NOW is");
      return JSON.parse(told, (name, value) => (name === "message" && value === "" ? undefined : value));
    };

    async function byAPIServer(pod: string, query: string): Promise<Outcome> {
      kubelet.requests.length = 0;
      const path = `/api/v1/namespaces/default/pods/${pod}/log${query === "" ? "" : `?${query}`}`;
      const { status, body } = await client.send({ path });
      return { status, body: comparable(body), asked: kubelet.requests.map(({ url }) => url) };
    }
    async function byUs(pod: string, query: string): Promise<Outcome> {
      kubelet.requests.length = 0;
      const asked = (): (string | undefined)[] => kubelet.requests.map(({ url }) => url);
      try {
        const { body } = await logs.open({ namespace: "default", pod, query: new URLSearchParams(query) });
        if (body === undefined) return { status: 204, body: "", asked: asked() };
        return { status: 200, body: await text(body), asked: asked() };
      } catch (error) {
        if (!(error instanceof AnswerStatusError)) throw error;
        return { status: error.answer.code, body: comparable(error.answer), asked: asked() };
      }
    }

    for (const [status, body] of answers)
      it(`is told alike where the kubelet answers ${status} ${JSON.stringify(body.slice(0, 20))}`, async () => {
        kubelet.handle = (_request, response) => void response.writeHead(status).end(body);
        expect(await byUs("web", "")).to.deep.equal(await byAPIServer("web", ""));
      });

    for (const query of queries)
      it(`is read or refused alike for ${JSON.stringify(query)}`, async () => {
        kubelet.handle = (_request, response) => void response.end("a line\n");
        for (const pod of ["web", "many"])
          expect(await byUs(pod, query)).to.deep.equal(await byAPIServer(pod, query));
      });

    for (const pod of ["pending", "nobody", "unreachable"])
      it(`is refused alike of the pod ${pod}`, async () => {
        for (const query of ["", "container=nobody"])
          expect(await byUs(pod, query)).to.deep.equal(await byAPIServer(pod, query));
      });

    for (const [what, certificate] of [
      [
        "has expired",
        servingCertificate({ notBefore: Date.now() - 2 * hourMs, notAfter: Date.now() - hourMs }),
      ],
      ["is not valid yet", servingCertificate({ notBefore: Date.now() + hourMs })],
      ["is signed by somebody else", servingCertificate({}, otherAuthority)],
      ["is for another address", servingCertificate({ ipAddresses: ["10.0.0.5", "fd00::5"] })],
      ["has no addresses", servingCertificate({ ipAddresses: [] })],
      ["is for clients", servingCertificate({ usages: ["clientAuth"] })],
    ] as const)
      it(`is refused alike where the kubelet's certificate ${what}, and read alike with the flag`, async () => {
        kubelet.handle = (_request, response) =>
          void response.writeHead(200, { Connection: "close" }).end("a line\n");
        // connections that have been verified are kept: both sides dial anew
        for (const connection of kubelet.connections) connection.destroy();
        kubelet.serve(certificate);
        const refused = await byUs("web", "");
        expect(refused).to.deep.equal(await byAPIServer("web", ""));
        expect(refused).to.include({ status: 500 });
        const flag = "insecureSkipTLSVerifyBackend=true";
        expect(await byUs("web", flag)).to.deep.equal(await byAPIServer("web", flag));
      });

    it("is refused where there is no such node; kube-apiserver calls it a pod", async () => {
      const { status, body } = await byAPIServer("lost", "");
      const ours = await byUs("lost", "");
      expect(ours.status).to.equal(status);
      expect(JSON.stringify(ours.body).replaceAll("nodes", "pods")).to.equal(JSON.stringify(body));
    });

    it("is not told as the caller's fault where the gateway is refused (401): kube-apiserver does", async () => {
      kubelet.handle = (_request, response) => void response.writeHead(401).end("Unauthorized");
      expect((await byAPIServer("web", "")).status).to.equal(401);
      expect(await byUs("web", "")).to.include({ status: 500 });
    });
  },
);
