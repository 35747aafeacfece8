/** Where things are inside the node's namespaces; nothing of it is reachable, or in the way, outside. */
export const addresses = {
  node: "node1",
  nodeIp: "192.168.250.1",
  nodeNetwork: "192.168.250.1/24",
  podNetwork: "10.244.0.0/24",
  serviceNetwork: "10.96.0.0/16",
  /** The first of the service network: `kubernetes.default.svc`. */
  serviceIp: "10.96.0.1",
  apiServerPort: 6443,
  kubeletPort: 10250,
  etcdUrl: "http://127.0.0.1:2379",
  etcdPeerUrl: "http://127.0.0.1:2380",
} as const;
