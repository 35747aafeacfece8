/** RFC 3339 to the second in UTC, as `metav1.Time` is written; what is left of the second is dropped. */
export function formatTime(instant: number): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}
