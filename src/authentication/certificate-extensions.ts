/** What of a certificate node:crypto does not show, read from its DER (X.690 section 10, RFC 5280 section 4). */
export interface CertificateExtensions {
  /** Hex of the OID it is signed with. */
  readonly signatureAlgorithm: string;
  /** subjectAltName, the DNS names only. */
  readonly dnsNames: readonly string[];
  /** Hex of the OIDs of extendedKeyUsage; undefined where there is none. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** basicConstraints: how many intermediates may stand below; undefined where any number may. */
  readonly pathLength: number | undefined;
  /** Hex of the OIDs that say who may not be trusted, and that nobody here understands. */
  readonly unhandled: readonly string[];
  /** Hex of what says whose key it is, and whose key signed it; undefined where it does not say so. */
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

const tags = { boolean: 0x01, integer: 0x02, extensions: 0xa3, dnsName: 0x82, keyIdentifier: 0x80 };

/** 2.5.29.14, .15, .17, .19, .35 and .37 under id-ce. */
const subjectKeyIdentifier = "551d0e";
const authorityKeyIdentifier = "551d23";
const keyUsage = "551d0f";
const subjectAltName = "551d11";
const basicConstraints = "551d13";
const extendedKeyUsage = "551d25";
const nameConstraints = "551d1e";
const handled = [keyUsage, subjectAltName, basicConstraints, extendedKeyUsage];

/** @throws RangeError for what is not DER. Give it only what `X509Certificate` has parsed. */
export function readCertificateExtensions(raw: Buffer): CertificateExtensions {
  const [certificate] = elements(raw);
  const [body, algorithm] = elements(content(certificate));
  const block = elements(content(body)).find(({ tag }) => tag === tags.extensions);
  const list = block === undefined ? [] : elements(content(elements(block.content)[0])).map(readExtension);
  const valueFor = (oid: string): Buffer | undefined =>
    list.find((extension) => extension.oid === oid)?.value;
  return {
    signatureAlgorithm: content(elements(content(algorithm))[0]).toString("hex"),
    dnsNames: dnsNames(valueFor(subjectAltName)),
    extendedKeyUsage: usages(valueFor(extendedKeyUsage)),
    pathLength: pathLength(valueFor(basicConstraints)),
    unhandled: list
      .filter(({ oid, critical }) => oid === nameConstraints || (critical && !handled.includes(oid)))
      .map(({ oid }) => oid),
    subjectKeyIdentifier: keyIdentifier(valueFor(subjectKeyIdentifier)),
    authorityKeyIdentifier: signersIdentifier(valueFor(authorityKeyIdentifier)),
  };
}

function readExtension(extension: Element): { oid: string; critical: boolean; value: Buffer } {
  const parts = elements(extension.content);
  const flag = parts.find(({ tag }) => tag === tags.boolean);
  return {
    oid: content(parts[0]).toString("hex"),
    critical: flag !== undefined && flag.content[0] !== 0,
    value: content(parts.at(-1)),
  };
}

function dnsNames(value: Buffer | undefined): readonly string[] {
  if (value === undefined) return [];
  return elements(content(elements(value)[0]))
    .filter(({ tag }) => tag === tags.dnsName)
    .map((name) => name.content.toString("latin1"));
}

function usages(value: Buffer | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  return elements(content(elements(value)[0])).map((usage) => usage.content.toString("hex"));
}

function pathLength(value: Buffer | undefined): number | undefined {
  if (value === undefined) return undefined;
  const length = elements(content(elements(value)[0])).find(({ tag }) => tag === tags.integer);
  return length === undefined ? undefined : Number(`0x${length.content.toString("hex")}`);
}

function keyIdentifier(value: Buffer | undefined): string | undefined {
  return value === undefined ? undefined : content(elements(value)[0]).toString("hex");
}

function signersIdentifier(value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined;
  const parts = elements(content(elements(value)[0]));
  return parts.find(({ tag }) => tag === tags.keyIdentifier)?.content.toString("hex");
}

function content(element: Element | undefined): Buffer {
  if (element === undefined) throw new RangeError("certificate: an element is missing");
  return element.content;
}

function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { length, from } = readLength(bytes, at + 1);
    if (from + length > bytes.length) throw new RangeError("certificate: an element is cut short");
    found.push({ tag: bytes.readUInt8(at), content: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return found;
}

/** Short form below 128, else the low bits count the bytes that follow. */
function readLength(bytes: Buffer, at: number): { readonly length: number; readonly from: number } {
  const first = bytes.readUInt8(at);
  if (first < 0x80) return { length: first, from: at + 1 };
  const count = first & 0x7f;
  // 4 bytes are 4 GiB
  if (count < 1 || count > 4) throw new RangeError("certificate: a length is not DER");
  return { length: bytes.readUIntBE(at + 1, count), from: at + 1 + count };
}
