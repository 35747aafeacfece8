/** A host, an IPv6 address without brackets included, and its port. */
export interface HostPort {
  readonly host: string;
  readonly port: number | string;
}

/** `host:port` as it stands in a URL and in `Host`. */
export function hostPort({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** `https://host:port`. */
export function httpsOrigin(peer: HostPort): string {
  return `https://${hostPort(peer)}`;
}
