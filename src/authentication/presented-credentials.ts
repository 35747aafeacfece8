import type { Socket } from "node:net";
import { headerValues } from "../apis/raw-headers.ts";
import type { PresentedCredentials } from "./authenticator.ts";
import { presentedCertificate } from "./presented-certificate.ts";

/** As much of node's `IncomingMessage` as says who calls. */
export interface CredentialedRequest {
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
  /** As it came. Default: none, and then no condition on paths is met. */
  readonly url?: string | undefined;
}

/**
 * What of a request identifies its caller, for an authenticator. For certificates to come the listener needs
 * `requestCert: true` and `rejectUnauthorized: false`: which CA counts is the authenticator's to say. And
 * `secureOptions: constants.SSL_OP_NO_TICKET` of node:crypto: a session that is taken up again has forgotten the
 * intermediates.
 */
export function presentedCredentials({ rawHeaders, socket, url }: CredentialedRequest): PresentedCredentials {
  const clientCertificate = presentedCertificate(socket);
  return {
    authorization: headerValues(rawHeaders, "authorization"),
    rawHeaders,
    ...(url !== undefined && { path: url.split("?", 1)[0]! }),
    ...(clientCertificate !== undefined && { clientCertificate }),
  };
}
