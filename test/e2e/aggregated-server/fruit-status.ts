import { group, resource } from "./fruit-kind.ts";

/** An answer that is not the object asked for; thrown and returned alike. */
export type FruitStatus = Readonly<Record<string, unknown>> & {
  readonly kind: "Status";
  readonly code: number;
};

export function status(code: number, reason: string, message: string, name?: string): FruitStatus {
  const details = name === undefined ? {} : { details: { name, group, kind: resource } };
  const outcome = code < 400 ? { status: "Success" } : { status: "Failure", reason, message };
  return { kind: "Status", apiVersion: "v1", metadata: {}, ...outcome, ...details, code };
}

export function isStatus(error: unknown): error is FruitStatus {
  return typeof error === "object" && error !== null && "kind" in error && error.kind === "Status";
}

export const notServed = (): FruitStatus =>
  status(404, "NotFound", "the server could not find the requested resource");

const named = (name: string): string => `${resource}.${group} ${JSON.stringify(name)}`;

export const notFound = (name: string): FruitStatus =>
  status(404, "NotFound", `${named(name)} not found`, name);

export const alreadyExists = (name: string): FruitStatus =>
  status(409, "AlreadyExists", `${named(name)} already exists`, name);

export const conflict = (name: string): FruitStatus =>
  status(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${named(name)}: the object has been modified`,
    name,
  );
