import { randomUUID } from "node:crypto";
import type { Fruit } from "./fruit-kind.ts";

/** Fruits, by namespace and name, for as long as the process lives. */
export interface FruitStore {
  readonly resourceVersion: string;
  get(namespace: string, name: string): Fruit | undefined;
  /** Of all namespaces where it is empty. */
  list(namespace: string): readonly Fruit[];
  put(fruit: Fruit): Fruit;
  delete(fruit: Fruit): void;
}

/** As it is made: what only the server says. */
export function bornFruit(fruit: Fruit): Fruit {
  const { generateName = "", name = `${generateName}${randomUUID().slice(0, 5)}` } = fruit.metadata;
  const creationTimestamp = new Date().toISOString().replace(/\.\d+/, "");
  return { ...fruit, metadata: { ...fruit.metadata, name, uid: randomUUID(), creationTimestamp } };
}

export function createFruitStore(): FruitStore {
  const fruits = new Map<string, Fruit>();
  let version = 0;
  const keyOf = ({ metadata: { namespace, name } }: Fruit): string => `${namespace}/${name}`;
  return {
    get resourceVersion() {
      return String(version);
    },
    get: (namespace, name) => fruits.get(`${namespace}/${name}`),
    list: (namespace) =>
      [...fruits.values()].filter(({ metadata }) => namespace === "" || metadata.namespace === namespace),
    put(fruit) {
      const stored = { ...fruit, metadata: { ...fruit.metadata, resourceVersion: String(++version) } };
      fruits.set(keyOf(stored), stored);
      return stored;
    },
    delete(fruit) {
      version++;
      fruits.delete(keyOf(fruit));
    },
  };
}
