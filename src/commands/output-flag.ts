/** `-o`: how a command prints, by default the first of the formats. */
export function outputFlag<const Format extends string>(
  formats: readonly [Format, ...Format[]],
  summary = "how to print",
) {
  return {
    type: "string",
    short: "o",
    value: "FORMAT",
    choices: formats,
    default: formats[0],
    summary,
  } as const;
}
