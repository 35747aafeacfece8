/** What was made of a text, made once while it is among the last used. */
export function createBoundedMemo<V>(maxEntries: number, make: (text: string) => V): (text: string) => V {
  const made = new Map<string, V>();
  return (text) => {
    const value = made.get(text) ?? make(text);
    // in again: the last of a Map's entries is the last one set
    made.delete(text);
    made.set(text, value);
    if (made.size > maxEntries) made.delete(made.keys().next().value as string);
    return value;
  };
}
