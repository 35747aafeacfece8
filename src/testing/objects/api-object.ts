import { copyJSON, encodeLossless } from "../../admission/json-encoder.ts";

/** Any JSON value, as it stands on the wire. Integers that a double cannot hold are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** `metadata` of a stored object: what the server reads is typed, the rest is kept as it came. */
export interface ApiObjectMeta extends JsonObject {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object as the API stores and answers it. Never changed in place: a change is a new object. */
export interface ApiObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ApiObjectMeta;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member where it is an object, otherwise an empty one. */
export function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
  return isJsonObject(value) ? value : {};
}

/** The member's elements where it is a list, otherwise none. */
export function listAt(parent: JsonObject, name: string): readonly Json[] {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
  return Array.isArray(value) ? value : [];
}

/** The member where it is a string, otherwise undefined. */
export function stringAt(parent: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The member's strings where it is a list, otherwise none. */
export function stringsAt(parent: JsonObject, name: string): readonly string[] {
  return listAt(parent, name).filter((item) => typeof item === "string");
}

/** The same object with other metadata; members given as undefined are left out. */
export function withMetadata(object: ApiObject, changes: Partial<ApiObjectMeta>): ApiObject {
  return { ...object, metadata: defined({ ...object.metadata, ...changes }) as ApiObjectMeta };
}

/** The same members without those that are undefined. */
export function defined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

/** JSON text, every integer exact; an absent value as null. */
export function jsonText(value: unknown): string {
  return encodeLossless(copyJSON(value ?? null));
}
