import type { Fruit } from "./fruit-kind.ts";

const column = (name: string, type: string, description: string): object => ({
  ...{ name, type, description, format: name === "Name" ? "name" : "", priority: 0 },
});

/** What `kubectl get` prints, for who asks for `application/json;as=Table`. */
export function tableOf(fruits: readonly Fruit[], resourceVersion: string): object {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion },
    columnDefinitions: [
      column("Name", "string", "Unique within a namespace."),
      column("Color", "string", "Its colour."),
      column("Sweetness", "integer", "From 0 to 10."),
    ],
    rows: fruits.map(({ metadata, spec }) => ({
      cells: [metadata.name, spec.color ?? "", spec.sweetness ?? 0],
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata },
    })),
  };
}
