import { createHash, type X509Certificate } from "node:crypto";

/** What a certificate's subject says, as Kubernetes reads it. */
export interface CertificateSubject {
  /** The last one where there are several, as Go keeps it (crypto/x509/pkix), and so an API server. */
  readonly commonName: string | undefined;
  readonly organizations: readonly string[];
  /** Of 1.3.6.1.4.1.57683.2, kubernetes/apiserver's attribute for a user's uid; empty for one that is no text. */
  readonly uids: readonly string[];
}

const uidAttribute = "1.3.6.1.4.1.57683.2";

export function certificateSubject(certificate: X509Certificate): CertificateSubject {
  const subject = certificate.toLegacyObject().subject as unknown as Readonly<Record<string, unknown>>;
  const uids = values(subject, uidAttribute);
  return {
    commonName: values(subject, "CN").at(-1),
    organizations: values(subject, "O"),
    uids: [...uids, ...Array.from({ length: stated(certificate, uidAttribute) - uids.length }, () => "")],
  };
}

/** A subject's attribute is a string where it stands once, a list where it stands more often. */
function values(subject: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = Object.hasOwn(subject, name) ? subject[name] : undefined;
  return [value].flat().filter((item) => typeof item === "string");
}

/** How often an attribute stands in the subject: one whose value is no text is left out of node's object, not of its text. */
function stated(certificate: X509Certificate, attribute: string): number {
  // node has none for a subject without attributes
  const subject: string | undefined = certificate.subject;
  return (subject ?? "").split(/\n| \+ /).filter((item) => item.startsWith(`${attribute}=`)).length;
}

/** What tells one certificate from another in audit, as an API server writes it into a user's extra. */
export function certificateExtra({ raw }: X509Certificate): Readonly<Record<string, readonly string[]>> {
  const digest = createHash("sha256").update(raw).digest("hex");
  return { "authentication.kubernetes.io/credential-id": [`X509SHA256=${digest}`] };
}
