/**
 * How a kubelet's serving certificate is looked at. `verified`: it has to be this node's, signed by the kubelets' CA.
 * `insecure`: not at all (KEP-1295). The two never share a connection, and both show the client certificate alone.
 */
export type KubeletTransport = "verified" | "insecure";
