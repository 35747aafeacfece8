/** What a kubelet answers with. */
export interface KubeletAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Each piece of an iterable is sent as it comes. */
  readonly body: string | AsyncIterable<Buffer>;
}

const text = "text/plain; charset=utf-8";

/** A text that go-restful writes: of the kubelet's own handlers and of its filters. */
export function plain(status: number, body: string, headers: Record<string, string> = {}): KubeletAnswer {
  return { status, headers: { "Content-Type": text, ...headers }, body };
}

/** What Go's `http.Error` writes. */
export function goError(status: number, body: string): KubeletAnswer {
  return plain(status, `${body}\n`, { "X-Content-Type-Options": "nosniff" });
}

/** Of Go's own router, which asks nobody who calls. */
export const notFound = goError(404, "404 page not found");

export function json(value: unknown): KubeletAnswer {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
