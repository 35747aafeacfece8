/** A file as the chart's NOTES show it: under its path, indented. What is said there has to be enough. */
export function fileInNotes(notes: string, path: string): string {
  const lines = notes.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`  ${path}`) && line.trimEnd().endsWith(":"));
  if (start === -1) throw new Error(`the notes show no ${path}:\n${notes}`);
  const indent = "    ";
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith(indent));
  return rest
    .slice(0, end)
    .map((line) => line.slice(indent.length))
    .join("\n");
}

/** The flags that the NOTES ask for. */
export function flagsInNotes(notes: string): readonly string[] {
  return fileInNotes(notes, "kube-apiserver's flags").split("\n");
}
