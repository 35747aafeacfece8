import type { Status } from "./meta.ts";

const longestExcerpt = 200;

/** The Status an unsuccessful answer holds, or one that says what came instead. `code` is always there. */
export function decodeStatus(httpStatus: number, body: unknown): Status & { readonly code: number } {
  if (isStatus(body)) return { ...body, code: body.code ?? httpStatus };
  const text = typeof body === "string" ? body : (JSON.stringify(body) ?? "");
  return { status: "Failure", code: httpStatus, message: text.slice(0, longestExcerpt) };
}

function isStatus(body: unknown): body is Status {
  if (typeof body !== "object" || body === null) return false;
  const { kind, message = "", reason = "", code = 0 } = body as Readonly<Record<string, unknown>>;
  return (
    kind === "Status" && typeof message === "string" && typeof reason === "string" && typeof code === "number"
  );
}
