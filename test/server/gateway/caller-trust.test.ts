import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { until } from "../../until.ts";
import {
  type GatewayRig,
  type RunningGateway,
  readsLogs,
  startGateway,
  startGatewayRig,
} from "./running-gateway.ts";

const whoami = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const configMaps = "/api/v1/namespaces/kube-system/configmaps";
const name = "extension-apiserver-authentication";

describe("whose certificates and headers a gateway believes", function () {
  // a control plane and a kubelet start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let running: RunningGateway | undefined;
  const frontProxyCA = createCertificateAuthority({ commonName: "front-proxy-ca" });
  const proxy = frontProxyCA.issue({ commonName: "front-proxy-client" });
  before(async () => {
    rig = await startGatewayRig();
    await rig.kubelet.runPod({ name: "web" });
    await rig.grant("jane", readsLogs);
    rig.write("front.crt", frontProxyCA.certificatePem);
    await rig.client.send({ path: `${configMaps}/${name}`, method: "DELETE" });
  });
  after(() => rig.close());
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
    await rig.client.send({ path: `${configMaps}/${name}`, method: "DELETE" });
  });

  const logPath = "/api/v1/namespaces/default/pods/web/log";
  const asJane = { as: proxy, headers: { "X-Remote-User": "jane" } };
  const configMap = (data: Readonly<Record<string, string>>) => ({ metadata: { name }, data });
  const frontProxy = {
    "requestheader-client-ca-file": frontProxyCA.certificatePem,
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
  };
  const create = (data: Readonly<Record<string, string>>) =>
    rig.client.request({ path: configMaps, body: configMap(data) });
  const readyz = async (): Promise<string> => (await running!.admin("/readyz?verbose")).text;
  const statusOf = async (options: object): Promise<number> => (await running!.call(logPath, options)).status;

  describe("by the ConfigMap of the cluster", () => {
    const authentication = { clientCAFromConfigMap: true, requestHeader: { fromConfigMap: true } };

    it("takes users and a front proxy, told apart on one listener", async () => {
      await create({ "client-ca-file": rig.controlPlane.caPem, ...frontProxy });
      running = await startGateway(rig, { authentication });
      await until(async () => (await readyz()).includes("[+]authentication-configmap ok"));
      expect(await statusOf({ as: rig.user("jane") })).to.equal(200);
      expect(await statusOf(asJane)).to.equal(200);
      // a user who says to be another is herself
      expect(await statusOf({ ...asJane, as: rig.user("john") })).to.equal(403);
      // a certificate of the front proxy's CA is nobody's without what it says
      expect(await statusOf({ as: proxy })).to.equal(401);
      expect(await statusOf({ ...asJane, as: frontProxyCA.issue({ commonName: "other" }) })).to.equal(401);
    });

    it("follows it, and keeps each of its parts as it was read last where one is broken or gone", async () => {
      await create({ "client-ca-file": rig.controlPlane.caPem });
      running = await startGateway(rig, { authentication });
      await until(async () => (await statusOf({ as: rig.user("jane") })) === 200);
      expect(await statusOf(asJane)).to.equal(401);
      const put = (data: Readonly<Record<string, string>>) =>
        rig.client.request({ path: `${configMaps}/${name}`, method: "PUT", body: configMap(data) });
      await put({ "client-ca-file": "broken", ...frontProxy });
      await until(async () => (await statusOf(asJane)) === 200);
      expect(await statusOf({ as: rig.user("jane") })).to.equal(200);
      await rig.client.request({ path: `${configMaps}/${name}`, method: "DELETE" });
      expect(await statusOf(asJane)).to.equal(200);
    });

    it("believes nobody where there is none", async () => {
      running = await startGateway(rig, { authentication });
      await until(async () => (await readyz()).includes("[+]authentication-configmap ok"));
      expect(await statusOf({ as: rig.user("jane") })).to.equal(401);
      expect(await statusOf(asJane)).to.equal(401);
    });

    it("starts where it may not read it, is not ready, and says what is missing", async () => {
      const kubeconfig = rig.write("powerless", rig.controlPlane.kubeconfig(rig.user("powerless")));
      running = await startGateway({ ...rig, kubeconfig }, { authentication });
      await until(async () => (await readyz()).includes("[-]authentication-configmap failed"));
      await until(() => JSON.stringify(running!.log()).includes("extension-apiserver-authentication-reader"));
      expect(await statusOf({ as: rig.user("jane") })).to.equal(401);
    });

    it("is waited for where a reload begins to need it", async () => {
      await create(frontProxy);
      running = await startGateway(rig);
      expect(await statusOf(asJane)).to.equal(401);
      await running.reload({ authentication });
      expect(await statusOf(asJane)).to.equal(200);
    });
  });

  describe("by files", () => {
    const requestHeader = { caFile: "front.crt", allowedNames: ["front-proxy-client"] };

    it("takes a front proxy with upstream's headers, none of which gives a uid", async () => {
      running = await startGateway(rig, { authentication: { requestHeader } });
      const headers = {
        "X-Remote-User": "jane",
        "X-Remote-Group": "system:authenticated",
        "X-Remote-Uid": "7",
        "X-Remote-Extra-Team": "shop",
        "Content-Type": "application/json",
      };
      const body = JSON.stringify({
        apiVersion: "authentication.k8s.io/v1",
        kind: "SelfSubjectReview",
      });
      const answer = await running.call(whoami, { as: proxy, method: "POST", headers, body });
      expect(JSON.parse(answer.body).status).to.deep.equal({
        userInfo: { username: "jane", groups: ["system:authenticated"], extra: { team: ["shop"] } },
      });
    });

    it("takes a front proxy with headers of its own, and then no others", async () => {
      running = await startGateway(rig, {
        authentication: { requestHeader: { ...requestHeader, usernameHeaders: ["X-User"] } },
      });
      expect(await statusOf({ as: proxy, headers: { "X-User": "jane" } })).to.equal(200);
      expect(await statusOf(asJane)).to.equal(401);
    });

    it("takes a CA that was written anew for new connections, and told clients so", async () => {
      const first = createCertificateAuthority({ commonName: "users" });
      const second = createCertificateAuthority({ commonName: "other users" });
      rig.write("users.crt", first.certificatePem);
      running = await startGateway(rig, { authentication: { clientCAFile: "users.crt" } });
      expect(await statusOf({ as: first.issue({ commonName: "jane" }) })).to.equal(200);
      expect(await statusOf({ as: second.issue({ commonName: "jane" }) })).to.equal(401);
      rig.write("users.crt", second.certificatePem);
      await until(async () => (await statusOf({ as: second.issue({ commonName: "jane" }) })) === 200);
      expect(await statusOf({ as: first.issue({ commonName: "jane" }) })).to.equal(401);
    });
  });
});
