import * as z from "zod/mini";
import { timeout } from "./bounded-duration.ts";
import { anyNumberOf, listOf, text } from "./configuration-fields.ts";
import { checkAddressRange } from "./gateway-configuration-checks.ts";

const clientCertificate = z
  .strictObject(
    {
      certFile: text.check(z.describe("Certificate and chain. Read again when it changes.")),
      keyFile: text.check(z.describe("Its key.")),
    },
    {
      error:
        "is required: a client certificate is the only credential that kubelets are ever shown. Have one signed by a CertificateSigningRequest of signer kubernetes.io/kube-apiserver-client and grant its user the kubelets' nodes/* (docs/gateway.md)",
    },
  )
  .check(z.describe("What kubelets are shown, on verified and unverified connections alike."));

const addressType = z.enum(["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"]);

/** How a gateway reaches kubelets, and what it passes on to them. */
export const kubelet = z
  .strictObject(
    {
      clientCertificate,
      caFile: text.check(z.describe("Verifies kubelets' serving certificates.")),
      nodeNames: z.prefault(
        z
          .enum(["verify", "ignore"])
          .check(
            z.describe(
              "verify: a kubelet's certificate must be `system:node:NAME` of its own node (KEP-4872).",
            ),
          ),
        "verify",
      ),
      // upstream's order
      addressTypes: z.prefault(
        listOf(addressType).check(
          z.describe("Which of a Node's addresses is dialled: the first of these types that it has."),
        ),
        ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"],
      ),
      addressRanges: z.prefault(
        anyNumberOf(z.string().check(checkAddressRange)).check(
          z.describe(
            "CIDRs: only addresses in them are dialled. Empty: all but loopback, link-local, unspecified, multicast and the API server's own.",
          ),
        ),
        [],
      ),
      ports: z.prefault(
        listOf(z.int().check(z.gte(1), z.lte(65_535))).check(
          z.describe("What a node may name as its kubelet's port."),
        ),
        [10_250],
      ),
      interactive: z.prefault(
        anyNumberOf(z.enum(["exec", "attach", "portForward", "run"])).check(
          z.describe(
            "What of these is served, at nodes' paths only (`/api/v1/nodes/NODE/proxy/exec/…`), to whoever may `create` it, whatever the HTTP method. `kubectl exec`, `attach`, `port-forward` and `cp` are not served: use the API server.",
          ),
        ),
        [],
      ),
      timeout: z.prefault(timeout.check(z.describe("Until the head of a kubelet's answer.")), "30s"),
    },
    { error: "is required: clientCertificate and caFile in it are" },
  )
  .check(z.describe("How kubelets are reached."));
